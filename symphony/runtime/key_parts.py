"""What the key of a call is made of: code, versions, inputs with defaults, declared environment, fingerprint."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symphony.model.artifact import Artifact
from symphony.model.port_type import ANY
from symphony.runtime.keys import shown, versions_of
from symphony.runtime.steps import Step
from symphony.runtime.values import Held
from symphony.store.anchors import Anchors
from symphony.store.identity import key_part
from symphony.store.store import Store

Part = tuple[str, str]
"""What stands for a part in the key, and what to show of it."""


@dataclass(slots=True)
class Recipe:
    """The parts of a step that are equal in each of its calls, and the names of those that are not.

    Attributes:
        head, tail: what comes before and behind the inputs.
        ports: name, name of the part, and whether paths count by name.
    """

    head: dict[str, Part]
    ports: list[tuple[str, str, bool]]
    tail: dict[str, Part]


class KeyParts:
    """Makes the parts of keys of one run. Thread-safe."""

    def __init__(self, store: Store, anchors: Anchors) -> None:
        self._store, self._anchors = store, anchors
        self._versions: dict[tuple[str, ...], dict[str, str]] = {}
        self._recipes: dict[int, tuple[Step, Recipe]] = {}

    def of(
        self, step: Step, inputs: Mapping[str, Held], arguments: Callable[[Step, Mapping[str, Held]], dict[str, Any]]
    ) -> dict[str, Part]:
        """The parts of one call by name, in the order of the key.

        Args:
            step, inputs: the call.
            arguments: gives the values of the inputs, for a fingerprint.
        """
        recipe = self.recipe(step, inputs)
        parts = dict(recipe.head)
        for name, label, by_name in recipe.ports:
            held = inputs[name]
            parts[label] = held.identity or self._identity(step, name, held, by_name=by_name)
        if recipe.tail:
            parts |= recipe.tail
        if step.pin is not None and step.pin.fingerprint:
            parts |= self._fingerprint(step, arguments(step, inputs))
        return parts

    def recipe(self, step: Step, names: Iterable[str]) -> Recipe:
        """What the keys of a step are made of; `names` are the inputs that its calls are given."""
        known = self._recipes.get(id(step))
        if known is not None:
            return known[1]
        given = sorted(names)
        ports = [(name, f"inputs.{name}", self._by_name(step, name)) for name in given]
        recipe = Recipe(self._code(step), ports, self._rest(step, given))
        self._recipes[id(step)] = step, recipe  # the step is kept, so that no other can get its id
        return recipe

    def _code(self, step: Step) -> dict[str, Part]:
        pin, code = step.pin, step.code or ""
        if pin is None:
            return {"code": (code, f"script ({code[:12]})")}
        label = f"{pin.name} {pin.version}".strip()
        parts = {"code": (code, f"{label} ({code[:12] or 'no source'})")}
        return parts | {f"version.{m}": (v, v) for m, v in self._versions_of(pin.imports).items()}

    def _versions_of(self, modules: tuple[str, ...]) -> dict[str, str]:
        if modules and modules not in self._versions:
            self._versions[modules] = versions_of(modules)
        return self._versions.get(modules, {})

    def _by_name(self, step: Step, name: str) -> bool:
        port = step.signature.input(name) if step.signature is not None else None
        return port is not None and port.by_name

    def _rest(self, step: Step, given: Sequence[str]) -> dict[str, Part]:
        """Defaults of inputs that were not given, and the environment."""
        parts: dict[str, Part] = {}
        for port in step.signature.inputs if step.signature is not None else ():
            if port.name not in given and not port.required:
                wanted = step.ports[port.name]
                encoded = self._store.encode(port.default, type=wanted, anchors=self._anchors, by_name=port.by_name)
                parts[f"inputs.{port.name}"] = key_part(encoded.artifact), shown(port.default)
        for name in step.pin.env if step.pin is not None else ():
            value = repr(os.environ.get(name))
            parts[f"env.{name}"] = value, value
        return parts

    def identity(self, step: Step, name: str, held: Held) -> Part:
        """What stands for an input in the key, and what to show of it."""
        return held.identity or self._identity(step, name, held, by_name=self._by_name(step, name))

    def _identity(self, step: Step, name: str, held: Held, *, by_name: bool) -> Part:
        if held.secret:
            return f"secret {held.secret}", f"secrets.{held.secret}"
        if held.artifact is not None and not by_name:
            text = key_part(held.artifact)
            found = text, shown(held.value) if held.in_memory else text
            held.identity = found
            return found
        wanted = step.ports.get(name, ANY)
        encoded = self._store.encode(held.value, type=wanted, anchors=self._anchors, by_name=by_name)
        found = key_part(encoded.artifact), _shown_input(held.value, encoded.artifact)
        if not by_name:
            held.identity = found
        return found

    def _fingerprint(self, step: Step, arguments: dict[str, Any]) -> dict[str, Part]:
        assert step.player is not None
        data = step.player.options["fingerprint"](**arguments)
        named = {f"fingerprint.{k}": v for k, v in data.items()} if isinstance(data, dict) else {"fingerprint": data}

        def part(value: Any) -> Part:
            return key_part(self._store.encode(value, anchors=self._anchors, by_name=True).artifact), shown(value)

        return {name: part(value) for name, value in named.items()}


def _shown_input(value: Any, artifact: Artifact) -> str:
    """An input as a reason shows it: a path by its name and the beginning of its digest."""
    if artifact.codec in ("source", "file", "folder"):
        return f"{artifact.meta.get('name', '')} ({artifact.digest[:8]})"
    return shown(value)
