"""Text as XML holds it: escaped, without the characters that XML 1.0 cannot hold."""

from __future__ import annotations

import re

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_IN_ATTRIBUTE = str.maketrans({"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})


def xml_text(text: str) -> str:
    """Write text for the inside of an element; a character that XML cannot hold becomes U+FFFD."""
    return _FORBIDDEN.sub("\ufffd", text).translate(_ESCAPES)


def xml_attribute(text: str) -> str:
    """Write text for the inside of a quoted attribute; line ends survive."""
    return xml_text(text).translate(_IN_ATTRIBUTE)
