"""Python melodies: a decorated function is traced once, its calls of players become tasks."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, update_wrapper
from pathlib import Path
from types import CodeType
from typing import Any, TypeVar, cast, get_type_hints

from symphony.define.annotations import record_fields, to_port_type
from symphony.define.call_sites import CallSites, source_text
from symphony.define.garbage import collection_paused
from symphony.define.player import Player
from symphony.define.recording import current_recorder, recording_to
from symphony.define.references import Ref, TaskRef, to_value
from symphony.errors import TracingError
from symphony.model.blank import Blank
from symphony.model.expression import Expression, Name, Select
from symphony.model.expression_parser import parse_expression
from symphony.model.frozen import EMPTY, FrozenMap
from symphony.model.melody import Melody
from symphony.model.names import did_you_mean, problem_with_identifier
from symphony.model.param import Param
from symphony.model.policy import OnFailure
from symphony.model.port_type import ANY
from symphony.model.quantities import counted
from symphony.model.source import Path as DocumentPath
from symphony.model.source import Source, Span
from symphony.model.task import Task
from symphony.model.template import is_settled

T = TypeVar("T")
_POLICIES = frozenset({"retry", "timeout", "isolation", "resources", "tokens", "priority", "cache"})
_MELODY_OPTIONS = ("version", "name", "description", "env", "on_failure")
_RESOURCES = frozenset({"cpus", "memory", "gpus"})

item: Any = Ref(Name("item"))
"""The element of the list that a task runs over."""
index: Any = Ref(Name("index"))
"""The position of that element, from 0."""


class _Each:
    __slots__ = ("crossed", "source")

    def __init__(self, source: Any, *, crossed: bool) -> None:
        self.source, self.crossed = source, crossed


def each(source: Iterable[T]) -> T:
    """Mark an argument: one call per element of a list. Several marked arguments are zipped."""
    return cast(T, _Each(source, crossed=False))


def product(**sources: Any) -> dict[str, Any]:
    """Mark arguments: one call per combination, the last varying fastest. Use as ``f(**product(a=xs, b=ys))``."""
    return {name: _Each(source, crossed=True) for name, source in sources.items()}


def expr(text: str) -> Any:
    """An expression in CEL, as it would stand inside ``${{ }}``: ``expr("size(tasks.rows) > 0")``.

    Raises:
        ExpressionError: the text does not parse.
    """
    return Ref(parse_expression(text).node)


def secret(name: str) -> Any:
    """A secret by name. It may only be passed whole to a port."""
    return Ref(Select(Name("secrets"), name))


def env(name: str) -> Any:
    """An environment variable that the melody lists under ``env``."""
    return Ref(Select(Name("env"), name))


class _ParamSpec:
    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields


_MISSING: Any = object()


def param(
    default: Any = _MISSING,
    *,
    type: str | None = None,
    description: str = "",
    choices: Iterable[Any] | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    pattern: str | None = None,
    secret: bool = False,
    required: bool | None = None,
) -> Any:
    """Describe a parameter where its default would stand: ``def m(top: int = param(20, minimum=1))``."""
    given: dict[str, Any] = {
        "type": type, "description": description, "minimum": minimum, "maximum": maximum, "pattern": pattern,
        "choices": None if choices is None else tuple(choices), "secret": secret,
    }  # fmt: skip
    fields = {k: v for k, v in given.items() if v is not None and v != "" and v is not False}
    if default is not _MISSING:
        fields["default"] = to_value(default)
    if required is not None:
        fields["required"] = required
    return _ParamSpec(fields)


class Draft:
    """A task while it is being written."""

    __slots__ = ("code", "each", "fields", "id", "inputs", "instruction", "kind", "needs", "recorder", "what")

    def __init__(
        self, recorder: MelodyRecorder, id: str, kind: str, what: str, code: CodeType, instruction: int
    ) -> None:
        self.recorder, self.id, self.kind, self.what = recorder, id, kind, what
        self.code, self.instruction = code, instruction
        self.inputs: dict[str, Any] = {}
        self.each: Any = None
        self.fields: dict[str, Any] = {}
        self.needs: list[Draft] = []

    def rename(self, name: str) -> None:
        """Take another id.

        Raises:
            TracingError: the id is no name, or is taken.
        """
        problem = problem_with_identifier(name)
        if problem:
            raise TracingError(f".named(): {problem}")
        drafts = self.recorder.drafts
        if name in drafts and drafts[name] is not self:
            raise TracingError(f".named({name!r}): another task has that id")
        self.recorder.drafts = {name if d is self else i: d for i, d in drafts.items()}
        self.id = name

    def set_options(self, options: Mapping[str, Any]) -> None:
        """Set policies.

        Raises:
            TracingError: an option that does not exist.
        """
        for name, value in options.items():
            if name in _RESOURCES:
                self.fields.setdefault("resources", {})[name] = value
            elif name in _POLICIES:
                self.fields[name] = value
            else:
                valid = ", ".join(sorted(_POLICIES | _RESOURCES))
                raise TracingError(f"a task has no option {name!r}; valid: {valid}")

    def is_like(self, task: Task) -> bool:
        """Whether the draft says what a finished task says; a draft with more than inputs is built to be compared."""
        if self.has_more_than_inputs or len(task.model_fields_set) != 2:
            return Task.model_validate(self.build()) == task
        return getattr(task, self.kind) == self.what and task.inputs == self.inputs

    @property
    def has_more_than_inputs(self) -> bool:
        """Whether anything is said besides the work and its inputs."""
        return bool(self.fields or self.needs) or self.each is not None

    def finished(self) -> Task | dict[str, Any]:
        """The task, where there is nothing to validate; else the document that `Melody` validates."""
        if self.kind != "player" or self.has_more_than_inputs:
            return self.build()
        for name, value in self.inputs.items():
            if type(name) is not str or not is_settled(value):
                return self.build()
        return _BLANK.filled({"player": self.what, "inputs": FrozenMap(self.inputs)})

    def build(self) -> dict[str, Any]:
        """The task as a document."""
        fields: dict[str, Any] = {self.kind: self.what, "with": self.inputs, **self.fields}
        if self.each is not None:
            fields["each"] = self.each
        if self.needs:
            fields["needs"] = tuple(dict.fromkeys([*fields.get("needs", ()), *(d.id for d in self.needs)]))
        return fields


_BLANK = Blank(Task)


class MelodyRecorder:
    """Notes calls of players as tasks of one melody.

    Args:
        folder: where the melody's file lies.
        earlier: the tasks of an earlier trace. What is the same again is taken from there: it costs least to compare.
    """

    def __init__(self, folder: Path, earlier: Mapping[str, Task] = EMPTY) -> None:
        self.drafts: dict[str, Draft] = {}
        self._earlier = earlier
        self.children: dict[str, Melody] = {}
        self.sites = CallSites()
        self._folder = folder
        self._counts: dict[str, int] = {}

    def record(
        self, player: Player[Any, Any], args: tuple[Any, ...], kwargs: dict[str, Any], options: dict[str, Any]
    ) -> TaskRef:
        """Note one call of a player, made by the code two frames up."""
        frame = sys._getframe(2)
        if args:
            kwargs = _named(player, args, kwargs)
        draft = self._draft("player", player.name, player.function.__name__, frame.f_code, frame.f_lasti)
        self._bind(draft, kwargs)
        if options:
            draft.set_options(options)
        return TaskRef(draft)

    def add(self, kind: str, what: str, name: str, inputs: Mapping[str, Any], depth: int) -> Draft:
        """Note a shell step or a sub-melody, made by the code `depth` frames above the caller."""
        frame = sys._getframe(depth + 1)
        draft = self._draft(kind, what, name, frame.f_code, frame.f_lasti)
        self._bind(draft, inputs)
        return draft

    def _draft(self, kind: str, what: str, name: str, code: CodeType, instruction: int) -> Draft:
        site = self.sites.find(code, instruction)
        wanted = site.assigned if site is not None and site.assigned else name
        wanted = wanted.strip("_") or "task"
        count = self._counts.get(wanted, 0) + 1
        id = wanted if count == 1 else f"{wanted}_{count}"
        while id in self.drafts:
            count += 1
            id = f"{wanted}_{count}"
        self._counts[wanted] = count
        draft = self.drafts[id] = Draft(self, id, kind, what, code, instruction)
        return draft

    def _bind(self, draft: Draft, arguments: Mapping[str, Any]) -> None:
        inputs = draft.inputs
        marks: dict[str, _Each] = {}
        earlier = self._earlier.get(draft.id)
        for name, value in arguments.items():
            if type(value) is TaskRef:  # the usual case, without building a tree
                before = earlier.inputs.get(name) if earlier is not None else None
                inputs[name] = _reference_to(value._draft.id, before)
            elif isinstance(value, _Each):
                marks[name] = value
                inputs[name] = None
            else:
                inputs[name] = to_value(value)
        if marks:
            self._bind_each(draft, marks)

    def _bind_each(self, draft: Draft, marks: dict[str, _Each]) -> None:
        kinds = {mark.crossed for mark in marks.values()}
        if len(kinds) > 1:
            raise TracingError("each() and product() cannot be mixed in one call")
        crossed = kinds.pop()
        if len(marks) == 1 and not crossed:
            ((name, mark),) = marks.items()
            draft.inputs[name] = Expression.reference("item")
            draft.each = {"over": {"": to_value(mark.source)}}
            return
        for name in marks:
            draft.inputs[name] = Expression.reference("item", "", (name,))
        draft.each = {"over": {n: to_value(m.source) for n, m in marks.items()}, "product": crossed}

    def reference_to(self, path: str) -> str:
        """A path as it would stand in a melody beside this one."""
        try:
            return "./" + Path(path).relative_to(self._folder).as_posix()
        except ValueError:
            return path


def _reference_to(task: str, before: Any) -> Expression:
    if type(before) is Expression and before.text == f"tasks.{task}":
        return before
    return Expression.reference("tasks", task)


def _named(player: Player[Any, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    names = list(player.parameters)
    if len(args) > len(names):
        raise TracingError(f"{player.name} takes {counted(len(names), 'input')}, not {len(args)}")
    named = dict(zip(names, args, strict=False))
    for name in kwargs:
        if name in named:
            raise TracingError(f"{player.name} got the input {name!r} twice")
    return {**named, **kwargs}


class MelodyFunction:
    """A Python melody. `definition` is the melody as a value; calling it inside another melody makes it a task."""

    def __init__(self, function: Callable[..., Any], fields: Mapping[str, Any]) -> None:
        self.function = function
        self._fields = fields
        update_wrapper(self, function)

    def __repr__(self) -> str:
        return f"<melody {self.function.__module__}:{self.function.__qualname__}>"

    @property
    def file(self) -> str:
        """The file that defines the melody."""
        return self.function.__code__.co_filename

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        recorder = current_recorder()
        if recorder is None:
            raise TracingError(
                f"{self.function.__name__} is a melody: run it with symphony.run({self.function.__name__}, params={{…}})"
            )
        assert isinstance(recorder, MelodyRecorder)
        names = list(inspect.signature(self.function).parameters)
        inputs = {**dict(zip(names, args, strict=False)), **kwargs}
        reference = f"{recorder.reference_to(self.file)}:{self.function.__name__}"
        recorder.children[reference] = self.definition
        return TaskRef(recorder.add("melody", reference, self.function.__name__, inputs, 1))

    @cached_property
    def definition(self) -> Melody:
        """The melody as a value, traced on first use."""
        return self.trace()

    def trace(self) -> Melody:
        """Trace the function once more.

        Raises:
            TracingError: the body did something that only a running task can do; names the file and line.
        """
        with collection_paused():
            return self._built(*self._record())

    def trace_again(self, first: Melody) -> Melody:
        """Trace once more and compare with an earlier trace; gives `first` itself back where nothing differs.

        Cheaper than `trace`: calls are compared as they were recorded, and only a difference is built.
        """
        with collection_paused():
            recorder, params, result = self._record(first.tasks)
            drafts, tasks = recorder.drafts, first.tasks
            same = (
                params == first.params
                and list(drafts) == list(tasks)
                and _outputs(result, self.function.__name__) == first.outputs
                and all(draft.is_like(tasks[id]) for id, draft in drafts.items())
            )
            if not same:
                return self._built(recorder, params, result)
            drafts.clear()  # drafts and recorder hold each other: set free now, not when the collector finds them
            return first

    def _record(self, earlier: Mapping[str, Task] = EMPTY) -> tuple[MelodyRecorder, dict[str, Param], Any]:
        function = self.function
        recorder = MelodyRecorder(Path(self.file).parent, earlier)
        params = self._params()
        references = {name: Ref(Select(Name("params"), name)) for name in params}
        with recording_to(recorder):
            try:
                result = function(**references)
            except TracingError as error:
                raise _placed(error, self.file) from error
        return recorder, params, result

    def _built(self, recorder: MelodyRecorder, params: dict[str, Param], result: Any) -> Melody:
        function, drafts = self.function, recorder.drafts
        with recording_to(None):
            outputs = _outputs(result, function.__name__)
        description = self._fields.get("description") or (inspect.getdoc(function) or "").partition("\n\n")[0]
        return Melody(
            melody=self._fields.get("name") or function.__name__,
            version=self._fields.get("version") or "0.0.0",
            description=" ".join(description.split()),
            params=FrozenMap(params),
            env=tuple(self._fields.get("env") or ()),
            on_failure=self._fields.get("on_failure") or OnFailure.CONTINUE,
            tasks={id: draft.finished() for id, draft in drafts.items()},  # type: ignore[arg-type]  # validated here
            outputs=FrozenMap(outputs),
            children=FrozenMap(recorder.children),
            source=_source(self, recorder),
        )

    def _params(self) -> dict[str, Param]:
        try:
            hints = get_type_hints(self.function, include_extras=True)
        except Exception as error:
            raise TracingError(
                f"{self.file}: an annotation of {self.function.__name__}() cannot be resolved: {error}"
            ) from error
        return {
            name: _param(parameter, hints.get(name, ANY))
            for name, parameter in inspect.signature(self.function).parameters.items()
        }


def _param(parameter: inspect.Parameter, hint: Any) -> Param:
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise TracingError(f"the parameter {str(parameter)!r} of a melody has no name of its own")
    default = parameter.default
    fields = dict(default.fields) if isinstance(default, _ParamSpec) else {}
    if default is not parameter.empty and not isinstance(default, _ParamSpec):
        fields["default"] = to_value(default)
    port = to_port_type(hint) if hint is not ANY else ANY
    if port.name == "literal":
        fields.setdefault("choices", tuple(port.args))
        fields.setdefault("type", {str: "string", int: "integer", bool: "boolean"}.get(type(port.args[0]), "json"))
    fields.setdefault("type", "json" if hint is ANY else str(port))
    return Param.model_validate(fields)


def _outputs(result: Any, name: str) -> dict[str, Any]:
    if result is None:
        return {}
    if isinstance(result, Mapping):
        return {str(k): to_value(v) for k, v in result.items()}
    fields = record_fields(type(result))
    if fields is not None and not isinstance(result, Ref):
        return {k: to_value(getattr(result, k)) for k in fields}
    return {"out": to_value(result)}


def _placed(error: TracingError, file: str) -> TracingError:
    """The error with the line of the melody where it happened in front."""
    traceback = error.__traceback__
    line = 0
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return TracingError(f"{file}:{line}: {error}") if line and not str(error).startswith(file) else error


def _source(melody: MelodyFunction, recorder: MelodyRecorder) -> Source:
    code = melody.function.__code__
    sites = recorder.sites

    def locate(path: DocumentPath) -> Span | None:
        draft = recorder.drafts.get(str(path[1])) if len(path) > 1 and path[0] == "tasks" else None
        site = sites.find(draft.code, draft.instruction) if draft is not None else None
        if site is None:
            return Span(code.co_firstlineno, 1, code.co_firstlineno, 2)
        if len(path) > 3 and path[2] == "with":
            return site.arguments.get(path[3], site.span)
        return site.span

    return Source(code.co_filename, locate, lambda: source_text(code.co_filename))


class _MelodyDecorator:
    def __call__(self, function: Callable[..., Any] | None = None, /, **fields: Any) -> Any:
        """Make a melody of a function.

        Args:
            function: the function, when the decorator is used bare.
            fields: `version`, `name`, `description`, `env` (environment variables that expressions may read),
                `on_failure` (``"continue"``, or ``"stop"``: the first failed task cancels what has not started).
        """
        unknown = sorted(set(fields) - set(_MELODY_OPTIONS))
        if unknown:
            raise TracingError(f"@melody has no option {unknown[0]!r}; valid: {', '.join(_MELODY_OPTIONS)}")
        asked = fields.get("on_failure")
        if asked is not None and asked not in (words := [str(word) for word in OnFailure]):
            raise TracingError(f"@melody(on_failure={asked!r}): {did_you_mean(str(asked), words, what='values')}")
        if function is not None:
            return MelodyFunction(function, fields)
        return lambda f: MelodyFunction(f, fields)


melody = _MelodyDecorator()
"""Makes a melody of a function: ``@melody(version="1.0.0")``."""


def _recorder() -> MelodyRecorder:
    recorder = current_recorder()
    if not isinstance(recorder, MelodyRecorder):
        raise TracingError("this can only be used inside a function decorated with @melody")
    return recorder


def call(
    player: Player[Any, Any] | str,
    *,
    with_: Mapping[str, Any] | None = None,
    each: Any = None,
    when: Any = None,
    needs: Iterable[str] = (),
    description: str = "",
    **options: Any,
) -> Any:
    """Call a player with everything said at once; for what plain call syntax cannot say.

    Args:
        player: a player, or its name.
        with_: the inputs; `item` and `index` may be used inside.
        each: a list, a map of lists to zip, or ``{"product": {…}}``.
        when: a condition.
        needs: ids of tasks that must end first, also of tasks that come later in the text.
        description: one line for people.
        options: policies, as for ``.options()``.
    """
    name = player if isinstance(player, str) else player.name
    short = name.rpartition(":")[2].rpartition(".")[2]
    draft = _recorder().add("player", name, short, with_ or {}, 1)
    return _completed(draft, each, when, options, needs, description)


def _completed(
    draft: Draft, each: Any, when: Any, options: Mapping[str, Any], needs: Iterable[str] = (), description: str = ""
) -> TaskRef:
    if needs:
        draft.fields["needs"] = tuple(needs)
    if description:
        draft.fields["description"] = description
    if each is not None:
        draft.each = to_value(each)
    draft.set_options(options)
    reference = TaskRef(draft)
    return reference if when is None else reference.when(when)


def shell(
    script: str,
    *,
    with_: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | None = None,
    each: Any = None,
    when: Any = None,
    needs: Iterable[str] = (),
    description: str = "",
    **options: Any,
) -> Any:
    """A shell step: `script` runs under bash, inputs arrive as environment variables, `outputs` are files it leaves."""
    draft = _recorder().add("run", script, "shell", with_ or {}, 1)
    if outputs:
        draft.fields["outputs"] = dict(outputs)
    return _completed(draft, each, when, options, needs, description)


def submelody(
    path: str,
    *,
    each: Any = None,
    when: Any = None,
    needs: Iterable[str] = (),
    description: str = "",
    priority: int | None = None,
    with_: Mapping[str, Any] | None = None,
    **inputs: Any,
) -> Any:
    """Another melody as a task, by its path relative to this file; `with_` for parameters named like an option."""
    draft = _recorder().add("melody", path, Path(path).stem, {**(with_ or {}), **inputs}, 1)
    options = {} if priority is None else {"priority": priority}
    return _completed(draft, each, when, options, needs, description)
