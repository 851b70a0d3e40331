"""Estimates how many decisions code takes, for languages whose grammar is not at hand."""

from __future__ import annotations

import re

_DOUBLE = r'"(?:\\.|[^"\\\n])*"'
_SINGLE = r"'(?:\\.|[^'\\\n])*'"
_HASH = r"\#[^\n]*"
# Strings and comments are matched first, so that words inside them do not count; only group 1 counts.
_GRAMMARS = {
    "c": rf"{_DOUBLE}|{_SINGLE}|`(?:\\.|[^`\\])*`|//[^\n]*|/\*.*?\*/"
    r"|(\b(?:if|for|foreach|while|case|catch|elif|elsif|unless|guard|when)\b|&&|\|\||(?<!\?)\?(?=\s[^:]))",
    "python": rf'"""(?:\\.|[^\\])*?"""|{_DOUBLE}|{_SINGLE}|{_HASH}|(\b(?:if|for|while|except|elif|and|or|case)\b)',
    "shell": rf"{_DOUBLE}|{_SINGLE}|(?<!\$){_HASH}|(\b(?:if|elif|for|while|until)\b|&&|\|\||^\s*[^\s()]+\)\s)",
    "words": rf"{_DOUBLE}|--[^\n]*"
    r"|(?i:(\b(?:if|for|while|when|case|cond|elsif|elseif|elif|until|unless|catch|rescue|and|or|guard)\b))",
}
_COMPILED = {name: re.compile(pattern, re.S | re.M) for name, pattern in _GRAMMARS.items()}


def estimate_decisions(text: str, grammar: str) -> int:
    """Count the words and signs that decide something. 0 where no grammar fits."""
    pattern = _COMPILED.get(grammar)
    return sum(1 for m in pattern.finditer(text) if m[1]) if pattern else 0
