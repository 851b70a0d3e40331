"""Writes plain data as YAML 1.2 in block style: text is quoted only where it would be read as something else."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from symphony.define.yaml_nodes import IntegerTooLargeError, scalar

WIDTH = 100
"""The longest line that a list or map may fill when it is written on one."""
LONGEST_KEY = 120
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`")
_PRINTABLE = re.compile("[\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")
_ESCAPED = re.compile("[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def emit(data: Any) -> str:
    """Write a whole document."""
    if isinstance(data, Mapping) and data:
        return block_map(data, 0) + "\n"
    return after_key(data, 0).removeprefix(" ").removeprefix("\n") + "\n"


def block_map(data: Mapping[str, Any], indent: int) -> str:
    """Write the entries of a map, each at `indent`, without a line break at the end."""
    return "\n".join(entry(key, value, indent) for key, value in data.items())


def entry(key: str, value: Any, indent: int) -> str:
    """Write one entry of a block map at `indent`."""
    name = scalar_text(key, flow=False)
    lead = " " * indent
    if len(name) > LONGEST_KEY:  # YAML asks for the long form where a key is long
        return f"{lead}? {name}\n{lead}:{after_key(value, indent)}"
    return f"{lead}{name}:{after_key(value, indent)}"


def block_list(data: Any, indent: int) -> str:
    """Write the elements of a list, each at `indent`, without a line break at the end."""
    return "\n".join(item(value, indent) for value in data)


def item(value: Any, indent: int) -> str:
    """Write one element of a block list at `indent`."""
    if isinstance(value, Mapping) and value and not is_small(value):
        return f"{' ' * indent}- {block_map(value, indent + 2).lstrip(' ')}"
    if isinstance(value, (list, tuple)) and value and not is_small(value):
        return f"{' ' * indent}- {block_list(value, indent + 2).lstrip(' ')}"
    return f"{' ' * indent}-{after_key(value, indent)}"


def after_key(value: Any, indent: int, *, literal: bool = True) -> str:
    """Write what follows a ``key:`` or ``-`` that stands at `indent`: `` value``, or lines below it.

    `literal` allows text of several lines to be written as such.
    """
    if isinstance(value, (Mapping, list, tuple)) and value:
        if is_small(value) and indent + len(line := flow(value)) < WIDTH:
            return f" {line}"
        if isinstance(value, Mapping):
            return "\n" + block_map(value, indent + 2)
        return "\n" + block_list(value, indent + 2)
    if isinstance(value, str) and literal and can_be_literal(value):
        return " " + literal_text(value, indent + 2)
    return " " + flow(value)


class Small(dict[str, Any]):
    """A map that is written on one line where it fits: ``{type: integer, default: 20}``."""


def is_small(value: Any) -> bool:
    """Whether a collection may be written on one line: a `Small` map, or a list of scalars without expressions."""
    if isinstance(value, Small):
        return all(
            not isinstance(v, Mapping) and (not isinstance(v, (list, tuple)) or is_small(v)) for v in value.values()
        )
    if not isinstance(value, (list, tuple)):
        return False
    return all(not isinstance(v, (Mapping, list, tuple)) and not (isinstance(v, str) and "${{" in v) for v in value)


def flow(value: Any) -> str:
    """Write a value on one line."""
    if isinstance(value, Mapping):
        entries = ", ".join(f"{_flow_key(k)}: {_inner(v)}" for k, v in value.items())
        return f"{{{entries}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_inner(v) for v in value)}]"
    return scalar_text(value, flow=False)


def _inner(value: Any) -> str:
    """A value inside a flow collection, where more characters need quotes."""
    return flow(value) if isinstance(value, (Mapping, list, tuple)) else scalar_text(value, flow=True)


def _flow_key(key: str) -> str:
    name = scalar_text(key, flow=True)
    return name if len(name) <= LONGEST_KEY else f"? {name}"


# scalars ---------------------------------------------------------------------------------------------------------


def scalar_text(value: Any, *, flow: bool) -> str:
    """Write a scalar on one line; `flow` where it stands inside ``[ ]`` or ``{ }``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _float(value)
    return value if _can_be_plain(value, flow) else quoted(value)


def _float(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value))
    return ".nan" if math.isnan(value) else (".inf" if value > 0 else "-.inf")


def _can_be_plain(text: str, in_flow: bool) -> bool:
    if not text or text != text.strip() or not _PRINTABLE.fullmatch(text) or text.startswith(("---", "...")):
        return False
    if text[0] in _INDICATORS and not (text[0] in "-?:" and len(text) > 1 and text[1] not in " ,[]{}"):
        return False
    if ": " in text or " #" in text or text.endswith(":"):
        return False
    if in_flow and (text[0] in "-?:" or any(c in ",[]{}" for c in text) or (":" in text and _risky_colon(text))):
        return False
    try:
        return bool(scalar(text) == text)
    except IntegerTooLargeError:
        return False


def _risky_colon(text: str) -> bool:
    """In flow collections a colon next to quotes or brackets may end a key."""
    return any(c in "'\"" for c in text)


def quoted(text: str, style: str | None = None) -> str:
    """Write text in quotes; in those of `style` where they can hold it."""
    printable = _PRINTABLE.fullmatch(text) is not None
    if printable and (style == "'" or (style is None and ('"' in text or "\\" in text))):
        return "'" + text.replace("'", "''") + "'"
    if printable:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    body = _ESCAPED.sub(lambda m: _escape(m[0]), text.replace("\\", "\\\\").replace('"', '\\"'))
    return f'"{body}"'


def _escape(character: str) -> str:
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0", "\x1b": "\\e"}.get(character)
    if short is not None:
        return short
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def can_be_literal(text: str) -> bool:
    """Whether text can be written as a block of its lines."""
    if "\n" not in text or text[0] in " \n\t" or not text.strip():
        return False
    lines = text.split("\n")
    return all(_PRINTABLE.fullmatch(line.replace("\t", " ")) and line[:1] != "\t" for line in lines) and not any(
        line and not line.strip() for line in lines
    )


def literal_text(text: str, indent: int) -> str:
    """Write text as a literal block, ``|`` and its lines at `indent`."""
    body = text.rstrip("\n")
    trailing = len(text) - len(body)
    mark = "-" if trailing == 0 else ("" if trailing == 1 else "+")
    lines = body.split("\n") + [""] * max(0, trailing - 1)
    return "|" + mark + "".join("\n" + (" " * indent + line if line else "") for line in lines)
