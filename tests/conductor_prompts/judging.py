"""Says whether what a run gave is what a prompt asked for.

The two questions are apart: `judge_tools` looks at the players of a melody, `judge_outputs` at what came out of its
run. An entry of `prompts.yaml` has

- `id`, `prompt`, `kind` (`single`, `few`: two or three steps, `many`: more, or fan-out, or a join, `impossible`);
- `tools`: the players of a good answer, or `any_of:` several such lists;
- `gives`: a check of an output, a list of checks that must all be met, or `any_of:` several of those;
- `params`: values for what the prompt leaves open, by kind of parameter (see `values_for`);
- `runs: false` where only the tools are judged (it would need the network, or its result is of the moment).

A check has a `kind` and rules on the content of that kind, see `KINDS` and `RULES`.
"""

from __future__ import annotations

import csv
import html
import io
import json
import math
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Verdict(NamedTuple):
    """Whether it held, and if not, why not."""

    held: bool
    reason: str = ""


class _Miss(Exception):
    """An output is not what a check asks for; says why."""


def judge_tools(entry: Mapping[str, Any], players: Iterable[str] | None) -> Verdict:
    """Hold the players of a melody against what a good answer calls; as sets, so repeated calls count once.

    Args:
        players: names of players, or None where the prompt was refused.
    """
    if entry["kind"] == "impossible" or players is None:
        return _refusal(entry, players is None)
    found = frozenset(players)
    accepted = accepted_tools(entry)
    if found in accepted:
        return Verdict(True)
    near = min(accepted, key=lambda wanted: len(wanted ^ found))
    return Verdict(False, f"missing {sorted(near - found)}, too many {sorted(found - near)}")


def judge_outputs(entry: Mapping[str, Any], outputs: Mapping[str, Any] | None) -> Verdict:
    """Hold the outputs of a run against what the prompt asked for; outputs beyond those do no harm.

    Args:
        outputs: values by name; files and folders as `Path`, and still there. None where the prompt was refused.

    Raises:
        ValueError: the entry says `runs: false`, so there is nothing to judge.
    """
    if entry["kind"] == "impossible" or outputs is None:
        return _refusal(entry, outputs is None)
    if entry.get("runs") is False:
        raise ValueError(f"{entry['id']} is judged by its tools alone")
    return _meets(entry["gives"], outputs)


def accepted_tools(entry: Mapping[str, Any]) -> list[frozenset[str]]:
    """The sets of players that are good answers."""
    tools = entry["tools"]
    return [frozenset(one) for one in (tools["any_of"] if isinstance(tools, Mapping) else [tools])]


def values_for(entry: Mapping[str, Any], needed: Mapping[str, str]) -> dict[str, Any]:
    """Values for the parameters of a melody that have no default, from the entry's `params`.

    `params` is keyed by kind: the name of a port such as `file`, `folder`, `repo`, `archive`, or a type such as
    `path`, `string`, `integer`. A kind with a list has one value for each parameter of that kind, in turn.

    Args:
        needed: type by name of parameter, in the melody's order.

    Returns:
        Values by name of parameter; where nothing fits, the parameter is left out.
    """
    left = {kind: list(v) if isinstance(v, list) else [v] for kind, v in (entry.get("params") or {}).items()}
    left.setdefault("repo", ["."])
    given: dict[str, Any] = {}
    for name, type_ in needed.items():
        kind = _kind_of(name, type_, left)
        if kind is not None:
            given[name] = left[kind].pop(0) if len(left[kind]) > 1 else left[kind][0]
    return given


def _kind_of(name: str, type_: str, kinds: Mapping[str, list[Any]]) -> str | None:
    words = re.split(r"_|\d+", name.lower())
    for kind in kinds:
        if kind == name or kind in words or f"{kind}s" in words:
            return kind
    if type_ in kinds:
        return type_
    if type_ == "path":
        return next((kind for kind in ("file", "folder", "archive", "repo") if kind in kinds), None)
    return None


def _refusal(entry: Mapping[str, Any], refused: bool) -> Verdict:
    if entry["kind"] == "impossible":
        return Verdict(refused, "" if refused else "no player can do it, and yet a melody was composed")
    return Verdict(False, "refused, although players for it are there")


def _meets(wanted: Any, outputs: Mapping[str, Any]) -> Verdict:
    if isinstance(wanted, list):
        verdicts = [_meets(one, outputs) for one in wanted]
        return next((v for v in verdicts if not v.held), Verdict(True))
    if "any_of" in wanted:
        verdicts = [_meets(one, outputs) for one in wanted["any_of"]]
        return next((v for v in verdicts if v.held), verdicts[0])
    reasons = []
    for name, value in outputs.items():
        try:
            _check(wanted, value)
        except _Miss as miss:
            reasons.append(f"{name}: {miss}")
        else:
            return Verdict(True)
    return Verdict(False, "; ".join(reasons) or "the run gave nothing")


def _check(wanted: Mapping[str, Any], value: Any) -> None:
    content = KINDS[wanted["kind"]](value)
    if "name" in wanted and (not isinstance(value, Path) or value.name != wanted["name"]):
        raise _Miss(f"not a file named {wanted['name']}, but {_short(value)}")
    for rule, argument in wanted.items():
        if rule not in ("kind", "name"):
            RULES[rule](content, argument)


def _short(value: Any) -> str:
    text = str(value) if isinstance(value, str | Path) else repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


# Kinds: the content of an output, or a miss.


def _text(value: Any) -> str:
    if isinstance(value, Path) and value.is_file():
        value = value.read_bytes()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return str(value)
    raise _Miss(f"no text, but {_short(value)}")


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise _Miss(f"no number, but {_short(value)}")


def _list(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [str(v) if isinstance(v, Path) else v for v in value]
    raise _Miss(f"no list, but {_short(value)}")


def _json(value: Any) -> Any:
    if isinstance(value, dict | list):
        return value
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return value._asdict()
    text = _text(value)
    try:
        return json.loads(text)
    except ValueError:
        raise _Miss(f"no JSON, but {_short(text)}") from None


def _csv(value: Any) -> list[dict[str, Any]]:
    text = _text(value)
    first = text.partition("\n")[0]
    delimiter = max(",;\t|", key=first.count)
    if delimiter not in first and not re.fullmatch(r"\w+\r?", first):
        raise _Miss(f"no CSV, but {_short(text)}")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=delimiter))
    return [{name: _typed(field) for name, field in row.items()} for row in rows]


def _typed(field: Any) -> Any:
    for read in (int, float):
        try:
            return read(field)
        except (TypeError, ValueError):
            continue
    return None if field == "" else field


def _table(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, str | Path):
        return _csv(value)
    rows = _list(value)
    if not all(isinstance(row, dict) for row in rows):
        raise _Miss(f"no rows, but {_short(value)}")
    return rows


def _page(value: Any) -> str:
    text = _html(value)
    if "<html" not in text.lower():
        raise _Miss("a piece of HTML, no page")
    return text


def _html(value: Any) -> str:
    text = _text(value)
    if not text.lstrip().startswith("<") or text.lstrip().startswith("<svg"):
        raise _Miss(f"no HTML, but {_short(text)}")
    return html.unescape(text)


def _svg(value: Any) -> str:
    text = _text(value)
    if not text.lstrip().startswith("<svg"):
        raise _Miss(f"no SVG, but {_short(text)}")
    return html.unescape(text)


def _path(value: Any) -> Path:
    if isinstance(value, Path) and value.exists():
        return value
    raise _Miss(f"no file or folder, but {_short(value)}")


def _file(value: Any) -> str:
    if not _path(value).is_file():
        raise _Miss(f"no file, but the folder {value}")
    return _text(value)


def _folder(value: Any) -> list[str]:
    path = _path(value)
    if not path.is_dir():
        raise _Miss(f"no folder, but the file {path}")
    return sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file())


def _zip(value: Any) -> list[str]:
    try:
        with zipfile.ZipFile(_path(value)) as archive:
            return [name for name in archive.namelist() if not name.endswith("/")]
    except (zipfile.BadZipFile, OSError) as error:
        raise _Miss(f"no zip archive: {error}") from None


def _tar(value: Any) -> list[str]:
    try:
        with tarfile.open(_path(value)) as archive:
            return [member.name for member in archive.getmembers() if member.isfile()]
    except (tarfile.TarError, OSError) as error:
        raise _Miss(f"no tar archive: {error}") from None


KINDS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "number": _number,
    "list": _list,
    "json": _json,
    "table": _table,
    "csv": _csv,
    "page": _page,
    "html": _html,
    "svg": _svg,
    "file": _file,
    "csv_file": lambda value: _file(value) and _csv(value),
    "json_file": lambda value: _file(value) and _json(value),
    "folder": _folder,
    "zip": _zip,
    "tar": _tar,
}
"""What an output is read as. `table` is rows, or CSV as text or file; `csv` is text or file; `json` is data, text or
file; `html` is a page or a piece of one; `folder`, `zip` and `tar` are read as the names of their files."""


# Rules: each takes the content and the argument, and raises a miss.


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, float | int) and isinstance(found, float | int) and not isinstance(wanted, bool):
        return math.isclose(found, wanted, rel_tol=1e-6, abs_tol=1e-9)
    if isinstance(wanted, str):
        return str(found).strip() == wanted.strip()
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return found.keys() == wanted.keys() and all(_same(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(found, list | tuple):
        return len(found) == len(wanted) and all(map(_same, found, wanted))
    return bool(found == wanted)


def _flat(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)


def _each(argument: Any) -> list[Any]:
    return argument if isinstance(argument, list) else [argument]


def _holds(content: Any, wanted: Any) -> bool:
    if isinstance(content, list) and not any(isinstance(one, Mapping | list) for one in content):
        return any(_same(one, wanted) or str(one).endswith(f"/{wanted}") for one in content)
    return str(wanted) in _flat(content)


def _equals(content: Any, wanted: Any) -> None:
    if not _same(content, wanted):
        raise _Miss(f"not {_short(wanted)}, but {_short(content)}")


def _contains(content: Any, wanted: Any) -> None:
    for one in _each(wanted):
        if not _holds(content, one):
            raise _Miss(f"lacks {one!r}: {_short(content)}")


def _lacks(content: Any, unwanted: Any) -> None:
    for one in _each(unwanted):
        if _holds(content, one):
            raise _Miss(f"holds {one!r}")


def _matches(content: Any, pattern: str) -> None:
    if not re.fullmatch(pattern, _flat(content).strip(), re.DOTALL):
        raise _Miss(f"does not match {pattern!r}: {_short(content)}")


def _in_order(content: Any, wanted: list[Any]) -> None:
    text, at = _flat(content), 0
    for one in wanted:
        at = text.find(str(one), at)
        if at < 0:
            raise _Miss(f"{one!r} does not follow in {_short(text)}")


def _size(content: Any, wanted: int) -> None:
    if len(content) != wanted:
        raise _Miss(f"{len(content)} elements, not {wanted}: {_short(content)}")


def _lines(content: str, wanted: int) -> None:
    found = len(content.strip("\n").splitlines())
    if found != wanted:
        raise _Miss(f"{found} lines, not {wanted}: {_short(content)}")


def _counts(content: str, wanted: Mapping[str, int]) -> None:
    for part, count in wanted.items():
        if content.count(part) != count:
            raise _Miss(f"{content.count(part)} of {part!r}, not {count}")


def _at(content: Any, wanted: Mapping[str, Any]) -> None:
    for path, value in wanted.items():
        found = content
        for step in path.split("."):
            try:
                found = found[int(step)] if isinstance(found, list) else found[step]
            except (LookupError, TypeError, ValueError):
                raise _Miss(f"has no {path}: {_short(content)}") from None
        _equals(found, value)


def _columns(content: list[dict[str, Any]], wanted: list[str]) -> None:
    found = list(content[0]) if content else []
    if found != wanted:
        raise _Miss(f"columns {found}, not {wanted}")


def _has_columns(content: list[dict[str, Any]], wanted: Any) -> None:
    found = list(content[0]) if content else []
    if missing := [name for name in _each(wanted) if name not in found]:
        raise _Miss(f"columns {found} lack {missing}")


def _is_sorted_by(content: list[dict[str, Any]], argument: Mapping[str, Any] | str) -> None:
    rule = {"column": argument} if isinstance(argument, str) else argument
    try:
        values = [row[rule["column"]] for row in content]
        ordered = sorted(values, reverse=rule.get("descending", False))
    except (KeyError, TypeError):
        raise _Miss(f"cannot be in order by {rule['column']}: {_short(content)}") from None
    if values != ordered:
        raise _Miss(f"not in order by {rule['column']}: {_short(values)}")


def _row_has(row: Mapping[str, Any], values: Any) -> bool:
    return all(any(_same(found, wanted) for found in row.values()) for wanted in _each(values))


def _has_row(content: list[dict[str, Any]], values: list[Any]) -> None:
    if not any(_row_has(row, values) for row in content):
        raise _Miss(f"no row with {values}: {_short(content)}")


def _first(content: list[Any], values: Any) -> None:
    if not content or not _row_is(content[0], values):
        raise _Miss(f"does not begin with {values}: {_short(content)}")


def _last(content: list[Any], values: Any) -> None:
    if not content or not _row_is(content[-1], values):
        raise _Miss(f"does not end with {values}: {_short(content[-1:])}")


def _row_is(found: Any, values: Any) -> bool:
    return _row_has(found, values) if isinstance(found, Mapping) else _holds([found], values)


RULES: dict[str, Callable[[Any, Any], None]] = {
    "equals": _equals,
    "contains": _contains,
    "lacks": _lacks,
    "matches": _matches,
    "in_order": _in_order,
    "size": _size,
    "rows": _size,
    "lines": _lines,
    "counts": _counts,
    "at": _at,
    "columns": _columns,
    "has_columns": _has_columns,
    "is_sorted_by": _is_sorted_by,
    "has_row": _has_row,
    "first": _first,
    "last": _last,
}
"""What can be asked of a content. Numbers are compared with a tolerance, texts without blanks at their ends.
`has_row`, `first` and `last` name values that a row holds, under whichever columns; in a list, the element itself.
`counts` says how often parts occur; `at` what stands at dotted places; `matches` is a pattern for the whole text."""
