"""Reads the rows of ``symphony run --matrix``: one set of parameters per run."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from symphony.errors import UsageError

MOST_ROWS = 10_000
_FORMS = (
    "a list of mappings (one run each), a mapping of names to lists (every combination), "
    "or a CSV table whose first line names the parameters"
)


class Row(NamedTuple):
    """The parameters of one run: as values, and as text that the parameter's type reads."""

    values: dict[str, Any]
    texts: dict[str, str]


def read_matrix(file: Path) -> list[Row]:
    """Read a file of parameters for several runs, YAML, JSON or CSV.

    Raises:
        UsageError: the file is not there, or holds something else.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise UsageError(f"--matrix {file}: there is no such file; write {_FORMS}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--matrix {file} cannot be read: {error}") from error
    rows = _table(text, file) if file.suffix.lower() == ".csv" else _document(text, file)
    if not rows:
        raise UsageError(f"--matrix {file} has no rows; write {_FORMS}")
    if len(rows) > MOST_ROWS:
        raise UsageError(f"--matrix {file} has {len(rows):,} rows; at most {MOST_ROWS:,} runs are made by one command")
    return rows


def _table(text: str, file: Path) -> list[Row]:
    reader = csv.reader(io.StringIO(text))
    names = next(reader, [])
    if not names or not all(names) or len(set(names)) < len(names):
        raise UsageError(f"--matrix {file}:1: the first line must name each parameter once, found {','.join(names)!r}")
    rows = []
    for cells in reader:
        if not cells:
            continue
        if len(cells) != len(names):
            raise UsageError(
                f"--matrix {file}:{reader.line_num}: this row has {len(cells)} values, the first line names {len(names)}"
            )
        rows.append(Row({}, dict(zip(names, cells, strict=True))))
    return rows


def _document(text: str, file: Path) -> list[Row]:
    import yaml  # only when a file is given

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"--matrix {file} is neither JSON nor YAML: {' '.join(str(error).split())}") from error
    if isinstance(document, list) and all(map(_is_row, document)):
        return [Row(dict(row), {}) for row in document]
    if _is_row(document) and all(isinstance(values, list) for values in document.values()):
        return [Row(dict(zip(document, values, strict=True)), {}) for values in product(*document.values())]
    raise UsageError(f"--matrix {file}: write {_FORMS}")


def _is_row(found: Any) -> bool:
    return isinstance(found, Mapping) and all(isinstance(name, str) for name in found)
