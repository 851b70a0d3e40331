"""Secrets by name, from the environment; remembered only so that they can be taken out of what is written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from symphony.errors import SurroundingsError
from symphony.model.plan import Plan
from symphony.model.template import expressions_in
from symphony.runtime.values import Held

PREFIX = "SYMPHONY_SECRET_"
SHORTEST = 4
"""Shorter values stand in text by chance: taking them out would garble it, and leaving them in would tell them."""


class Secrets:
    """Gives secrets and redacts their exact values, and the lines of those that have several. Thread-safe."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def get(self, name: str) -> str:
        """The value of a secret.

        Raises:
            SurroundingsError: it is not set, or too short to be redacted; names the variable, never a value.
        """
        value = os.environ.get(PREFIX + name)
        if not value:
            what = "not set" if value is None else "empty"
            raise SurroundingsError(f"the secret {name!r} is {what}: set the environment variable {PREFIX}{name}")
        if len(value) < SHORTEST:
            raise _too_short(name)
        self._seen.add(value)
        self._seen.update(line for line in map(str.strip, value.splitlines()) if len(line) >= SHORTEST)
        return value

    def redact(self, text: str) -> str:
        """Replace every secret that was handed out."""
        for value in sorted(self._seen, key=len, reverse=True):
            text = text.replace(value, "***")
        return text


def short_secrets() -> frozenset[str]:
    """The names of the secrets that are set and too short to be redacted."""
    given = {v.removeprefix(PREFIX): os.environ[v] for v in os.environ if v.startswith(PREFIX)}
    return frozenset(name for name, value in given.items() if 0 < len(value) < SHORTEST)


def check_secrets(plan: Plan, params: Mapping[str, Held], short: frozenset[str]) -> None:
    """Check, before a run, that the secrets it is given can be redacted. One that is not set fails the task that needs it.

    Args:
        short: what `short_secrets` gave.

    Raises:
        SurroundingsError: a secret that the plan or a parameter names is too short.
    """
    named = short.intersection({*_named(plan), *(held.secret for held in params.values())}) if short else None
    if named:
        raise _too_short(min(named))


def _named(plan: Plan) -> Iterator[str]:
    for task in plan.tasks:
        for value in task.inputs.values():
            yield from (r.name for _, e in expressions_in(value) for r in e.references if r.root == "secrets")
        if task.body is not None:
            yield from _named(task.body)


def _too_short(name: str) -> SurroundingsError:
    return SurroundingsError(
        f"the secret {name!r} is too short to be redacted: {PREFIX}{name} has fewer than {SHORTEST} characters, "
        "so logs and errors could show it; give it a longer value"
    )
