"""Writes a melody as YAML: a fresh document, or the smallest change to the one it was read from."""

from __future__ import annotations

from typing import Any

from symphony.define.yaml_document import MELODY_ORDER, TASK_ORDER, melody_document
from symphony.define.yaml_emit import block_map, emit
from symphony.define.yaml_reader import read_yaml
from symphony.define.yaml_splice import REMOVE, plain_data, respell, same
from symphony.errors import MelodyError
from symphony.model.frozen import EMPTY
from symphony.model.melody import Melody
from symphony.model.source import Path

__all__ = ["REMOVE", "edit_yaml", "save", "to_yaml"]


def to_yaml(melody: Melody, *, schema: str = "") -> str:
    """Write a melody as a new document; reading it gives an equal melody.

    Args:
        melody: the melody; sub-melodies are named, not written.
        schema: the address of the JSON Schema for editors, as a comment in the first line; none when empty.
    """
    document = melody_document(melody)
    parts = {key: value for key, value in document.items() if key in ("params", "tasks", "outputs")}
    head = {key: value for key, value in document.items() if key not in parts}
    text = f"# yaml-language-server: $schema={schema}\n" if schema else ""
    text += block_map(head, 0) + "\n"
    for key, value in parts.items():
        text += emit({key: value})
    return text


def edit_yaml(text: str, path: Path, value: Any) -> str:
    """Change one value of a document; everything else keeps its bytes, comments, quotes and order included.

    Args:
        text: the document.
        path: where the value is, or shall be; maps on the way are made where they are missing.
        value: plain data, or `REMOVE`.

    Raises:
        MelodyError: the text is no YAML, or the path leads through something that is neither map nor list.
    """
    data = plain_data(text)
    return respell(text, data, _changed(data, path, value))


def _changed(data: Any, path: Path, value: Any, done: Path = ()) -> Any:
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(data, list) and isinstance(step, int) and 0 <= step <= len(data):
        inner = _changed(data[step] if step < len(data) else None, rest, value, (*done, step))
        return [*data[:step], *([] if inner is REMOVE else [inner]), *data[step + 1 :]]
    if data is not None and not isinstance(data, dict):
        where = ".".join(map(str, done)) or "the document"
        raise MelodyError(f"{where} is neither a map nor a list that has {step!r}: nothing can be changed below it")
    present = data or {}
    inner = _changed(present.get(step), rest, value, (*done, step))
    if inner is REMOVE:
        return {k: v for k, v in present.items() if k != step}
    if step in present:
        return {k: inner if k == step else v for k, v in present.items()}
    return _with_key(present, str(step), inner, _order(done))


def _order(path: Path) -> tuple[str, ...]:
    if not path:
        return MELODY_ORDER
    return TASK_ORDER if len(path) == 2 and path[0] == "tasks" else ()


def _with_key(data: dict[str, Any], key: str, value: Any, order: tuple[str, ...]) -> dict[str, Any]:
    """The map with one more key, behind those that come before it in `order`; at the end when `order` is silent."""
    if key not in order:
        return {**data, key: value}
    before = set(order[: order.index(key)])
    at = max((i + 1 for i, k in enumerate(data) if k in before), default=0)
    entries = list(data.items())
    return dict([*entries[:at], (key, value), *entries[at:]])


def save(melody: Melody, original: str) -> str:
    """Write a melody over the text it was read from.

    An unchanged melody gives the identical text; a changed one the smallest splices. What could not be read before
    (broken tasks, unknown keys) stays as it is. A text that is no YAML is replaced.
    """
    draft = read_yaml(original, "")
    if draft.melody is None:
        return to_yaml(melody)
    alone = melody.model_copy(update={"children": EMPTY})
    if draft.melody == alone:
        return original
    data = plain_data(original)
    text = respell(original, data, _merged(melody_document(draft.melody), melody_document(alone), data))
    return text if read_yaml(text, "").melody == alone else to_yaml(melody)


_NOTHING: Any = object()


def _merged(before: Any, after: Any, data: Any) -> Any:
    """The data with what differs between two documents of melodies carried over, in its own spelling elsewhere."""
    if same(before, after):
        return data
    if not (isinstance(before, dict) and isinstance(after, dict) and isinstance(data, dict)):
        return after
    merged = {}
    for key, value in data.items():
        if key in after:
            merged[key] = _merged(before.get(key, _NOTHING), after[key], value)
        elif key not in before:
            merged[key] = value
    order = tuple(after)
    for key in after:
        if key not in merged:
            merged = _with_key(merged, key, after[key], order)
    return merged
