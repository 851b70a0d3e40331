"""Players for comma-separated files and for the tables read from them."""

from __future__ import annotations

import csv
import io
import math
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from symphony.define.annotations import Csv, Json, Media, Table
from symphony.define.context import Context
from symphony.define.player import operator
from symphony.players.files import plain_name
from symphony.players.reading.decoding import decode
from symphony.players.tables.columns import check_columns, columns_of, sort_key
from symphony.players.tables.profiling import profile_rows
from symphony.players.tables.typing import typed_column

CsvFile = Annotated[Path, Media("text/csv")]
Comparison = Literal["==", "!=", "<", "<=", ">", ">=", "contains", "starts", "in", "missing", "present"]
_LONGEST_FIELD = 10_000_000  # characters; the library's own limit of 131072 is too small for real files


@operator(version="1.0.0", tags=("csv", "table", "read"))
def read(
    file: Path, delimiter: str = "", header: bool = True, types: bool = True, max_bytes: int = 500_000_000
) -> Table:
    """Read a CSV file into a table.

    Args:
        file: the file; its encoding is found out.
        delimiter: what stands between fields; empty: found out (comma, semicolon, tab or bar).
        header: whether the first line names the columns; else they are `column_1`, `column_2`, …
        types: whether columns of integers, numbers or true/false become such; codes such as `007` stay text.
        max_bytes: the largest file that is read.

    Raises:
        ValueError: the file is larger or binary, or a line has more fields than there are columns; says which line.

    Example:
        ```yaml
        rows:
          player: csv.read
          with: {file: people.csv}
        ```
    """
    if file.stat().st_size > max_bytes:
        raise ValueError(f"{file} has {file.stat().st_size} bytes, more than max_bytes={max_bytes}")
    decoded = decode(file.read_bytes())
    if decoded is None:
        raise ValueError(f"{file} is binary, not CSV")
    try:
        return _rows(decoded.text, delimiter, header, types)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


@operator(version="1.0.0", tags=("csv", "table", "parse"))
def parse(text: str, delimiter: str = "", header: bool = True, types: bool = True) -> Table:
    """Read CSV text into a table.

    Args:
        text: the text.
        delimiter: what stands between fields; empty: found out (comma, semicolon, tab or bar).
        header: whether the first line names the columns; else they are `column_1`, `column_2`, …
        types: whether columns of integers, numbers or true/false become such; codes such as `007` stay text.

    Raises:
        ValueError: a line has more fields than there are columns; says which line.

    Example:
        ```yaml
        rows:
          player: csv.parse
          with: {text: "name,age\\nAda,36"}
        ```
    """
    return _rows(text, delimiter, header, types)


def _rows(text: str, delimiter: str, header: bool, types: bool) -> Table:
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or _delimiter_of(text))
    lines: list[list[str]] = []
    names: list[str] | None = None
    try:
        for fields in reader:
            if not fields:
                continue  # a blank line
            if names is None:
                names = _column_names(fields) if header else [f"column_{i + 1}" for i in range(len(fields))]
                if header:
                    continue
            if len(fields) > len(names):
                raise ValueError(
                    f"line {reader.line_num} has {len(fields)} fields, and there are {len(names)} columns. "
                    "Quote fields that hold the delimiter, or say which delimiter it is"
                )
            lines.append(fields + [""] * (len(names) - len(fields)))
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num} cannot be read: {error}") from error
    columns: Sequence[Sequence[Any]] = list(zip(*lines, strict=True))
    if types:
        columns = [typed_column(c) for c in columns]
    return [dict(zip(names or (), row, strict=True)) for row in zip(*columns, strict=True)]


def _delimiter_of(text: str) -> str:
    """The candidate that splits the first lines most often and most evenly."""
    sample = [line for line in text[:20_000].splitlines()[:20] if line.strip()]
    best, found = 0.0, ","
    for candidate in ",;\t|":
        counts = [len(row) - 1 for row in csv.reader(sample, delimiter=candidate)]
        if counts and counts[0] > 0:
            even = sum(1 for c in counts if c == counts[0]) / len(counts)
            if even * counts[0] > best:
                best, found = even * counts[0], candidate
    return found


def _column_names(fields: Sequence[str]) -> list[str]:
    """The names of the header, made unique: a second ``name`` becomes ``name_2``, an empty one ``column_3``."""
    names: list[str] = []
    for position, field in enumerate(fields):
        wanted = field.strip() or f"column_{position + 1}"
        name, count = wanted, 2
        while name in names:
            name, count = f"{wanted}_{count}", count + 1
        names.append(name)
    return names


@operator(version="1.0.0", tags=("csv", "table", "text"))
def dump(rows: Table, columns: list[str] | None = None, delimiter: str = ",") -> Csv:
    """Write a table as CSV text.

    Args:
        rows: the table.
        columns: which columns, in which order; left out: all.
        delimiter: what to put between fields.

    Raises:
        LookupError: a column does not exist.

    Example:
        ```yaml
        text:
          player: csv.dump
          with: {rows: [{name: Ada, age: 36}]}
        ```
    """
    names = columns or columns_of(rows)
    check_columns(rows, names)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row.get(n)) for n in names] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value


@operator(version="1.0.0", tags=("csv", "table", "files", "write"))
def write(
    rows: Table, ctx: Context, name: str = "table.csv", columns: list[str] | None = None, delimiter: str = ","
) -> CsvFile:
    """Write a table to a CSV file, in UTF-8.

    Args:
        rows: the table.
        name: the name of the file.
        columns: which columns, in which order; left out: all.
        delimiter: what to put between fields.

    Raises:
        LookupError: a column does not exist.
        ValueError: the name is no plain file name.

    Example:
        ```yaml
        file:
          player: csv.write
          with: {rows: [{name: Ada, age: 36}], name: people.csv}
        ```
    """
    target = ctx.workdir / plain_name(name)
    target.write_text(dump(rows, columns, delimiter), encoding="utf-8", newline="")
    return target


@operator(version="1.0.0", tags=("csv", "table", "profile", "statistics", "quality"))
def profile(rows: Table, bins: int = 20, top: int = 10) -> Json:
    """Describe every column of a table: type, missing and distinct values, spread, histogram, most frequent values.

    Args:
        rows: the table.
        bins: how many intervals a histogram has.
        top: how many of the most frequent values are named.

    Returns:
        `rows`, `duplicates`, and `columns` with `name type count missing distinct top`; numbers also with
        `min max mean deviation quantiles zeros negative histogram`, dates with `min max`, text with `shortest longest`.

    Example:
        ```yaml
        profile:
          player: csv.profile
          with:
            rows: ${{ tasks.rows }}
        ```
    """
    return profile_rows(rows, bins=max(1, bins), top=max(0, top))


@operator(version="1.0.0", tags=("csv", "table", "columns"))
def select(rows: Table, columns: list[str]) -> Table:
    """Keep some columns of a table, in the order given.

    Args:
        rows: the table.
        columns: which columns.

    Raises:
        LookupError: a column does not exist.

    Example:
        ```yaml
        names:
          player: csv.select
          with: {rows: [{name: Ada, age: 36}], columns: [name]}
        ```
    """
    check_columns(rows, columns)
    return [{n: row.get(n) for n in columns} for row in rows]


@operator(version="1.0.0", tags=("csv", "table", "where", "rows"))
def filter(rows: Table, column: str, compare: Comparison = "==", value: Any = None) -> Table:
    """Keep the rows in which a column compares as asked.

    Args:
        rows: the table.
        column: which column.
        compare: `==`, `!=`, `<`, `<=`, `>`, `>=`, `contains`, `starts`, `in` (value is a list), `missing`, `present`.
        value: what to compare with. Rows whose value is missing or of another kind do not match `<` and the like.

    Raises:
        LookupError: the column does not exist.

    Example:
        ```yaml
        adults:
          player: csv.filter
          with: {rows: [{name: Ada, age: 36}], column: age, compare: ">=", value: 18}
        ```
    """
    check_columns(rows, [column])
    test = _TESTS[compare]
    return [row for row in rows if test(row.get(column), value)]


def _ordered(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def test(found: Any, wanted: Any) -> bool:
        a, b = sort_key(found), sort_key(wanted)
        return a[0] == b[0] != 3 and holds(a, b)

    return test


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda found, wanted: found == wanted,
    "!=": lambda found, wanted: found != wanted,
    "<": _ordered(lambda a, b: a < b),
    "<=": _ordered(lambda a, b: a <= b),
    ">": _ordered(lambda a, b: a > b),
    ">=": _ordered(lambda a, b: a >= b),
    "contains": lambda found, wanted: found is not None and str(wanted) in str(found),
    "starts": lambda found, wanted: found is not None and str(found).startswith(str(wanted)),
    "in": lambda found, wanted: found in wanted,
    "missing": lambda found, wanted: found is None or found == "",
    "present": lambda found, wanted: found is not None and found != "",
}


@operator(version="1.0.0", tags=("csv", "table", "order", "rows"))
def sort(rows: Table, by: list[str], descending: bool = False, limit: int = 0) -> Table:
    """Sort the rows of a table; rows that are equal keep their order, missing values come last.

    Args:
        rows: the table.
        by: the columns to sort by, the most important first.
        descending: the largest first.
        limit: keep that many rows; 0: all.

    Raises:
        LookupError: a column does not exist.

    Example:
        ```yaml
        oldest:
          player: csv.sort
          with: {rows: [{name: Ada, age: 36}], by: [age], descending: true, limit: 10}
        ```
    """
    check_columns(rows, by)
    ordered = list(rows)
    for column in reversed(by):
        present = [r for r in ordered if sort_key(r.get(column))[0] != 3]
        absent = [r for r in ordered if sort_key(r.get(column))[0] == 3]
        present.sort(key=lambda r: sort_key(r.get(column)), reverse=descending)
        ordered = present + absent
    return ordered[:limit] if limit > 0 else ordered


@operator(version="1.0.0", tags=("csv", "table", "aggregate", "sum", "mean", "count"))
def group(rows: Table, by: list[str], measures: dict[str, str] | None = None) -> Table:
    """Group rows that agree in some columns, with a count and measures of each group.

    Args:
        rows: the table.
        by: the columns that must agree.
        measures: new columns by name, as `sum age`, `mean age`, `min age`, `max age`, `median age`, `distinct name`,
            `first name` or `list name`. Missing values do not count.

    Raises:
        LookupError: a column does not exist.
        ValueError: a measure cannot be read.

    Returns:
        One row per group with the columns of `by`, `count` and the measures, in the order in which they first occur.

    Example:
        ```yaml
        teams:
          player: csv.group
          with: {rows: [{team: a, age: 36}], by: [team], measures: {average: mean age}}
        ```
    """
    wanted = {name: _measure(text) for name, text in (measures or {}).items()}
    check_columns(rows, [*by, *(column for _, column in wanted.values())])
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(_hashable(row.get(n)) for n in by), []).append(row)
    result = []
    for members in groups.values():
        row = {n: members[0].get(n) for n in by} | {"count": len(members)}
        for name, (measure, column) in wanted.items():
            row[name] = _MEASURES[measure]([m[column] for m in members if m.get(column) is not None])
        result.append(row)
    return result


def _hashable(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)


_MEASURES: dict[str, Callable[[list[Any]], Any]] = {
    "sum": lambda v: math.fsum(v) if any(isinstance(x, float) for x in v) else sum(v),
    "mean": lambda v: statistics.fmean(v) if v else None,
    "median": lambda v: statistics.median(v) if v else None,
    "min": lambda v: min(v, key=sort_key, default=None),
    "max": lambda v: max(v, key=sort_key, default=None),
    "distinct": lambda v: len({_hashable(x) for x in v}),
    "first": lambda v: v[0] if v else None,
    "list": list,
}


def _measure(text: str) -> tuple[str, str]:
    measure, _, column = text.strip().partition(" ")
    if measure not in _MEASURES or not column.strip():
        raise ValueError(
            f"{text!r} is no measure: write one of {', '.join(_MEASURES)}, a blank and a column, such as 'sum price'"
        )
    return measure, column.strip()


@operator(version="1.0.0", tags=("csv", "table", "join", "lookup"))
def join(left: Table, right: Table, by: list[str], how: Literal["inner", "left", "outer"] = "inner") -> Table:
    """Join two tables on columns that they share.

    Args:
        left: the first table; its order is kept.
        right: the second table. A column that both have and that is not in `by` is named `right_…`.
        by: the columns that must be equal.
        how: `inner`: rows found in both; `left`: all of the first; `outer`: all of both.

    Raises:
        LookupError: a column of `by` does not exist in one of them.

    Example:
        ```yaml
        joined:
          player: csv.join
          with: {left: [{id: 1, name: Ada}], right: [{id: 1, city: London}], by: [id], how: left}
        ```
    """
    check_columns(left, by)
    check_columns(right, by)
    left_names, right_names = columns_of(left), [n for n in columns_of(right) if n not in by]
    renamed = {n: f"right_{n}" if n in left_names else n for n in right_names}
    index: dict[tuple[Any, ...], list[int]] = {}
    for position, row in enumerate(right):
        index.setdefault(tuple(_hashable(row.get(n)) for n in by), []).append(position)
    result, used = [], set()
    for row in left:
        matches = index.get(tuple(_hashable(row.get(n)) for n in by), [])
        used.update(matches)
        result += [row | {renamed[n]: right[m].get(n) for n in right_names} for m in matches]
        if not matches and how != "inner":
            result.append(row | {renamed[n]: None for n in right_names})
    if how == "outer":
        blank = dict.fromkeys(left_names)
        rest = (r for i, r in enumerate(right) if i not in used)
        result += [blank | {n: r.get(n) for n in by} | {renamed[n]: r.get(n) for n in right_names} for r in rest]
    return result
