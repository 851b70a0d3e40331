"""Players that read, write and question JSON data."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

from symphony.define.annotations import Json, Media
from symphony.define.context import Context
from symphony.define.player import operator
from symphony.players.files import plain_name

JsonText = Annotated[str, Media("application/json")]
JsonFile = Annotated[Path, Media("application/json")]
_STEP = re.compile(
    r"""\.?(?P<name>[^.\[\]"']+) | \.?(?P<all>\*) | \[(?P<index>-?\d+)\] | \[(?P<every>\*)\]
      | \["(?P<quoted>[^"]*)"\] | \['(?P<single>[^']*)'\]""",
    re.X,
)


@operator(version="1.0.0", tags=("json", "parse", "read"))
def parse(text: str) -> Json:
    """Read JSON text.

    Args:
        text: the text.

    Raises:
        ValueError: the text is no JSON; says line and column.

    Example:
        ```yaml
        settings:
          player: json.parse
          with: {text: '{"level": 3}'}
        ```
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("the text nests too deep to be read as JSON") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"the text is no JSON, line {error.lineno}, column {error.colno}: {error.msg}") from error


@operator(version="1.0.0", tags=("json", "files", "read"))
def read(file: Path) -> Json:
    """Read a JSON file.

    Args:
        file: the file, in UTF-8.

    Raises:
        ValueError: the file is no JSON; says line and column.

    Example:
        ```yaml
        settings:
          player: json.read
          with: {file: settings.json}
        ```
    """
    try:
        return parse(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


@operator(version="1.0.0", tags=("json", "text", "write"))
def dump(value: Json, indent: int = 2, sort_keys: bool = False) -> JsonText:
    """Write data as JSON text.

    Args:
        value: the data.
        indent: blanks per level; 0: all on one line.
        sort_keys: whether keys are put in order.

    Raises:
        ValueError: the data holds something that JSON has no form for.

    Example:
        ```yaml
        text:
          player: json.dump
          with: {value: {level: 3}}
        ```
    """
    try:
        return json.dumps(value, indent=indent or None, sort_keys=sort_keys, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the data cannot be written as JSON: {error}") from error


@operator(version="1.0.0", tags=("json", "files", "write"))
def write(value: Json, ctx: Context, name: str = "data.json", indent: int = 2) -> JsonFile:
    """Write data to a JSON file.

    Args:
        value: the data.
        name: the name of the file.
        indent: blanks per level; 0: all on one line.

    Raises:
        ValueError: the data holds something that JSON has no form for, or the name is no plain file name.

    Example:
        ```yaml
        file:
          player: json.write
          with: {value: {level: 3}, name: settings.json}
        ```
    """
    target = ctx.workdir / plain_name(name)
    target.write_text(dump(value, indent) + "\n", encoding="utf-8")
    return target


@operator(version="1.0.0", tags=("json", "query", "select"))
def query(value: Json, path: str, optional: bool = False) -> Json:
    """Take one part out of JSON data by its path.

    Args:
        value: the data.
        path: `a.b`, `rows[0].name`, `rows[-1]`, `rows[*].name` (of every element), `["a key.with dots"]`.
        optional: give null where there is nothing, instead of failing.

    Raises:
        ValueError: the path cannot be read.
        LookupError: there is nothing there; names the step and what would be valid.

    Example:
        ```yaml
        names:
          player: json.query
          with: {value: {rows: [{name: a}, {name: b}]}, path: "rows[*].name"}
        ```
    """
    steps = _steps(path)
    try:
        return _follow(value, steps, path)
    except LookupError:
        if optional:
            return None
        raise


_EVERY = object()


def _steps(path: str) -> list[Any]:
    steps: list[Any] = []
    at = 0
    text = path.removeprefix("$").strip()
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise ValueError(
                f'the path {path!r} cannot be read at {text[at:]!r}: write a.b, a[0], a[*].b or ["any key"]'
            )
        at = match.end()
        if match["index"] is not None:
            steps.append(int(match["index"]))
        elif match["name"] == "*" or match["all"] or match["every"]:
            steps.append(_EVERY)
        else:
            steps.append(next(g for g in (match["name"], match["quoted"], match["single"]) if g is not None))
    return steps


def _follow(value: Any, steps: list[Any], path: str) -> Any:
    for position, step in enumerate(steps):
        if step is _EVERY:
            if not isinstance(value, (list, tuple, dict)):
                raise LookupError(f"{path}: [*] needs a list or map, and this is {type(value).__name__}")
            members = value.values() if isinstance(value, dict) else value
            return [_follow(member, steps[position + 1 :], path) for member in members]
        value = _member(value, step, path)
    return value


def _member(value: Any, step: Any, path: str) -> Any:
    if isinstance(step, int):
        if not isinstance(value, (list, tuple)):
            raise LookupError(f"{path}: [{step}] needs a list, and this is {type(value).__name__}")
        if not -len(value) <= step < len(value):
            raise LookupError(f"{path}: there is no [{step}] in a list of {len(value)}")
        return value[step]
    if not isinstance(value, dict):
        raise LookupError(f"{path}: {step!r} needs a map, and this is {type(value).__name__}")
    if step not in value:
        raise LookupError(
            f"{path}: there is no {step!r}; there is {', '.join(map(repr, list(value)[:8])) or 'nothing'}"
        )
    return value[step]


@operator(version="1.0.0", tags=("json", "merge"))
def merge(values: list[Json], deep: bool = True) -> Json:
    """Merge maps into one; later values win.

    Args:
        values: the maps, in order.
        deep: whether maps inside maps are merged too, instead of replaced.

    Raises:
        TypeError: one of the values is no map.

    Example:
        ```yaml
        settings:
          player: json.merge
          with: {values: [{a: 1, b: {c: 2}}, {b: {d: 3}}]}
        ```
    """
    merged: dict[str, Any] = {}
    for position, value in enumerate(values):
        if not isinstance(value, dict):
            raise TypeError(f"values[{position}] is {type(value).__name__}: only maps can be merged")
        merged = _merged(merged, value, deep)
    return merged


def _merged(first: dict[str, Any], second: dict[str, Any], deep: bool) -> dict[str, Any]:
    result = dict(first)
    for key, value in second.items():
        old = result.get(key)
        result[key] = _merged(old, value, deep) if deep and isinstance(old, dict) and isinstance(value, dict) else value
    return result
