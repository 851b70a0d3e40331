"""The form in which a value lies in a snapshot: text as it is, data as JSON, tables as CSV, bytes by digest and size."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from symphony.errors import UsageError

_SCALARS = (str, int, float, bool, type(None))
_CELLS = (*_SCALARS, datetime, date, time, Decimal, UUID)


@dataclass(frozen=True, slots=True)
class Form:
    """A value as it lies in a snapshot.

    Attributes:
        suffix: of the file: ``.txt``, ``.json`` or ``.csv``.
        text: what is in the file.
    """

    suffix: str
    text: str


def form_of(value: Any) -> Form:
    """Give the form of a value.

    Raises:
        UsageError: the value has none; says what has.
    """
    if isinstance(value, str):
        return Form(".txt", value)
    if isinstance(value, Path):
        return _of_path(value)
    rows = _rows(value)
    if rows is not None:
        return Form(".csv", _csv(rows))
    return Form(
        ".json", json.dumps(plain_data(value), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    )


def _of_path(path: Path) -> Form:
    """A file by what is in it, a folder by the digests of its files."""
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
        return form_of({p.relative_to(path).as_posix(): _digest(p.read_bytes()) for p in files})
    if not path.is_file():
        raise UsageError(f"a snapshot of {path} is asked for, and there is no such file")
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return form_of(data)
    return form_of(data) if "\0" in text else Form(".txt", text)


def _digest(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


# tables --------------------------------------------------------------------------------------------------------------


def _rows(value: Any) -> list[Mapping[str, Any]] | None:
    """The rows of a table; None for anything else."""
    if hasattr(value, "to_pylist") and hasattr(value, "column_names"):  # a table of pyarrow
        value = value.to_pylist()
    elif hasattr(value, "to_dict") and hasattr(value, "columns"):  # a frame of pandas
        value = value.to_dict("records")
    if not isinstance(value, list) or not value:
        return None
    return value if all(_is_row(row) for row in value) else None


def _is_row(row: Any) -> bool:
    return (
        type(row) is dict and bool(row)
        and all(isinstance(name, str) and isinstance(cell, _CELLS) for name, cell in row.items())
    )  # fmt: skip


def _csv(rows: list[Mapping[str, Any]]) -> str:
    """A table as CSV in which text is quoted, so that ``1`` and ``"1"`` differ; an empty cell is null or left out."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(_quoted(name) for name in names)]
    lines += [",".join(_cell(row.get(name)) for name in names) for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, (int, float)) else _quoted(str(value))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


# data ----------------------------------------------------------------------------------------------------------------


def plain_data(value: Any) -> Any:
    """A value as JSON can hold it.

    Raises:
        UsageError: it cannot.
    """
    if isinstance(value, Enum):
        return plain_data(value.value)
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, _SCALARS):
        return value
    if isinstance(value, (bytes, bytearray)):
        return _digest(bytes(value))
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, Path):
        form = _of_path(value)
        return form.text if form.suffix == ".txt" else json.loads(form.text)
    return _plain_collection(value)


def _plain_collection(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_key(name): plain_data(inner) for name, inner in value.items()}
    if hasattr(value, "_asdict"):
        return plain_data(value._asdict())
    if isinstance(value, (list, tuple)):
        return [plain_data(inner) for inner in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain_data(inner) for inner in value), key=lambda v: json.dumps(v, sort_keys=True))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain_data(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):  # a pydantic model
        return plain_data(value.model_dump())
    if hasattr(value, "dtype") and hasattr(value, "tobytes"):  # an array of numpy
        return {"dtype": str(value.dtype), "shape": list(value.shape), **_digest(value.tobytes())}
    raise UsageError(
        f"a snapshot holds text, plain data, tables, arrays, bytes and files, and nothing is ever pickled: turn the "
        f"{type(value).__qualname__} into one of these first"
    )


def _key(name: Any) -> str:
    if not isinstance(name, (str, int, bool)):
        raise UsageError(f"a snapshot of a map needs keys that are text or whole numbers, not {name!r}")
    return name if isinstance(name, str) else json.dumps(name)
