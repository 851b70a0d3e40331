"""The task call: makes the key, serves a stored result, or runs the body and keeps what it gave.

Every worker of every executor makes calls by this code, and by nothing else.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event as Flag
from typing import Any

from symphony.compiler.literals import describe
from symphony.errors import CodecError, PlayerResultError, StoreError, SymphonyError
from symphony.model.artifact import Artifact
from symphony.model.frozen import FrozenMap
from symphony.model.port_type import PortType
from symphony.runtime.context import RunContext
from symphony.runtime.keys import key_of, shown, versions_of
from symphony.runtime.shell import run_script
from symphony.runtime.steps import Step
from symphony.runtime.values import MISSING, Held
from symphony.store.anchors import Anchors
from symphony.store.identity import key_part
from symphony.store.records import KeyEntry
from symphony.store.store import Store

_SMALL_TEXT = 64 * 1024
"""Longer texts are not searched for secrets."""


@dataclass(slots=True)
class Prepared:
    """A call whose inputs are bound and whose key is known.

    Attributes:
        key: the key; None when the call is not cached.
        parts: what the key is made of: name -> (identity, what to show).
        hit: the stored result under the key, if there is one.
    """

    inputs: dict[str, Held]
    key: str | None
    parts: dict[str, tuple[str, str]]
    hit: Mapping[str, Artifact] | None


@dataclass(slots=True)
class Result:
    """What a body gave: values by output, and their artifacts when results are recorded."""

    values: dict[str, Any]
    artifacts: dict[str, Artifact] = field(default_factory=dict)


class TaskCalls:
    """Makes the calls of one run. Thread-safe.

    Args:
        store: where results are kept; one in memory when results are not recorded.
        recorded: whether keys are made and results kept.
        anchors: what relative names of paths are relative to.
        no_cache: read nothing from the store, replace what is there.
        strict: digest inputs before and after each call.
        redact: takes the values of secrets out of small text results.
    """

    def __init__(
        self, store: Store, *, recorded: bool, anchors: Anchors, no_cache: bool = False, strict: bool = False,
        redact: Callable[[str], str] = str,
    ) -> None:  # fmt: skip
        self.store, self.recorded, self.anchors = store, recorded, anchors
        self.no_cache, self.strict, self.redact = no_cache, strict, redact
        self._versions: dict[tuple[str, ...], dict[str, str]] = {}

    # key ---------------------------------------------------------------------------------------------------------

    def prepare(self, step: Step, inputs: dict[str, Held], *, forced: bool = False) -> Prepared:
        """Make the key and look it up."""
        if not self.recorded:
            return Prepared(inputs, None, {}, None)
        parts = self.parts(step, inputs)
        if not step.cached:
            return Prepared(inputs, None, parts, None)
        key = key_of(parts)
        if self.no_cache or forced:
            return Prepared(inputs, key, parts, None)
        entry = self.store.lookup(key, anchors=self.anchors)
        hit = entry.outputs if entry is not None else self._refreshed(step, key)
        return Prepared(inputs, key, parts, hit)

    def _refreshed(self, step: Step, key: str) -> Mapping[str, Artifact] | None:
        """The result of a player that reads the world, where only the content of the files it named has changed.

        Its fingerprint says that it would name the same files again; what is in them now is digested anew.
        """
        if step.pin is None or not step.pin.fingerprint:
            return None
        entry = self.store.entry(key)
        if entry is None:
            return None
        try:
            fresh = {
                name: self.store.put(
                    self.store.get(artifact, anchors=self.anchors, as_they_are=True),
                    type=step.types.outputs.get(name, PortType("any")), codec=step.pin.codec, anchors=self.anchors,
                )
                for name, artifact in entry.outputs.items()
            }  # fmt: skip
        except (StoreError, CodecError, OSError):
            return None
        self.store.remember(key, replace(entry, outputs=FrozenMap(fresh)), replace=True)
        return fresh

    def parts(self, step: Step, inputs: Mapping[str, Held]) -> dict[str, tuple[str, str]]:
        """Everything the result depends on, named: code, versions, inputs with defaults, environment, fingerprint."""
        pin = step.pin
        parts: dict[str, tuple[str, str]] = {}
        if pin is not None:
            label = f"{pin.name} {pin.version}".strip()
            parts["code"] = (step.code or "", f"{label} ({(step.code or 'no source')[:12]})")
            for module, version in self._versions_of(pin.imports).items():
                parts[f"version.{module}"] = (version, version)
        else:
            parts["code"] = (step.code or "", f"script ({(step.code or '')[:12]})")
        for name in sorted(inputs):
            parts[f"inputs.{name}"] = self.identity(step, name, inputs[name])
        if step.signature is not None:
            for port in step.signature.inputs:
                if port.name not in inputs and not port.required:
                    parts[f"inputs.{port.name}"] = self._default(step, port.name, port.default, port.by_name)
        for name in pin.env if pin is not None else ():
            value = os.environ.get(name)
            parts[f"env.{name}"] = (repr(value), repr(value))
        if pin is not None and pin.fingerprint:
            parts |= self._fingerprint(step, inputs)
        return parts

    def _versions_of(self, modules: tuple[str, ...]) -> dict[str, str]:
        if not modules:
            return {}
        if modules not in self._versions:
            self._versions[modules] = versions_of(modules)
        return self._versions[modules]

    def identity(self, step: Step, name: str, held: Held) -> tuple[str, str]:
        """What stands for an input in the key, and what to show of it."""
        if held.secret:
            return f"secret {held.secret}", f"secrets.{held.secret}"
        if held.identity is not None:
            return held.identity
        by_name = False
        if step.signature is not None:
            port = step.signature.input(name)
            by_name = port is not None and port.by_name
        if held.artifact is not None and not by_name:
            text = key_part(held.artifact)
            return text, shown(held.value) if held.in_memory else text
        wanted = step.ports.get(name, PortType("any"))
        encoded = self.store.encode(held.value, type=wanted, anchors=self.anchors, by_name=by_name)
        found = (key_part(encoded.artifact), _shown_input(held.value, encoded.artifact))
        if not by_name:
            held.identity = found
        return found

    def _default(self, step: Step, name: str, default: Any, by_name: bool) -> tuple[str, str]:
        cached = step.constants.get(f"default {name}")
        if cached is None:
            encoded = self.store.encode(default, type=step.ports[name], anchors=self.anchors, by_name=by_name)
            cached = step.constants[f"default {name}"] = (key_part(encoded.artifact), shown(default))
        found: tuple[str, str] = cached
        return found

    def _fingerprint(self, step: Step, inputs: Mapping[str, Held]) -> dict[str, tuple[str, str]]:
        assert step.player is not None
        data = step.player.options["fingerprint"](**self.arguments(step, inputs))
        named = {f"fingerprint.{k}": v for k, v in data.items()} if isinstance(data, dict) else {"fingerprint": data}

        def part(value: Any) -> tuple[str, str]:
            return key_part(self.store.encode(value, anchors=self.anchors, by_name=True).artifact), shown(value)

        return {name: part(value) for name, value in named.items()}

    # body --------------------------------------------------------------------------------------------------------

    def arguments(self, step: Step, inputs: Mapping[str, Held]) -> dict[str, Any]:
        """The values of the inputs, checked where their type was not known before."""
        values = {name: held.value for name, held in inputs.items()}
        for name, wanted in step.check.items():
            if name in values:
                check_value(values[name], wanted, f"{step.id}: the input {name!r}")
        return values

    def invoke(self, step: Step, prepared: Prepared, context: RunContext, stop: Flag) -> Any:
        """Run the body; for an async player the coroutine is returned, not yet awaited."""
        values = self.arguments(step, prepared.inputs)
        before = self._digests(step, prepared) if self.strict else {}
        if step.player is None:
            return run_script(step.task, values, context.workdir, stop)
        if step.player.context_parameter is not None:
            values[step.player.context_parameter] = context
        result = step.player.function(**values)
        if before:
            self._check_unchanged(step, prepared, before)
        return result

    def _digests(self, step: Step, prepared: Prepared) -> dict[str, str]:
        return {n: self._digest_now(step, n, h) for n, h in prepared.inputs.items() if not h.secret}

    def _digest_now(self, step: Step, name: str, held: Held) -> str:
        return self.store.encode(held.value, anchors=self.anchors, by_name=True).artifact.digest

    def _check_unchanged(self, step: Step, prepared: Prepared, before: dict[str, str]) -> None:
        for name, digest in before.items():
            if self._digest_now(step, name, prepared.inputs[name]) != digest:
                raise PlayerResultError(
                    f"{step.id}: the body changed its input {name!r}; inputs are read-only, so copy it first"
                )

    # result ------------------------------------------------------------------------------------------------------

    def keep(
        self, step: Step, prepared: Prepared, returned: Any, context: RunContext, *, run: str, replace: bool = False
    ) -> Result:
        """Take a body's result apart and keep it, with its key."""
        values = {name: self._redacted(value) for name, value in self._outputs(step, returned).items()}
        workdir = context.made_workdir
        anchors = Anchors(self.anchors.root, self.anchors.params, workdir)
        if not self.recorded and workdir is None:
            return Result(values)
        artifacts: dict[str, Artifact] = {}
        codec = step.pin.codec if step.pin is not None else None
        for name, value in values.items():
            wanted = step.types.outputs.get(name, PortType("any"))
            artifacts[name] = self.store.put(value, type=wanted, codec=codec, anchors=anchors)
            if workdir is not None and not isinstance(value, (str, int, float, bool, type(None))):
                values[name] = MISSING  # paths inside the work folder are about to go: the store's copy counts
        if self.recorded and prepared.key is not None:
            entry = KeyEntry(FrozenMap(artifacts), run, context.task_id, FrozenMap(prepared.parts))
            self.store.remember(prepared.key, entry, replace=replace or self.no_cache)
        return Result(values, artifacts)

    def _redacted(self, value: Any) -> Any:
        return self.redact(value) if type(value) is str and len(value) <= _SMALL_TEXT else value

    def _outputs(self, step: Step, returned: Any) -> dict[str, Any]:
        _make_unwritable(returned)
        signature = step.signature
        if signature is None:
            return dict(returned)
        if not signature.several:
            return {"out": returned}
        names = [p.name for p in signature.outputs]
        if isinstance(returned, Mapping):
            missing = [n for n in names if n not in returned]
            values = {n: returned[n] for n in names if n in returned}
        else:
            missing = [n for n in names if not hasattr(returned, n)]
            values = {n: getattr(returned, n) for n in names if hasattr(returned, n)}
        if missing:
            raise PlayerResultError(
                f"{signature.name} gave {describe(returned)} without the output {missing[0]!r}; it declares {', '.join(names)}"
            )
        return values


def _shown_input(value: Any, artifact: Artifact) -> str:
    """An input as a reason shows it: a path by its name and the beginning of its digest."""
    if artifact.codec in ("source", "file", "folder"):
        return f"{artifact.meta.get('name', '')} ({artifact.digest[:8]})"
    return shown(value)


def check_value(value: Any, wanted: PortType, what: str) -> None:
    """Check a value against a type that was not known before the run.

    Raises:
        TypeError: it does not fit.
    """
    if wanted.hint is not None and not wanted.is_class:
        return
    checks: dict[str, tuple[type, ...]] = {
        "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "bytes": (bytes, bytearray),
        "path": (Path,), "list": (list, tuple), "map": (Mapping,), "set": (set, frozenset),
    }  # fmt: skip
    kinds = checks.get(wanted.name)
    fits = kinds is None or (
        isinstance(value, kinds) and not (isinstance(value, bool) and wanted.name in ("integer", "number"))
    )
    if not fits:
        raise TypeError(f"{what} takes {wanted}, it got {type(value).__qualname__}: {shown(value)}")
    if wanted.name == "list" and wanted.args:
        for i, element in enumerate(value[:1000]):
            check_value(element, wanted.inner(), f"{what}[{i}]")


def _make_unwritable(value: Any) -> None:
    """Arrays are handed out unwritable: inputs are read-only."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else (value,)
    for item in items if len(items) < 1000 else ():
        flags = getattr(item, "flags", None)
        if flags is not None and hasattr(flags, "writeable"):
            flags.writeable = False


def error_document(error: BaseException) -> dict[str, Any]:
    """An error as plain data: type, message, and the traceback from the body on."""
    frames = traceback.extract_tb(error.__traceback__)
    own = os.sep + os.path.join("symphony", "runtime") + os.sep
    kept = [f for f in frames if own not in f.filename]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(kept or frames)]
    lines += traceback.format_exception_only(type(error), error)
    message = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return {
        "type": type(error).__name__,
        "message": message,
        "traceback": "".join(lines) if not isinstance(error, SymphonyError) else "",
    }


def error_types(error: BaseException) -> tuple[str, ...]:
    """The names of an error's class and of its bases, nearest first."""
    return tuple(c.__name__ for c in type(error).__mro__)


