"""Secrets by name, from their providers; remembered only so that they can be taken out of what is written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence

from symphony.errors import SurroundingsError, SymphonyError
from symphony.model.plan import Plan
from symphony.model.template import expressions_in
from symphony.runtime.run_environment import in_force
from symphony.runtime.secret_providers import PREFIX, SecretProvider, place_of, provider_named
from symphony.runtime.values import Held

SHORTEST = 4
"""Shorter values stand in text by chance: taking them out would garble it, and leaving them in would tell them."""


class Secrets:
    """Gives secrets and redacts their exact values, and the lines of those that have several. Thread-safe.

    Args:
        providers: where secrets come from, the first that has one counts; by default those of the environment in force.
    """

    def __init__(self, providers: Sequence[str] | None = None) -> None:
        self._specs = tuple(in_force().secrets if providers is None else providers)
        self._providers: tuple[SecretProvider, ...] | None = None
        self._values: dict[str, str] = {}
        self._seen: set[str] = set()

    def get(self, name: str) -> str:
        """The value of a secret; asked for once.

        Raises:
            SurroundingsError: it is not set, or too short to be redacted; names the places looked at, never a value.
        """
        known = self._values.get(name)
        if known is not None:
            return known
        value, place = self._found(name)
        if not value:
            raise SurroundingsError(self._missing(name, value, place))
        if len(value) < SHORTEST:
            raise _too_short(name, place)
        self._seen = self._seen.union(_forms(value))  # a new set: others may be going through the old one
        self._values[name] = value
        return value

    def check(self, name: str) -> None:
        """Check that a secret can be redacted, if it is set.

        Raises:
            SurroundingsError: it is too short, or its provider fails.
        """
        value, place = self._found(name)
        if value and len(value) < SHORTEST:
            raise _too_short(name, place)

    def redact(self, text: str) -> str:
        """Replace every secret that was handed out."""
        for value in sorted(self._seen, key=len, reverse=True):
            text = text.replace(value, "***")
        return text

    def _found(self, name: str) -> tuple[str | None, str]:
        """The value by the first provider that has one, and its place."""
        if self._providers is None:
            self._providers = tuple(map(provider_named, self._specs))
        for spec, provider in zip(self._specs, self._providers, strict=True):
            value = _asked(provider, spec, name)
            if value is not None:
                return value, place_of(spec, name)
        return None, ""

    def _missing(self, name: str, value: str | None, place: str) -> str:
        if value is not None:
            return f"the secret {name!r} is empty: set {place}"
        places = [place_of(spec, name) for spec in self._specs]
        return f"the secret {name!r} is not set: " + (
            f"set {' or '.join(places)}" if places else "there is no provider"
        )


def _forms(value: str) -> Iterator[str]:
    """A value and its lines, each also as Python and JSON write it between quotes: errors show values like that."""
    lines = (line for line in map(str.strip, value.splitlines()) if len(line) >= SHORTEST)
    for text in (value, *lines):
        yield from (text, repr(text)[1:-1], json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])


def _asked(provider: SecretProvider, spec: str, name: str) -> str | None:
    try:
        return provider.get(name)
    except SymphonyError:
        raise
    except Exception as error:  # noqa: BLE001  what it says may hold the secret: only the kind of the error is told
        raise SurroundingsError(
            f"the provider {spec!r} failed for the secret {name!r}: {type(error).__name__}"
        ) from None


def short_secrets() -> frozenset[str]:
    """The names of the secrets in environment variables that are set and too short to be redacted."""
    given = {v.removeprefix(PREFIX): os.environ[v] for v in os.environ if v.startswith(PREFIX)}
    return frozenset(name for name, value in given.items() if 0 < len(value) < SHORTEST)


def check_secrets(plan: Plan, params: Mapping[str, Held], secrets: Secrets) -> None:
    """Check, before a run, that the secrets it is given can be redacted. One that is not set fails the task that needs it.

    Raises:
        SurroundingsError: a secret that the plan or a parameter names is too short, or its provider fails.
    """
    for name in sorted({*_named(plan), *(held.secret for held in params.values() if held.secret)}):
        secrets.check(name)


def _named(plan: Plan) -> Iterator[str]:
    for task in plan.tasks:
        for value in task.inputs.values():
            yield from (r.name for _, e in expressions_in(value) for r in e.references if r.root == "secrets")
        if task.body is not None:
            yield from _named(task.body)


def _too_short(name: str, place: str) -> SurroundingsError:
    place = place.removeprefix("the environment variable ")
    return SurroundingsError(
        f"the secret {name!r} is too short to be redacted: {place} has fewer than {SHORTEST} characters, "
        "so logs and errors could show it; give it a longer value"
    )
