"""Reads a melody with the melodies that its tasks name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from symphony.bootstrap.importing import python_melody
from symphony.errors import UsageError
from symphony.model.diagnostic import Diagnostic
from symphony.model.frozen import FrozenMap
from symphony.model.melody import Melody
from symphony.model.names import did_you_mean

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Read:
    """A melody as far as it could be read.

    Attributes:
        diagnostics: every problem, in the order of the files.
        broken: tasks that were left out.
    """

    melody: Melody | None
    diagnostics: tuple[Diagnostic, ...] = ()
    broken: frozenset[str] = frozenset()


def read_definition(target: str, seen: tuple[str, ...] = ()) -> Read:
    """Read a melody file, with the melodies that its tasks name."""
    file, _, inner = target.partition(":")
    path = Path(file)
    if path.suffix == ".py":
        traced = python_melody(path, inner).trace()
        return _with_children(traced, (), frozenset(), path, (*seen, str(path.resolve())))
    from symphony.define.yaml_reader import read_yaml  # only YAML melodies need the parser

    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    draft = read_yaml(content, file)
    if draft.melody is None:
        return Read(None, draft.diagnostics, draft.broken)
    return _with_children(draft.melody, draft.diagnostics, draft.broken, path, (*seen, str(path.resolve())))


def _with_children(
    melody: Melody, diagnostics: tuple[Diagnostic, ...], broken: frozenset[str], path: Path, seen: tuple[str, ...]
) -> Read:
    children: dict[str, Melody] = dict(melody.children)
    found = list(diagnostics)
    lost: set[str] = set(broken)
    for name, task in melody.tasks.items():
        if task.melody is None or task.melody in children:
            continue
        at = melody.source.locate(("tasks", name, "melody"))
        where, _, inner = task.melody.partition(":")
        child_path = path.parent / where
        if str(child_path.resolve()) in seen:
            circle = " -> ".join([*(Path(s).name for s in seen), child_path.name])
            found.append(Diagnostic("SYM172", f"the melody uses itself: {circle}", file=melody.source.file, span=at, task=name,
                                    hint="move the shared part into a melody of its own"))  # fmt: skip
            lost.add(name)
        elif not child_path.is_file():
            beside = sorted(p.name for p in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
            found.append(Diagnostic("SYM173", f"there is no melody file {task.melody!r}", file=melody.source.file, span=at,
                                    task=name, hint=did_you_mean(Path(where).name, beside, what="files")))  # fmt: skip
            lost.add(name)
        else:
            child = read_definition(f"{child_path}:{inner}" if inner else str(child_path), seen)
            found += child.diagnostics
            if child.melody is None:
                lost.add(name)
            else:
                children[task.melody] = child.melody
    kept = {n: t for n, t in melody.tasks.items() if n not in lost}
    whole = melody.model_copy(update={"children": FrozenMap(children), "tasks": FrozenMap(kept)})
    return Read(whole, tuple(found), frozenset(lost))
