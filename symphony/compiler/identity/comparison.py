"""The first difference between two identities, in words: ``tasks.clean() line 14``."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from symphony.compiler.identity.definitions import DefinitionReader
from symphony.compiler.identity.module_index import Unit
from symphony.compiler.identity.names import Names
from symphony.compiler.identity.normal_form import does_nothing, normal_form
from symphony.compiler.identity.resolver import Resolver, UnreadableModuleError
from symphony.compiler.identity.values import Key, Reached
from symphony.model.module_source import SourceTree


def compare(
    before: Iterable[Reached],
    after: Iterable[Reached],
    *,
    before_tree: SourceTree | None = None,
    after_tree: SourceTree | None = None,
) -> str | None:
    """Say what changed between two identities.

    A changed definition comes first, since one that was added or dropped follows from it.

    Args:
        before, after: what each identity included.
        before_tree, after_tree: the sources of each, where at hand; with both the line is named, counted in the newer.

    Returns:
        Such as ``tasks.clean() line 14``, ``tasks.clean()`` or ``tasks.LIMIT is new``; None when nothing that was
        included differs.
    """
    old = {Key(r.module, r.qualname): r for r in before}
    new = {Key(r.module, r.qualname): r for r in after}
    changed = [k for k in sorted(old.keys() & new.keys()) if _differ(old[k], new[k])]
    if changed:
        # What only leads elsewhere than before has no line of its own: prefer a definition whose text differs.
        lines = ((_line(k, before_tree, after_tree), k) for k in changed)
        line, key = next((found for found in lines if found[0] is not None), (None, changed[0]))
        return new[key].label() + (f" line {line}" if line is not None else "")
    if added := sorted(new.keys() - old.keys()):
        return f"{new[added[0]].label()} is new"
    if dropped := sorted(old.keys() - new.keys()):
        return f"{old[dropped[0]].label()} is gone"
    return None


def _differ(old: Reached, new: Reached) -> bool:
    return (old.kind, old.digest) != (new.kind, new.digest)


def _line(key: Key, before: SourceTree | None, after: SourceTree | None) -> int | None:
    """The line of the newer text where a definition starts to differ; None where that cannot be told."""
    if before is None or after is None:
        return None
    try:
        old = list(DefinitionReader(Resolver(before)).units_with_names(key))
        new = list(DefinitionReader(Resolver(after)).units_with_names(key))
    except UnreadableModuleError:
        return None
    for (old_unit, old_names), (new_unit, new_names) in zip(old, new, strict=False):
        if _guards(old_unit, old_names) != _guards(new_unit, new_names):
            return new_unit.first_line
        found = _Lines(old_names, new_names).first_difference([old_unit.statement], [new_unit.statement])
        if found is not None:
            return found
    return new[len(old)][0].first_line if len(new) > len(old) else None


def _guards(unit: Unit, names: Names) -> list[str]:
    return [f"{branch}{_text(test, names)}" for test, branch in unit.guards]


def _text(node: ast.AST, names: Names) -> str:
    return normal_form([node], spelled=names.spelled, kept_options=names.kept_options, docstrings=True)


class _Lines:
    """Walks two statement lists side by side, down to the innermost statement that differs."""

    def __init__(self, old: Names, new: Names) -> None:
        self.old, self.new = old, new

    def first_difference(self, old: Sequence[ast.stmt], new: Sequence[ast.stmt]) -> int | None:
        before = [s for s in old if not does_nothing(s)]
        after = [s for s in new if not does_nothing(s)]
        for left, right in zip(before, after, strict=False):
            if _text(left, self.old) != _text(right, self.new):
                return self.within(left, right)
        if len(after) > len(before):
            return after[len(before)].lineno
        if len(before) > len(after):  # something was removed: the statement before it is the nearest that is left
            return after[-1].end_lineno if after else None
        return None

    def within(self, old: ast.stmt, new: ast.stmt) -> int:
        """The line inside two statements that differ."""
        if type(old) is type(new):
            for (left, right), is_body in self.parts(old, new):
                if is_body:
                    line = self.first_difference(left, right)  # type: ignore[arg-type]
                    if line is not None:
                        return line
                elif [_text(n, self.old) for n in left] != [_text(n, self.new) for n in right]:
                    return next((n.lineno for n in right if hasattr(n, "lineno")), new.lineno)
        return new.lineno

    @staticmethod
    def parts(old: ast.stmt, new: ast.stmt) -> Iterable[tuple[tuple[list[ast.AST], list[ast.AST]], bool]]:
        """The fields of two statements of one kind, heads first, each with whether it is a list of statements."""
        fields = [(_nodes(getattr(old, f, None)), _nodes(getattr(new, f, None))) for f in new._fields]
        pairs = [(pair, any(isinstance(n, ast.stmt) for part in pair for n in part)) for pair in fields]
        return sorted(pairs, key=lambda p: p[1])


def _nodes(value: object) -> list[ast.AST]:
    if isinstance(value, list):
        return [v for v in value if isinstance(v, ast.AST)]
    return [value] if isinstance(value, ast.AST) else []
