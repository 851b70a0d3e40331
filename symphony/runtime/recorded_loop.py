"""The fast road with a record: each call's key, the look-up and the keeping of its result, with nothing made twice.

It gives what the run loop gives: the same keys, entries, records and events; a property test holds both equal. What is
equal in all calls of a player is hashed and packed once, and what is written waits in a buffer of its own.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack

from symphony.errors import DamagedArtifactError
from symphony.model.artifact import Artifact
from symphony.model.event import Event, EventKind
from symphony.model.template import expressions_in
from symphony.runtime.call import TaskCalls
from symphony.runtime.fast_loop import BoundCalls, Unmade
from symphony.runtime.key_parts import Part
from symphony.runtime.keys import KEY_HEAD, shown
from symphony.runtime.measuring import CpuMeter
from symphony.runtime.steps import Program, Step
from symphony.runtime.values import MISSING, Held
from symphony.store.codecs.choice import SCALARS, encode_scalar
from symphony.store.encoded import SMALL_BYTES, Encoded
from symphony.store.identity import key_part
from symphony.store.slices import CallRow, reference_of

_pack: Callable[[Any], bytes] = msgpack.Packer(unicode_errors="surrogatepass").pack
"""Packs texts and tuples of them; a packer kept costs a tenth of a fresh one, and packing never gives up the interpreter."""
_sha256, _now, _thread = hashlib.sha256, time.time, threading.get_ident
_BUFFERED = 256
_BUFFERED_S = 0.02
_SLOW_S = 0.001
"""A call that took longer is handed to the group commit at once: that costs nothing beside it."""


@dataclass(frozen=True, slots=True)
class Untold:
    """The end of a call that came when the run loop was taking over: that is to tell of it, and to write it down.

    Attributes:
        value: what the call gave, or `MISSING` where it was served.
        rows, keys: what is written with its end; see `Store.record`.
        measures, waited_s, worker: as the journal has them.
    """

    value: Any
    rows: Sequence[Encoded]
    keys: tuple[tuple[str, bytes, bool], ...]
    measures: dict[str, float] | None
    waited_s: float
    worker: str


@dataclass(frozen=True, slots=True)
class _Form:
    """What is equal in the calls of all tasks that give a player the same ports.

    Attributes:
        moved: by input, in the order of the key, which of those of the task it is; None where the order is the same.
        head, tail: text in front of and behind the inputs in what is hashed.
        labels: by input, in the order of the key, the text in front of its identity.
        packed_head, packed_labels, packed_tail: the same for the entry of a key.
        type_text: the type that results are given under; empty where the player names a codec.
    """

    moved: tuple[int, ...] | None
    head: str
    labels: tuple[str, ...]
    tail: str
    packed_head: bytes
    packed_labels: tuple[bytes, ...]
    packed_tail: bytes
    type_text: str


class RecordedCalls:
    """The calls of one run, each recorded. Made for `FastRun`; thread-safe.

    Attributes:
        values: by position; shared with the loop. A result that was served is `MISSING` until a body needs it, and so is
            one that nobody will read any more.
        artifacts: by position.
        states: by position: "succeeded" or "cached", nothing where the call has not ended.
        started, ended: by position, seconds since the epoch.
        keys: by position.
        workers: by position, who made the calls that failed.
        failures: by position, the errors of the calls that failed; shared with the loop.
        running: by thread, the call that it serves or makes. What it has given, or its error, is set before it leaves.
        stopped: no call begins any more. What ends from now on is in `untold`, and neither told nor written here.
        untold: by position.
    """

    def __init__(
        self, bound: BoundCalls, program: Program, calls: TaskCalls, run: str, listener: Callable[[Event], None] | None
    ) -> None:
        self._bound, self._calls, self._run, self._listener = bound, calls, run, listener
        self._lookup, self._no_cache = calls.store.lookup, calls.no_cache
        self._steps = list(program.steps.values())
        count = len(self._steps)
        self.values: list[Any] = []
        self.artifacts: list[Artifact | None] = [None] * count
        self.states: list[str] = [""] * count
        self.started, self.ended = [0.0] * count, [0.0] * count
        self.keys: list[str] = [""] * count
        self.running: dict[int, int] = {}
        self.stopped = False
        self.untold: dict[int, Untold] = {}
        self.failures: dict[int, BaseException] = {}
        self.workers: dict[int, str] = {}
        self._thread_names: dict[int, str] = {}
        self._forms: dict[tuple[Any, ...], _Form] = {}
        self._plan = list(map(self._planned, self._steps, bound.ports, bound.places))
        constants = [self._constant(*found) for found in bound.constant_ports]
        self._identities: list[str] = [""] * count + [part[0] for part in constants]
        self._packed: list[bytes] = [b""] * count + [_pack(part) for part in constants]
        self._packed_run = _pack(run)
        self._uses = self._count_uses(program, len(constants))
        self._first: dict[str, int] = {}
        self._meter = CpuMeter()
        self._ended = threading.Condition()
        self._buffer_lock = threading.Lock()
        self._buffer = _Buffer()
        self._begun_at = self._flushed_at = time.time()

    def _count_uses(self, program: Program, constants: int) -> list[int]:
        """By position, how many calls read it. Outputs of the melody and constants are never read for the last time."""
        uses = [0] * len(self._steps) + [len(self._steps) + 1] * constants
        for _, places in self._plan:
            for p in places:
                uses[p] += 1
        position = {name: i for i, name in enumerate(self._bound.names)}
        for _, expression in expressions_in(dict(program.outputs)):
            for reference in expression.references:
                if reference.root == "tasks":
                    uses[position[reference.name]] += len(self._steps) + 1
        return uses

    def _planned(
        self, step: Step, names: tuple[str, ...], places: tuple[int, ...]
    ) -> tuple[_Form, tuple[int, ...]]:  # fmt: skip
        key = id(step.pin), step.code, names
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = self._form(step, names)
        return form, places if form.moved is None else tuple([places[p] for p in form.moved])

    def _form(self, step: Step, names: tuple[str, ...]) -> _Form:
        recipe = self._calls.key_parts.recipe(step, names)
        labels = tuple([f"\0{label}\0" for _, label, _ in recipe.ports])
        order = [name for name, _, _ in recipe.ports]
        moved = None if order == list(names) else tuple([names.index(name) for name in order])
        return _Form(
            moved,
            KEY_HEAD + _text(recipe.head), labels, _text(recipe.tail),
            _map_header(len(recipe.head) + len(labels) + len(recipe.tail)) + _packed_items(recipe.head),
            tuple(_pack(label) for _, label, _ in recipe.ports), _packed_items(recipe.tail),
            str(step.types.outputs["out"]) if step.pin is not None and step.pin.codec is None else "",
        )  # fmt: skip

    def _constant(self, step: Step, name: str, held: Held) -> Part:
        return self._calls.key_parts.identity(step, name, held)

    # one call ----------------------------------------------------------------------------------------------------

    def make(self, i: int) -> Any:
        """Serve or make the call at a position; returns its value, or `MISSING` where it lies in the store.

        Raises:
            Unmade: the run is ending, or the run loop takes over.
        """
        form, places = self._plan[i]
        identities = self._identities
        text = form.head
        for label, p in zip(form.labels, places):  # noqa: B905  as long as each other; asking costs more than a step
            text += label + identities[p]
        key = self.keys[i] = _sha256((text + form.tail).encode("utf-8", "surrogatepass")).hexdigest()
        first = self._first.setdefault(key, i)
        same = None if first == i else self._same_as(first)
        thread = _thread()
        self.running[thread] = (
            i  # before the look at `stopped`: whoever stops the run sets that first, and then looks here
        )
        try:
            if self.stopped:
                raise Unmade
            if same is not None:
                return self._served(i, same, self.values[first])
            if not self._no_cache:
                entry = self._lookup(key, anchors=self._calls.anchors)
                if entry is not None:
                    return self._served(i, entry.outputs["out"])
            return self._made(i, form, places, key, self._thread_names.get(thread) or self._named(thread))
        except Unmade:
            raise
        except BaseException as error:
            self.workers[i] = self.worker_of(thread)
            self.failures[i] = error
            raise
        finally:
            del self.running[thread]

    def _same_as(self, first: int) -> Artifact:
        """The result of an equal call of this run; waits for it if it is being made by another thread."""
        artifact = self.artifacts[first]
        while artifact is None:
            with self._ended:
                if self.stopped:
                    raise Unmade
                self._ended.wait(0.02)
            artifact = self.artifacts[first]
        return artifact

    def _served(self, i: int, artifact: Artifact, value: Any = MISSING) -> Any:
        now = _now()
        self.values[i] = value
        self._take_note(i, "cached", artifact, reference_of(artifact), MISSING, now, now, "")
        return value

    def _made(self, i: int, form: _Form, places: tuple[int, ...], key: str, worker: str) -> Any:
        asked = _now()
        arguments = self._arguments(i)
        if self.stopped:
            raise Unmade
        started = self.started[i] = _now()
        if self._listener is not None:
            self._tell(EventKind.TASK_STARTED, i, {"attempt": 1, "worker": worker})
        function = self._bound.calls[i][1]
        cpu = 0.0 if function in self._meter.quick else self._meter.start()
        value = function(**arguments) if type(arguments) is dict else function(*arguments)
        ended = _now()
        cpu_s = self._meter.stop(function, cpu, ended - started) if cpu or ended - started > _SLOW_S else None
        value, encoded, rows = self._encoded(form, i, value)
        self.values[i] = value
        reference = reference_of(encoded.artifact)
        packed = self._packed_entry(i, form, places, reference)
        measures, waited_s = None, 0.0
        if ended - started > _SLOW_S:
            waited_s = max(
                0.0, asked - max([self.ended[before] for before in self._bound.edges[i]], default=self._begun_at)
            )
            measures = self._measures(places, encoded.artifact, asked, started, ended) | (
                {} if cpu_s is None else {"cpu_s": cpu_s}
            )
        entry = key, packed, self._no_cache
        self._take_note(
            i, "succeeded", encoded.artifact, reference, value, started, ended, worker, rows, entry, measures, waited_s
        )
        return value if self._uses[i] else MISSING

    def _encoded(self, form: _Form, i: int, value: Any) -> tuple[Any, Encoded, Sequence[Encoded]]:
        """A result, its encoded form, and what a commit takes; a number goes the short way."""
        if form.type_text and type(value) in SCALARS:
            encoded = encode_scalar(value, form.type_text)
            if encoded.artifact.size_bytes <= SMALL_BYTES:
                return value, encoded, (encoded,)
        return self._calls.encode_only(self._steps[i], value)

    def _packed_entry(self, i: int, form: _Form, places: tuple[int, ...], reference: tuple[Any, ...]) -> bytes:
        """The entry of a key, as `pack_entry` packs it."""
        shown_inputs = self._packed
        pieces = [b"\x94", _pack((reference,)), self._packed_run, _pack(self._bound.names[i]), form.packed_head]
        for label, p in zip(form.packed_labels, places):  # noqa: B905  as long as each other
            pieces += (label, shown_inputs[p])
        pieces.append(form.packed_tail)
        return b"".join(pieces)

    def _measures(
        self, places: tuple[int, ...], artifact: Artifact, asked: float, started: float, ended: float
    ) -> dict[str, float]:  # fmt: skip
        """What a slow call cost."""
        sources = [self.artifacts[p] for p in places if p < len(self.artifacts)]
        into = sum([source.size_bytes for source in sources if source is not None])
        return {"load_s": started - asked, "compute_s": ended - started, "save_s": time.time() - ended,
                "bytes_in": into, "bytes_out": artifact.size_bytes}  # fmt: skip

    def _arguments(self, i: int) -> Sequence[Any] | dict[str, Any]:
        arity, _, _, _, _, rest = self._bound.calls[i]
        if arity == -1:
            return {name: self.value(p) for name, p in rest}
        values, found = self.values, []
        for p in rest:
            value = values[p]
            found.append(value if value is not MISSING else self.value(p))
        return found

    def value(self, position: int) -> Any:
        """The value at a position; loaded where it was served, or has left memory."""
        value = self.values[position]
        if value is MISSING:
            artifact = self.artifacts[position]
            assert artifact is not None
            self.flush()  # it may wait in the buffer still
            try:
                value = self._calls.store.get(artifact, anchors=self._calls.anchors)
            except DamagedArtifactError as error:
                value = self._remade(position, artifact, error)
            if self._uses[position] > 0:
                self.values[position] = value
        return value

    def _remade(self, i: int, artifact: Artifact, error: DamagedArtifactError) -> Any:
        """Make a call once more whose stored result is damaged; see `symphony.runtime.remaking`."""
        arguments, function = self._arguments(i), self._bound.calls[i][1]
        value = function(**arguments) if type(arguments) is dict else function(*arguments)
        value, encoded, rows = self._calls.encode_only(self._steps[i], value)
        if encoded.artifact.digest != artifact.digest:
            raise DamagedArtifactError(
                artifact.digest,
                f"{error}. {self._bound.names[i]} was run again and gave another result; run the melody again",
            )
        self._calls.store.record((), rows=rows)
        return value

    def _take_note(
        self, i: int, state: str, artifact: Artifact, reference: tuple[Any, ...], value: Any, started: float, ended: float,
        worker: str, rows: Sequence[Encoded] = (), entry: tuple[str, bytes, bool] | None = None,
        measures: dict[str, float] | None = None, waited_s: float = 0.0,
    ) -> None:  # fmt: skip
        identity = self._identities[i] = key_part(artifact)
        self._packed[i] = _pack((identity, shown(value) if value is not MISSING else identity))
        attempt, begun = (1, started) if worker else (0, None)
        row: CallRow = (
            self._run, self._bound.names[i], -1, state, attempt, begun, ended, waited_s, worker, self.keys[i],
            (reference,), None, None, "", measures,
        )  # fmt: skip
        uses = self._uses
        with self._buffer_lock:
            self.states[i], self.ended[i] = state, ended
            if self.stopped:
                keys = () if entry is None else (entry,)
                self.untold[i] = Untold(self.values[i], rows, keys, measures, waited_s, worker)
                self.artifacts[i] = artifact
                return
            waiting = self._buffer
            waiting.calls.append(row)
            waiting.rows += rows
            if entry is not None:
                waiting.keys.append(entry)
            for p in self._plan[i][1]:  # inputs whose last reader it was leave memory: the store has them
                left = uses[p] = uses[p] - 1
                if not left:
                    self.values[p] = MISSING
            if len(waiting.calls) >= _BUFFERED or ended - started > _SLOW_S or ended - self._flushed_at > _BUFFERED_S:
                self._buffer, self._flushed_at = _Buffer(), ended
                self._write(waiting)  # within the lock: after `flush` nothing is on its way any more
        self.artifacts[i] = artifact  # last: whoever waits for an equal call looks at it
        if self._listener is not None:
            data: dict[str, Any] = {"state": state, "attempt": attempt}
            if attempt:
                data |= {"started_at": started, "duration_s": ended - started, "worker": worker}
            self._tell(EventKind.TASK_ENDED, i, data)

    def worker_of(self, thread: int) -> str:
        """The name of a thread."""
        return self._thread_names.get(thread) or self._named(thread)

    def number_of(self, thread: int) -> int:
        """The number in the name of a thread."""
        return int(self.worker_of(thread).removeprefix("thread-"))

    def _named(self, thread: int) -> str:
        """The name of this thread; it has none of its own, so that names are equal on both roads."""
        name = self._thread_names[thread] = f"thread-{len(self._thread_names)}"
        return name

    def _tell(self, kind: EventKind, i: int, data: dict[str, Any]) -> None:
        assert self._listener is not None
        self._listener(Event(kind, self._run, time.time(), self._bound.names[i], data))

    # writing -----------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """What is to be done now and then by whoever waits for the run."""
        self.flush()
        self.tell_running()

    def flush(self) -> None:
        """Hand what waits to the group commit."""
        with self._buffer_lock:
            buffer, self._buffer, self._flushed_at = self._buffer, _Buffer(), time.time()
            self._write(buffer)

    def _write(self, buffer: _Buffer) -> None:
        if buffer.calls:
            self._calls.store.record_packed(buffer.calls, buffer.rows, buffer.keys)

    def tell_running(self) -> None:
        """Tell the journal which calls are being made."""
        told = [
            {"task": self._bound.names[i], "index": -1, "started_at": self.started[i], "attempt": 1, "worker": ""}
            for i in sorted(dict(self.running).values())
            if self.started[i]
        ]
        self._calls.store.running(self._run, told)

    def stop(self) -> None:
        """Begin no more calls, and tell of no more ends; nobody need wait for an equal call."""
        with self._buffer_lock, self._ended:
            self.stopped = True
            self._ended.notify_all()


class _Buffer:
    """What waits to be handed to the group commit."""

    __slots__ = ("calls", "keys", "rows")

    def __init__(self) -> None:
        self.calls: list[CallRow] = []
        self.rows: list[Encoded] = []
        self.keys: list[tuple[str, bytes, bool]] = []


def _text(parts: Mapping[str, Part]) -> str:
    return "".join([f"\0{name}\0{part[0]}" for name, part in parts.items()])


def _packed_items(parts: Mapping[str, Part]) -> bytes:
    return b"".join([_pack(name) + _pack(part) for name, part in parts.items()])


def _map_header(count: int) -> bytes:
    return bytes((0x80 | count,)) if count < 16 else b"\xde" + count.to_bytes(2, "big")


def can_record_fast(program: Program) -> bool:
    """Whether every call of a program that `can_run_fast` accepts is also one whose key needs nothing special."""
    known: set[int] = set()  # of usual steps those of one player are keyed alike
    for step in program.steps.values():
        if not (step.is_usual and id(step.pin) in known):
            if not _is_keyed_plainly(step):
                return False
            if step.is_usual:
                known.add(id(step.pin))
    return True


def _is_keyed_plainly(step: Step) -> bool:
    if not step.cached or step.is_effect or step.pin is None or step.pin.fingerprint or step.signature is None:
        return False
    return not any(port.by_name for port in step.signature.inputs)
