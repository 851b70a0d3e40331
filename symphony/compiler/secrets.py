"""Secrets may only be passed whole to an input: every other use would put their value into a key, a result or a log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symphony.compiler.flatten import FlatTask
from symphony.compiler.problems import Problems
from symphony.model.expression import Expression, Reference
from symphony.model.melody import Melody
from symphony.model.source import Path
from symphony.model.template import expressions_in


class SecretChecks:
    """Checks the uses of secrets in one melody: ``secrets.NAME``, and parameters marked ``secret: true``."""

    def __init__(self, melody: Melody, problems: Problems) -> None:
        self._params = frozenset(name for name, param in melody.params.items() if param.secret)
        self._problems = problems

    def is_secret(self, reference: Reference) -> bool:
        """Whether a reference stands for a secret."""
        return reference.root == "secrets" or (reference.root == "params" and reference.name in self._params)

    def check_task(self, flat: FlatTask) -> None:
        """Report every use in a task that is not a whole input."""
        for name, value in flat.inputs.items():
            if not self._params and type(value) is Expression and "secrets" not in value.text:
                continue  # the usual case, without asking each reference
            if self._is_whole(value):
                self._check_region(flat, name, value)
            else:
                self.check(value, flat.melody, flat.at("with", name), flat.id)
        if flat.each is not None:
            for value in flat.each.over.values():
                self.check(value, flat.melody, flat.at("each"), flat.id)
        if flat.when is not None:
            self.check(flat.when, flat.melody, flat.at("when"), flat.id)

    def check(self, value: Any, melody: Melody, at: Path, task: str | None) -> None:
        """Report every secret inside a value."""
        for path, expression in _expressions(value, at):
            for reference in expression.references:
                if self.is_secret(reference):
                    self._problems.at_reference(
                        "SYM165", f"{reference.text} may only be passed whole to an input", reference, melody=melody,
                        at=path, task=task, hint="write with: {port: ${{ " + f"{reference.root}.{reference.name}" + " }}} "
                        "and let the player use it",
                    )  # fmt: skip

    def _is_whole(self, value: Any) -> bool:
        bare = value.bare if isinstance(value, Expression) else None
        return bare is not None and not bare.path and self.is_secret(bare)

    def _check_region(self, flat: FlatTask, name: str, value: Any) -> None:
        """A sub-melody under `each` takes a secret only by a parameter that is marked as one."""
        param = flat.region.params.get(name) if flat.region is not None else None
        if param is not None and not param.secret:
            self._problems.add(
                "SYM165", f"the parameter {name!r} of the sub-melody {flat.region.name!r} is not marked as a secret",  # type: ignore[union-attr]
                melody=flat.melody, at=flat.at("with", name), task=flat.id,
                hint=f"write {name}: {{type: string, secret: true}} under params of the sub-melody",
            )  # fmt: skip


def _expressions(value: Any, at: Path) -> Any:
    if isinstance(value, Expression):
        return ((at, value),)
    if isinstance(value, (tuple, Mapping)):
        return expressions_in(value, at)
    return ()
