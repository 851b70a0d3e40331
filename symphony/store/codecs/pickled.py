"""Pickle, for the players that ask for it by name. The only module of Symphony that reads a pickle.

Reading a pickle runs code. So the store gives bytes here only if its own catalog says that they were written through
this codec, in this very store; a reference that came from elsewhere is refused before.
"""

from __future__ import annotations

import pickle
from typing import Any

from symphony.errors import CodecError


def write(value: Any) -> bytes:
    """The bytes of `value`.

    Raises:
        CodecError: pickle refuses it.
    """
    try:
        return pickle.dumps(value, protocol=5)
    # A value's own __reduce__ may raise anything.
    except Exception as error:
        raise CodecError(f"codec pickle cannot keep an object of class {type(value).__qualname__}: {error}") from error


def read(data: bytes) -> Any:
    """The value of bytes that this store wrote.

    Raises:
        CodecError: a class of it is missing or has changed.
    """
    try:
        return pickle.loads(data)  # noqa: S301 - only bytes that this store's own catalog vouches for
    except Exception as error:
        raise CodecError(f"codec pickle cannot read the value: {error}") from error
