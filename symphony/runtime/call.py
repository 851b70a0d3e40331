"""The task call: makes the key, serves a stored result, or runs the body and keeps what it gave.

Every worker of every executor makes calls by this code, and by nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event as Flag
from typing import Any

from symphony.compiler.literals import describe
from symphony.define.player import Player
from symphony.errors import CodecError, PlayerResultError, StoreError
from symphony.model.artifact import Artifact
from symphony.model.frozen import FrozenMap
from symphony.model.port_type import ANY, PortType
from symphony.runtime.context import RunContext
from symphony.runtime.key_parts import KeyParts
from symphony.runtime.keys import key_of, shown
from symphony.runtime.player_copy import Handle
from symphony.runtime.player_pool import PlayerPool
from symphony.runtime.run_environment import in_force
from symphony.runtime.shell import run_script
from symphony.runtime.steps import Step
from symphony.runtime.values import MISSING, Held
from symphony.store.anchors import Anchors
from symphony.store.encoded import Encoded
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
        loaded_at: when all inputs were in memory, seconds of the monotonic clock.
        cpu_s: the processor time of the body, where it was measured.
        measured: what else was measured where the body ran, if that was not here.
    """

    inputs: dict[str, Held]
    key: str | None
    parts: dict[str, tuple[str, str]]
    hit: Mapping[str, Artifact] | None
    loaded_at: float = 0.0
    cpu_s: float | None = None
    measured: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Commit:
    """What is written with the end of a call, in one transaction: see `Store.record`."""

    rows: Sequence[Encoded] = ()
    keys: Sequence[tuple[str, KeyEntry, bool]] = ()


NOTHING = Commit()


@dataclass(slots=True)
class Result:
    """What a body gave: values by output, and their artifacts when results are recorded."""

    values: dict[str, Any]
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    commit: Commit = NOTHING


class TaskCalls:
    """Makes the calls of one run. Thread-safe.

    Args:
        store: where results are kept; one in memory when results are not recorded.
        recorded: whether keys are made and results kept.
        anchors: what relative names of paths are relative to.
        no_cache: read nothing from the store, replace what is there.
        strict: digest inputs before and after each call.
        redact: takes the values of secrets out of small text results.
        pool: keeps players that are set up; one of its own when nothing is said.

    Attributes:
        secrets: the providers of secrets, for calls that are made in other processes.
        key_parts: makes the parts of keys.
    """

    def __init__(
        self, store: Store, *, recorded: bool, anchors: Anchors, no_cache: bool = False, strict: bool = False,
        redact: Callable[[str], str] = str, pool: PlayerPool | None = None,
    ) -> None:  # fmt: skip
        self.store, self.recorded, self.anchors = store, recorded, anchors
        self.no_cache, self.strict, self.redact = no_cache, strict, redact
        self.pool = pool if pool is not None else PlayerPool()
        self.key_parts = KeyParts(store, anchors)
        self.secrets = in_force().secrets

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

    def looked_up(self, key: str) -> Mapping[str, Artifact] | None:
        """The result under a key, looked for once more."""
        entry = None if self.no_cache else self.store.lookup(key, anchors=self.anchors)
        return entry.outputs if entry is not None else None

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
        """Everything the result depends on, named; see `KeyParts.of`."""
        return self.key_parts.of(step, inputs, self.arguments)

    # body --------------------------------------------------------------------------------------------------------

    def arguments(self, step: Step, inputs: Mapping[str, Held]) -> dict[str, Any]:
        """The values of the inputs, checked where their type was not known before."""
        values = {name: held.value for name, held in inputs.items()}
        for name, wanted in step.check.items():
            if name in values:
                check_value(values[name], wanted, f"{step.id}: the input {name!r}")
        return values

    def invoke(self, step: Step, prepared: Prepared, context: RunContext | None, stop: Flag) -> Any:
        """Run the body; for an async player the coroutine is returned, not yet awaited."""
        values = self.arguments(step, prepared.inputs)
        before = self._digests(step, prepared) if self.strict else {}
        if step.player is None:
            assert context is not None
            return run_script(step.task, values, context.workdir, context.idempotency_key)
        if step.player.context_parameter is not None:
            values[step.player.context_parameter] = context
        prepared.loaded_at = time.monotonic()
        result = step.player.function(**values) if step.kind is None else self._with_state(step, values, stop)
        if before:
            self._check_unchanged(step, prepared, before)
        return result

    def _with_state(self, step: Step, values: dict[str, Any], stop: Flag) -> Any:
        """Call a player with the state that the pool keeps for it."""
        assert step.player is not None
        assert step.kind is not None
        handle = self.pool.take(step.kind)
        if step.pin is not None and step.pin.is_async:
            return self._await_with_state(step.player, handle, values, stop)
        try:
            return step.player.with_state(handle.value)(**values)
        finally:
            self._give_back(handle, stop)

    async def _await_with_state(
        self, player: Player[Any, Any], handle: Handle, values: dict[str, Any], stop: Flag
    ) -> Any:
        try:
            return await player.with_state(handle.value)(**values)
        finally:
            self._give_back(handle, stop)

    def _give_back(self, handle: Handle, stop: Flag) -> None:
        if stop.is_set():
            self.pool.discard(handle, "the run was cancelled")
        else:
            self.pool.give(handle, time.time())

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
        self,
        step: Step,
        prepared: Prepared,
        returned: Any,
        workdir: Path | None,
        *,
        run: str,
        call: str,
        replace: bool = False,
    ) -> Result:
        """Take a body's result apart and encode it, with its key; `Result.commit` says what the journal is to take.

        Args:
            workdir: the folder that the body worked in, if it asked for one: paths inside it are kept with their bytes.
            run, call: who computed it.
            replace: whether it takes the place of an earlier result of the key.
        """
        values = self._outputs(step, returned)
        for name, value in values.items():
            if type(value) is str and len(value) <= _SMALL_TEXT:
                values[name] = self.redact(value)
        if not self.recorded and workdir is None:
            return Result(values)
        anchors = self.anchors if workdir is None else Anchors(self.anchors.root, self.anchors.params, workdir)
        artifacts: dict[str, Artifact] = {}
        rows: list[Encoded] = []
        codec = step.pin.codec if step.pin is not None else None
        for name, value in values.items():
            encoded = self.store.encode(value, type=step.types.outputs.get(name, ANY), codec=codec, anchors=anchors)
            artifacts[name] = encoded.artifact
            rows += self.store.place(encoded)
            if workdir is not None and not isinstance(value, (str, int, float, bool, type(None))):
                values[name] = MISSING  # paths inside the work folder are about to go: the store's copy counts
        if not self.recorded or workdir is not None:
            self.store.record((), rows=rows)  # somebody may read them before the call is recorded
        if not self.recorded:
            return Result(values, artifacts)
        if prepared.key is None:
            return Result(values, artifacts, Commit(rows))
        entry = KeyEntry(artifacts, run, call, prepared.parts)
        return Result(values, artifacts, Commit(rows, ((prepared.key, entry, replace or self.no_cache),)))

    def encode_only(self, step: Step, returned: Any) -> tuple[Any, Encoded, list[Encoded]]:
        """The only output of a player without a work folder: value, encoded form, and what a commit takes; see `keep`."""
        make_unwritable(returned)
        if type(returned) is str and len(returned) <= _SMALL_TEXT:
            returned = self.redact(returned)
        codec = step.pin.codec if step.pin is not None else None
        encoded = self.store.encode(returned, type=step.types.outputs["out"], codec=codec, anchors=self.anchors)
        return returned, encoded, self.store.place(encoded)

    def _outputs(self, step: Step, returned: Any) -> dict[str, Any]:
        make_unwritable(returned)
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


def make_unwritable(value: Any) -> None:
    """Arrays are handed out unwritable: inputs are read-only."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else (value,)
    for item in items if len(items) < 1000 else ():
        flags = getattr(item, "flags", None)
        if flags is not None and hasattr(flags, "writeable"):
            flags.writeable = False
