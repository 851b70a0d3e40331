"""Melody to Plan or diagnostics: resolves players, checks names, links, types and expressions, and fixes the order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from symphony.compiler.expressions import ExpressionChecks
from symphony.compiler.fit import Fit, fit
from symphony.compiler.flatten import Flat, FlatTask, check_arguments, flatten
from symphony.compiler.links import report_fit
from symphony.compiler.literals import elements_fit, misfit
from symphony.compiler.order import Cycle, in_order
from symphony.compiler.params import check_params
from symphony.compiler.planning import normal_value, planned_task, player_pin
from symphony.compiler.policies import check_policies
from symphony.compiler.problems import Problems
from symphony.compiler.secrets import SecretChecks
from symphony.compiler.types import TaskTypes, TypeScope
from symphony.errors import PlayerDefinitionError
from symphony.model import port_type as pt
from symphony.model.diagnostic import Diagnostic, Severity
from symphony.model.expression import Expression
from symphony.model.frozen import FrozenMap
from symphony.model.melody import Melody
from symphony.model.names import did_you_mean
from symphony.model.plan import Plan, PlannedTask, PlayerPin
from symphony.model.policy import OnFailure
from symphony.model.port_type import PortType
from symphony.model.signature import Catalog, Port, Signature
from symphony.model.template import expressions_in

if TYPE_CHECKING:
    from symphony.compiler.identity.values import Note


class CodeIdentity(Protocol):
    """What a player's code reaches, hashed."""

    @property
    def digest(self) -> str | None:
        """The hash, or None where no source was found."""

    @property
    def imports(self) -> tuple[str, ...]:
        """Third-party modules that reached code imports."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """What deserves a second look in the code that was reached."""


Identities = Callable[[Signature], CodeIdentity]


@dataclass(frozen=True, slots=True)
class Compilation:
    """The result: a plan when there are no errors, and every diagnostic either way."""

    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """Whether there is a plan."""
        return self.plan is not None


def compile_melody(
    melody: Melody,
    catalog: Catalog,
    identities: Identities,
    *,
    broken: frozenset[str] = frozenset(),
    before: Iterable[Diagnostic] = (),
) -> Compilation:
    """Compile a melody. Pure: the same arguments give the same plan, byte for byte.

    Args:
        melody: the definition.
        catalog: where players are found.
        identities: gives the code identity of a player of the project.
        broken: tasks that could not be read: references to them are not reported again.
        before: problems found while reading; they come out with the others.
    """
    problems = Problems()
    for diagnostic in before:
        problems.add_diagnostic(diagnostic)
    plan = _Compiler(problems, catalog, identities, {}).plan(melody, broken)
    return Compilation(None if problems.has_errors else plan, problems.sorted())


class _Compiler:
    """Compiles one melody, and the regions inside it, with shared players."""

    def __init__(
        self, problems: Problems, catalog: Catalog, identities: Identities, signatures: dict[str, Signature | None]
    ) -> None:
        self.problems = problems
        self.catalog = catalog
        self.identities = identities
        self.signatures = signatures
        self.pins: dict[str, PlayerPin] = {}
        self.ports: dict[str, dict[str, Port]] = {}
        self.types: dict[tuple[str, bool], TaskTypes] = {}
        self.hints: dict[str, str] = {}

    def plan(self, melody: Melody, broken: frozenset[str], above: tuple[Melody, ...] = ()) -> Plan:
        check_params(melody, self.problems)
        flat = flatten(melody, self.problems)
        work = _Work(self, melody, flat, broken, above)
        tasks = work.tasks()
        outputs, output_types = work.outputs()
        # Every field is a finished value; validating again would read text that holds a literal ${{ as an expression.
        return Plan.model_construct(
            melody=melody.name,
            version=melody.version,
            description=melody.description,
            params=melody.params,
            env=tuple(sorted(melody.env)),
            on_failure=melody.on_failure if not above else OnFailure.CONTINUE,
            players=FrozenMap({n: self.pins[n] for n in sorted(self.pins)} if not above else {}),
            tasks=tuple(tasks),
            outputs=FrozenMap(outputs),
            output_types=FrozenMap(output_types),
        )

    def signature(self, name: str, flat: FlatTask) -> Signature | None:
        """Find a player; each name is looked up, reported and pinned once."""
        if name not in self.signatures:
            self.signatures[name] = self._find(name, flat)
        elif self.signatures[name] is None:
            self._find(name, flat)
        return self.signatures[name]

    def ports_of(self, signature: Signature) -> dict[str, Port]:
        """The inputs of a player by name."""
        found = self.ports.get(signature.name)
        if found is None:
            found = self.ports[signature.name] = {p.name: p for p in signature.inputs}
        return found

    def types_of(self, signature: Signature, *, listed: bool) -> TaskTypes:
        """What the tasks of a player give: one value for all of them."""
        found = self.types.get((signature.name, listed))
        if found is None:
            outputs = {p.name: p.type for p in signature.outputs}
            found = self.types[signature.name, listed] = TaskTypes(outputs, signature.several, listed)
        return found

    def _find(self, name: str, flat: FlatTask) -> Signature | None:
        where: dict[str, Any] = {"melody": flat.melody, "at": flat.at("player"), "task": flat.id}
        try:
            found = self.catalog.find(name)
        except PlayerDefinitionError as error:
            self.problems.add("SYM151", f"the player {name!r} cannot be used: {error}", **where)
            return None
        if found is None:
            if name not in self.hints:  # looking through every player is slow, and a misspelt one may be used often
                self.hints[name] = did_you_mean(name, self.catalog.names(), what="players")
            hint = self.hints[name]
            self.problems.add("SYM150", f"there is no player {name!r}", hint=hint, **where)
            return None
        if found.name not in self.pins:
            identity = self.identities(found)
            self.pins[found.name] = player_pin(found, identity)
            for note in identity.notes:
                self.problems.add(
                    "SYM197", f"{note.module}:{note.line}: {note.message}", severity=Severity.NOTE,
                    hint="make it an input, or a constant", **where,
                )  # fmt: skip
        for port in found.inputs:
            if port.by_name and not found.fingerprint:
                self.problems.add(
                    "SYM198", f"the player {name!r} takes {port.name!r} by name only and declares no fingerprint",
                    hint="add fingerprint=… to the player: a function of the inputs that describes what it reads", **where,
                )  # fmt: skip
        return found


class _Work:
    """The checks of one flat list of tasks."""

    def __init__(
        self, compiler: _Compiler, melody: Melody, flat: Flat, broken: frozenset[str], above: tuple[Melody, ...]
    ) -> None:
        self.compiler, self.problems = compiler, compiler.problems
        self.melody, self.flat, self.broken, self.above = melody, flat, broken, above
        self.types: dict[str, TaskTypes] = {}
        self.bodies: dict[str, Plan] = {}
        self.scope = TypeScope(
            {n: p.port_type for n, p in melody.params.items()},
            self.types,
            frozenset(melody.env),
            None,
            broken,
            flat.tasks,
        )
        self.expressions = ExpressionChecks(self.scope, self.problems)
        self.secrets = SecretChecks(melody, self.problems)

    def tasks(self) -> list[PlannedTask]:
        planned: list[PlannedTask] = []
        for id in self.order():
            flat = self.flat.tasks[id]
            signature = self.resolve(flat)
            self.scope.items = self.each(flat)
            self.inputs(flat, signature)
            self.when(flat)
            self.secrets.check_task(flat)
            self.types[id] = self.gives(flat, signature)
            check_policies(flat, signature, self.problems)
            if not self.problems.has_errors:
                planned.append(planned_task(flat, signature, self.bodies.get(id), self.types))
        self.scope.items = None
        self.expressions.check_types()
        return planned

    # order -------------------------------------------------------------------------------------------------------

    def order(self) -> list[str]:
        tasks = self.flat.tasks
        waits_for: dict[str, tuple[str, ...]] = {}
        for id, flat in tasks.items():
            waits_for[id] = tuple([n for n in self.links(flat) if n in tasks])
        try:
            return in_order(waits_for)
        except Cycle as cycle:
            first = tasks[cycle.members[0]]
            self.problems.add(
                "SYM170", f"tasks wait for each other in a circle: {' -> '.join(cycle.members)}",
                melody=first.melody, at=first.at(), key=True, task=first.id, hint="take one of these links out",
            )  # fmt: skip
            return list(tasks)

    def links(self, flat: FlatTask) -> list[str]:
        names: list[str] = []
        for value in flat.inputs.values():
            _collect(value, names)
        if flat.each is not None:
            for value in flat.each.over.values():
                _collect(value, names)
        if flat.when is not None:
            _collect(flat.when, names)
        for name in flat.needs:
            if name not in self.flat.tasks and name not in self.broken:
                local = {t.name: t for t in self.flat.tasks.values() if t.melody is flat.melody}
                self.problems.add(
                    "SYM171", f"needs names no task: {name!r}", melody=flat.melody, at=flat.at("needs"), task=flat.id,
                    hint=did_you_mean(name, local, what="tasks"),
                )  # fmt: skip
            names.append(name)
        return names

    # one task ----------------------------------------------------------------------------------------------------

    def resolve(self, flat: FlatTask) -> Signature | None:
        if flat.task.player is not None:
            return self.compiler.signature(flat.task.player, flat)
        if flat.region is not None:
            check_arguments(flat.melody, flat.name, flat.task, flat.region, self.problems)
            above = (*self.above, self.melody)
            self.bodies[flat.id] = self.compiler.plan(flat.region, frozenset(), above)
        return None

    def each(self, flat: FlatTask) -> Mapping[str, PortType] | None:
        if flat.each is None:
            return None
        self.scope.items = None
        types: dict[str, PortType] = {}
        lengths: dict[str, int] = {}
        for name, value in flat.each.over.items():
            at = flat.at("each") if not name else flat.at("each", *(("product",) if flat.each.product else ()), name)
            if isinstance(value, tuple):
                lengths[name] = len(value)
            types[name] = self.element_type(flat, value, at)
        if len(set(lengths.values())) > 1 and not flat.each.product:
            shown = ", ".join(f"{n} has {c}" for n, c in lengths.items())
            self.problems.add("SYM181", f"zipped lists must be equally long: {shown}", melody=flat.melody,
                              at=flat.at("each"), task=flat.id, hint="use product: to cross them")  # fmt: skip
        return types

    def element_type(self, flat: FlatTask, value: Any, at: tuple[str | int, ...]) -> PortType:
        t = self.value_type(flat, value, at)
        if isinstance(value, tuple):
            return t.inner()
        if t.name in ("list", "tuple"):
            return t.inner() if t.name == "list" else pt.union_of(*(a for a in t.args if isinstance(a, PortType)))
        if t in (pt.ANY, pt.JSON) or (t.name == "union" and any(m.name == "list" for m in t.members)):
            return pt.ANY
        self.problems.add(
            "SYM180", f"each takes a list, this is {t}", melody=flat.melody, at=at, task=flat.id,
            hint="give a list, or a reference to a task that gives one",
        )  # fmt: skip
        return pt.ANY

    def inputs(self, flat: FlatTask, signature: Signature | None) -> None:
        if flat.region is not None:
            for name, value in flat.inputs.items():
                param = flat.region.params.get(name)
                self.link(
                    flat,
                    name,
                    value,
                    param.port_type if param is not None else pt.ANY,
                )
            return
        if flat.task.run is not None:
            for name, value in flat.inputs.items():
                self.shell_input(flat, name, value)
            return
        if signature is None:
            for name, value in flat.inputs.items():
                self.value_type(flat, value, flat.at("with", name))
            return
        ports = self.compiler.ports_of(signature)
        for name, value in flat.inputs.items():
            port = ports.get(name)
            if port is not None and self.plainly_fits(value, port.type):
                continue
            if port is None:
                self.problems.add(
                    "SYM152", f"the player {signature.name!r} has no input {name!r}", melody=flat.melody,
                    at=flat.at("with", name), key=True, task=flat.id, hint=did_you_mean(name, ports, what="inputs"),
                )  # fmt: skip
                self.value_type(flat, value, flat.at("with", name))
            else:
                self.link(flat, name, value, port.type)
        for name, port in ports.items():
            if port.required and name not in flat.inputs:
                self.problems.add(
                    "SYM153", f"the player {signature.name!r} needs the input {name!r} ({port.type})", melody=flat.melody,
                    at=flat.at(), key=True, task=flat.id, hint=f"add {name}: … under with",
                )  # fmt: skip

    def plainly_fits(self, value: Any, wanted: PortType) -> bool:
        """Whether this is the usual link, the whole result of an earlier task, and fits; `link` looks at all others."""
        bare = value.bare if type(value) is Expression else None
        if bare is None or bare.path or bare.root != "tasks":
            return False
        types = self.types.get(bare.name)
        given = types.whole() if types is not None else None
        return given is not None and fit(given, wanted) is Fit.YES

    def link(self, flat: FlatTask, name: str, value: Any, wanted: PortType) -> None:
        """Check that a value fits an input: links by type, plain data by value, lists and maps part by part."""
        at = flat.at("with", name)
        if isinstance(value, Expression):
            self.fits(flat, value, wanted, at)
            return
        reason = misfit(value, wanted)
        if reason:
            self.problems.add("SYM155", f"{name}: {reason}", melody=flat.melody, at=at, task=flat.id,
                              hint=f"the input {name!r} takes {wanted}")  # fmt: skip
        elif isinstance(value, (tuple, Mapping)):
            self.parts(flat, value, wanted, at)

    def parts(self, flat: FlatTask, value: Any, wanted: PortType, at: tuple[str | int, ...]) -> None:
        entries = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, inner in entries:
            if isinstance(inner, Expression):
                self.fits(flat, inner, _part(wanted, key), (*at, key))
            elif isinstance(inner, (tuple, Mapping)):
                self.parts(flat, inner, _part(wanted, key), (*at, key))

    def fits(self, flat: FlatTask, value: Expression, wanted: PortType, at: tuple[str | int, ...]) -> None:
        given = self.expressions.type_of(value, flat.melody, at, flat.id)
        if given is None:  # known once all expressions are compiled together
            self.expressions.expect(value, wanted, flat.melody, at, flat.id)
            return
        if flat.each is not None and fit(given, wanted) is not Fit.YES and elements_fit(value, flat.each, wanted):
            return
        report_fit(self.problems, given, wanted, value, flat.melody, at, flat.id)

    def shell_input(self, flat: FlatTask, name: str, value: Any) -> None:
        at = flat.at("with", name)
        t = self.value_type(flat, value, at)
        if (t.is_class and t.fields is None) or t.name == "bytes":
            self.problems.add(
                "SYM156", f"the input {name!r} is {t}, which cannot be an environment variable", melody=flat.melody, at=at,
                task=flat.id, hint="pass text, numbers, paths, or lists and maps of them (as JSON)",
            )  # fmt: skip

    def value_type(self, flat: FlatTask, value: Any, at: tuple[str | int, ...]) -> PortType:
        """The type of a value that may be an expression; lists and maps by their parts."""
        if isinstance(value, Expression):
            found = self.expressions.type_of(value, flat.melody, at, flat.id)
            return pt.ANY if found is None else found
        if isinstance(value, tuple):
            return pt.list_of(
                pt.union_of(*[self.value_type(flat, v, (*at, i)) for i, v in enumerate(value)] or [pt.ANY])
            )
        if isinstance(value, Mapping):
            fields = {k: self.value_type(flat, v, (*at, k)) for k, v in value.items()}
            return PortType("map", (pt.union_of(*fields.values()) if fields else pt.ANY,), FrozenMap(fields))
        names = {str: pt.STRING, bool: pt.BOOLEAN, int: pt.INTEGER, float: pt.NUMBER, type(None): pt.NULL}
        return names.get(type(value), pt.ANY)

    def when(self, flat: FlatTask) -> None:
        if isinstance(flat.when, Expression):
            at = flat.at("when")
            given = self.expressions.type_of(flat.when, flat.melody, at, flat.id)
            if given is None:
                self.expressions.expect(flat.when, pt.BOOLEAN, flat.melody, at, flat.id, condition=True)
            elif given not in (pt.BOOLEAN, pt.ANY, pt.JSON):
                self.problems.add("SYM145", f"when takes true or false, this is {given}", melody=flat.melody, at=at,
                                  task=flat.id, hint="compare it: x > 0, x == 'text', size(x) > 0")  # fmt: skip

    def gives(self, flat: FlatTask, signature: Signature | None) -> TaskTypes:
        listed = flat.each is not None
        if signature is not None:
            return self.compiler.types_of(signature, listed=listed)
        if flat.id in self.bodies:
            body = self.bodies[flat.id]
            return TaskTypes({n: pt.parse_port_type(t) for n, t in body.output_types.items()}, True, listed)
        if flat.task.run is not None:
            files = {n: self.file_type(flat, n) for n in flat.task.outputs}
            return TaskTypes({**files, "stdout": pt.STRING, "stderr": pt.STRING}, True, listed)
        return TaskTypes({"out": pt.ANY}, False, listed)

    def file_type(self, flat: FlatTask, name: str) -> PortType:
        declared = flat.task.outputs[name].type
        if declared is None:
            return pt.PATH
        t = pt.parse_port_type(declared)
        if t.is_media:
            return PortType("file", (t,))
        if t.name in ("file", "path"):
            return t
        self.problems.add(
            "SYM157", f"the output {name!r} is a file, it cannot be of type {t}", melody=flat.melody,
            at=flat.at("outputs", name), task=flat.id, hint="give a media type such as text/csv, or path",
        )  # fmt: skip
        return pt.PATH

    # outputs -----------------------------------------------------------------------------------------------------

    def outputs(self) -> tuple[dict[str, Any], dict[str, str]]:
        values: dict[str, Any] = {}
        types: dict[str, str] = {}
        holder = FlatTask("", "", self.melody, None, {}, None, None, ())  # type: ignore[arg-type]
        pending: dict[str, Expression] = {}
        for name, value in self.flat.outputs.items():
            at = ("outputs", name)
            self.secrets.check(value, self.melody, at, None)
            if isinstance(value, Expression):
                found = self.expressions.type_of(value, self.melody, at, None)
                if found is None:
                    pending[name] = value
                types[name] = str(found) if found is not None else "any"
            else:
                types[name] = str(self.value_type(holder, value, at))
            values[name] = normal_value(value, self.types)
        self.expressions.check_types()
        for name, expression in pending.items():
            types[name] = str(self.expressions.settled(expression))
        return values, types


def _collect(value: Any, names: list[str]) -> None:
    if isinstance(value, Expression):
        for reference in value.references:
            if reference.root == "tasks" and reference.name:
                names.append(reference.name)
    elif isinstance(value, (tuple, Mapping)):
        for _, expression in expressions_in(value):
            names.extend(r.name for r in expression.references if r.root == "tasks" and r.name)


def _part(wanted: PortType, key: str | int) -> PortType:
    if wanted.name == "union":
        return (
            pt.union_of(*(_part(m, key) for m in wanted.members if m.name not in pt.SCALARS))
            if wanted.members
            else pt.ANY
        )
    if wanted.fields is not None:
        return wanted.fields.get(str(key), pt.ANY)
    if wanted.name == "tuple" and isinstance(key, int):
        return wanted.inner(0 if wanted.args[-1:] == (...,) else key)
    if wanted.name in ("list", "set", "map"):
        return wanted.value_type
    return pt.ANY
