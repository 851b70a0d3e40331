"""The one place where concrete parts meet: load, compile, run, resume, explain."""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from symphony.compiler.compile import Compilation, compile_melody
from symphony.compiler.excerpt import excerpt_of
from symphony.compiler.identity import Identity, IdentityReader
from symphony.config.project import Project, find_project
from symphony.define.catalog import ProjectCatalog, make_importable
from symphony.define.source_tree import ProjectSources
from symphony.define.static_catalog import StaticCatalog
from symphony.define.tracing import MelodyFunction
from symphony.errors import CompileError, MissingExtraError, RefusedError, TracingError, UsageError
from symphony.model.diagnostic import Diagnostic
from symphony.model.event import Event
from symphony.model.frozen import FrozenMap
from symphony.model.melody import Melody
from symphony.model.names import did_you_mean
from symphony.model.plan import Plan
from symphony.model.signature import Catalog, Signature
from symphony.model.source import Span

if TYPE_CHECKING:
    from symphony.runtime.code_record import CodeRecord
    from symphony.runtime.execute import Order
    from symphony.runtime.explain import Decision
    from symphony.runtime.result import RunResult
    from symphony.store.records import RunRecord
    from symphony.store.store import Store

PACKAGE = Path(__file__).parent
EXTRA_EXECUTORS = ("dask", "prefect")
"""Executors of Symphony that an extra installs; named after it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking found.

    Attributes:
        melody: the definition, as far as it could be read.
        plan: the plan, when there are no errors.
        diagnostics: every problem, in the order of the files.
    """

    melody: Melody | None
    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """Whether there is a plan."""
        return self.plan is not None


@dataclass(frozen=True, slots=True)
class _Read:
    melody: Melody | None
    diagnostics: tuple[Diagnostic, ...] = ()
    broken: frozenset[str] = frozenset()


# finding and reading --------------------------------------------------------------------------------------------------


def shipped_melodies() -> Path:
    """The folder of the ready-made melodies: inside the wheel, or beside the package in a checkout."""
    inside = PACKAGE / "_melodies"
    return inside if inside.is_dir() else PACKAGE.parent / "melodies"


def find_definition(name: str, project: Project) -> str:
    """Find a melody by file, ``file.py:name``, or by its stem in the project's melodies, then in the shipped ones.

    Raises:
        UsageError: nothing is there; names what there is.
    """
    file, colon, inner = name.partition(":")
    path = Path(file)
    if path.is_file():
        return name
    if path.suffix or "/" in file:
        raise UsageError(f"there is no file {file!r}")
    folders = (project.melodies, shipped_melodies())
    for folder in folders:
        for suffix in (".yaml", ".yml", ".py"):
            found = folder / f"{file}{suffix}"
            if found.is_file():
                return f"{found}{colon}{inner}"
    known = {p.stem for f in folders if f.is_dir() for p in f.iterdir() if p.suffix in (".yaml", ".yml", ".py")}
    raise UsageError(f"there is no melody {name!r}: {did_you_mean(name, sorted(known), what='melodies')}")


def _read(target: str, seen: tuple[str, ...] = ()) -> _Read:
    """Read a melody file, with the melodies that its tasks name."""
    file, _, inner = target.partition(":")
    path = Path(file)
    if path.suffix == ".py":
        traced = _python_melody(path, inner).trace()
        return _with_children(traced, (), frozenset(), path, (*seen, str(path.resolve())))
    from symphony.define.yaml_reader import read_yaml  # only YAML melodies need the parser

    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    draft = read_yaml(content, file)
    if draft.melody is None:
        return _Read(None, draft.diagnostics, draft.broken)
    return _with_children(draft.melody, draft.diagnostics, draft.broken, path, (*seen, str(path.resolve())))


def _with_children(
    melody: Melody, diagnostics: tuple[Diagnostic, ...], broken: frozenset[str], path: Path, seen: tuple[str, ...]
) -> _Read:
    children: dict[str, Melody] = dict(melody.children)
    found = list(diagnostics)
    lost: set[str] = set(broken)
    for name, task in melody.tasks.items():
        if task.melody is None or task.melody in children:
            continue
        at = melody.source.locate(("tasks", name, "melody"))
        where, _, inner = task.melody.partition(":")
        child_path = path.parent / where
        if str(child_path.resolve()) in seen:
            circle = " -> ".join([*(Path(s).name for s in seen), child_path.name])
            found.append(Diagnostic("SYM172", f"the melody uses itself: {circle}", file=melody.source.file, span=at, task=name,
                                    hint="move the shared part into a melody of its own"))  # fmt: skip
            lost.add(name)
        elif not child_path.is_file():
            beside = sorted(p.name for p in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
            found.append(Diagnostic("SYM173", f"there is no melody file {task.melody!r}", file=melody.source.file, span=at,
                                    task=name, hint=did_you_mean(Path(where).name, beside, what="files")))  # fmt: skip
            lost.add(name)
        else:
            child = _read(f"{child_path}:{inner}" if inner else str(child_path), seen)
            found += child.diagnostics
            if child.melody is None:
                lost.add(name)
            else:
                children[task.melody] = child.melody
    kept = {n: t for n, t in melody.tasks.items() if n not in lost}
    whole = melody.model_copy(update={"children": FrozenMap(children), "tasks": FrozenMap(kept)})
    return _Read(whole, tuple(found), frozenset(lost))


def _python_melody(path: Path, name: str) -> MelodyFunction:
    module = import_file(path)
    found = {k: v for k, v in vars(module).items() if isinstance(v, MelodyFunction)}
    if name:
        if name not in found:
            raise UsageError(
                f"{path} has no melody {name!r}: {did_you_mean(name, found, what='melodies') or 'it has none'}"
            )
        return found[name]
    own = {k: v for k, v in found.items() if v.function.__module__ == module.__name__}
    if len(own) != 1:
        what = (
            f"several melodies: {', '.join(own)}; name one: {path}:{next(iter(own))}"
            if own
            else "no melody: decorate a function with @melody"
        )
        raise UsageError(f"{path} holds {what}")
    return next(iter(own.values()))


def import_file(path: Path) -> ModuleType:
    """Import a Python file under the name that its players are found by: dotted from the project's root.

    Raises:
        UsageError: it is no Python file.
        TracingError: the file cannot be imported; says why and in which line.
    """
    path = path.resolve()
    root = find_project(path).root
    name = _module_name(path, root)
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, "__file__", None) == str(path):
        return loaded
    make_importable((root, path.parent))
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise UsageError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        line = next((f":{t.tb_lineno}" for t in _traceback(error) if t.tb_frame.f_code.co_filename == str(path)), "")
        if isinstance(error, SyntaxError) and error.filename == str(path) and error.lineno:
            line = f":{error.lineno}"
        raise TracingError(f"{path}{line}: importing the file failed: {type(error).__name__}: {error}") from error
    return module


def _traceback(error: BaseException) -> Iterable[Any]:
    at = error.__traceback__
    found = []
    while at is not None:
        found.append(at)
        at = at.tb_next
    return reversed(found)


def _module_name(path: Path, root: Path) -> str:
    """The dotted name of a file: from the project's root where every folder is a name, else its stem."""
    try:
        parts = path.relative_to(root).with_suffix("").parts
    except ValueError:
        parts = (path.stem,)
    return ".".join(parts) if all(p.isidentifier() for p in parts) and parts[0] != "symphony" else path.stem


# compiling ------------------------------------------------------------------------------------------------------------


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Pause the collector: a large melody is a million small values that live on, looked through again and again."""
    if not gc.isenabled():  # paused by the user, or by a compilation in another thread
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def check(target: Any, *, project: Project | None = None, imports: bool = True) -> Checked:
    """Check a melody, a plan, or a file of either; never raises for problems of the melody.

    Args:
        target: what to check.
        project: whose players are meant; None: the project above the melody.
        imports: False reads players from their source text and executes nothing of the project.
    """
    with _no_garbage_collection():
        return _checked(target, project, imports)


def _checked(target: Any, project: Project | None, imports: bool) -> Checked:
    if isinstance(target, Plan):
        return Checked(None, target, ())
    if isinstance(target, (str, Path)):
        place = find_definition(str(target), project or find_project(Path.cwd()))
        file = Path(place.partition(":")[0])
        home = project or _project_around(file)
        if place.endswith(".json"):
            plan = Plan.from_text(Path(place).read_text("utf-8"), file=place)
            return Checked(None, plan.from_origin(_folders(home, file.parent, home.melodies)), ())
        if not imports and file.suffix == ".py":
            raise UsageError(f"{file} is Python: it can only be read by importing it; --no-import is for YAML melodies")
        try:
            if file.suffix == ".py":
                function = _python_melody(file, place.partition(":")[2])
                return _compiled(_read(place), home, file.parent, function)
            return _compiled(_read(place), home, file.parent, imports=imports)
        except TracingError as error:
            return Checked(None, None, _finished((_tracing_problem(error, place),)))
    if isinstance(target, MelodyFunction):
        home = project or _project_around(_file_of(target))
        return _compiled(_Read(target.trace()), home, Path(target.file).parent, target)
    if isinstance(target, Melody):
        own = _file_of(target)
        return _compiled(_Read(target), project or _project_around(own), own.parent if own else Path.cwd())
    raise UsageError(f"a melody, a plan or a path is needed, not {type(target).__name__}")


def _tracing_problem(error: TracingError, place: str) -> Diagnostic:
    file, _, rest = str(error).partition(".py:")
    line, _, message = rest.partition(": ")
    if line.isdigit():
        return Diagnostic("SYM151", message, file=f"{file}.py", span=Span(int(line), 1, int(line), 2))
    return Diagnostic("SYM151", str(error), file=place.partition(":")[0])


def project_of(target: Any, *, state: Path | None = None) -> Project:
    """The project that a melody or a plan belongs to: the one around its file, else around the current folder.

    A plan in memory belongs to the project that it was compiled in.

    Raises:
        UsageError: there is no such melody.
    """
    if isinstance(target, Plan):
        return find_project(Path(target.origin[0]) if target.origin else Path.cwd(), state=state)
    return _project_around(_file_of(target), state)


def _project_around(file: Path | None, state: Path | None = None) -> Project:
    """The project above a file; for a shipped melody that of the current folder."""
    if file is None or file.resolve().is_relative_to(shipped_melodies().resolve()):
        return find_project(Path.cwd(), state=state)
    return find_project(file, state=state)


def _file_of(target: Any) -> Path | None:
    """The file that defines a melody or holds a plan; None where there is none, as in a notebook."""
    if isinstance(target, (str, Path)):
        return Path(find_definition(str(target), find_project(Path.cwd())).partition(":")[0])
    named = (
        target.file if isinstance(target, MelodyFunction) else target.source.file if isinstance(target, Melody) else ""
    )
    file = Path(named)
    return file if named and file.exists() else None


def _folders(project: Project, *others: Path) -> tuple[str, ...]:
    """The folders where modules of players are looked for, the project's root first."""
    return tuple(dict.fromkeys(str(f) for f in (project.root, *(o.resolve() for o in others))))


def _compiled(
    read: _Read, project: Project, folder: Path, traced: MelodyFunction | None = None, *, imports: bool = True
) -> Checked:
    if read.melody is None:
        return Checked(None, None, _finished(read.diagnostics))
    before = list(read.diagnostics)
    if traced is not None and (again := _traced_again(traced, read.melody)) != read.melody:
        before.append(_unsteady(read.melody, again))
    result = compile_with(read.melody, project, folder, broken=read.broken, before=before, imports=imports)
    plan = None if result.plan is None else result.plan.from_origin(_folders(project, folder))
    return Checked(read.melody, plan, _finished(result.diagnostics))


def compile_with(
    melody: Melody,
    project: Project,
    folder: Path,
    *,
    broken: frozenset[str] = frozenset(),
    before: Iterable[Diagnostic] = (),
    imports: bool = True,
) -> Compilation:
    """Compile a melody with the players of a project."""
    catalog: Catalog = ProjectCatalog((project.root, folder.resolve()))
    if not imports:
        catalog = StaticCatalog(ProjectSources(project.root, (folder.resolve(),)))
    return compile_melody(melody, catalog, identities_of(project, folder), broken=broken, before=before)


def catalog_of(target: Any) -> Catalog:
    """The players that a melody may call: those that ship, and those of its project."""
    file = _file_of(target)
    return ProjectCatalog(Path(f) for f in _folders(project_of(target), file.parent if file else Path.cwd()))


def identities_of(project: Project, folder: Path) -> Callable[[Signature], Identity]:
    """What gives the code identity of a player: its source for the project's own, name and version for shipped ones."""
    return _identities(ProjectSources(project.root, (folder.resolve(),)))


def _identities(sources: ProjectSources) -> Callable[[Signature], Identity]:
    reader = IdentityReader(sources)

    def identity(signature: Signature) -> Identity:
        if not signature.in_project:
            return _declared(signature.name, signature.version)
        return reader.identity_of(signature.module, signature.qualname, version=signature.version)

    return identity


@lru_cache(maxsize=1024)
def _declared(name: str, version: str) -> Identity:
    from symphony.model.canonical import digest_of

    return Identity(digest=digest_of(["declared", name, version]), reason="", reached=(), imports=(), notes=())


def _traced_again(function: MelodyFunction, first: Melody) -> Melody:
    """The melody traced once more, with the sub-melodies that reading the first one found."""
    again = function.trace_again(first)
    return again if again is first else again.model_copy(update={"children": first.children})


def _unsteady(first: Melody, second: Melody) -> Diagnostic:
    names = {n for n in {*first.tasks, *second.tasks} if first.tasks.get(n) != second.tasks.get(n)}
    what = f"the task {min(names)!r} differs" if names else "params or outputs differ"
    return Diagnostic(
        "SYM199", f"the melody is not the same each time it is traced: {what}", file=first.source.file,
        span=first.source.locate(("tasks", min(names)) if names else ()),
        hint="take clocks, random numbers and changing globals out of the body; make them parameters",
    )  # fmt: skip


def _finished(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The problems with excerpts, each file named by its path from the current folder."""
    shown = lru_cache(maxsize=None)(_shown)
    root = find_project(Path.cwd()).root
    return tuple(replace(_with_excerpt(d, _text_of(d.file)), file=shown(d.file, root)) for d in found)


def _shown(file: str, root: Path) -> str:
    """A file of the project by its path from the current folder, another as it is.

    Tools that place problems in a review know files by their path in the checkout, not by one of this machine.
    """
    if not os.path.isabs(file):
        return file
    path = Path(file).resolve()
    return os.path.relpath(path, Path.cwd()) if path.is_relative_to(root) else file


@lru_cache(maxsize=32)
def _text_of(file: str) -> str:
    try:
        return Path(file).read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _with_excerpt(found: Diagnostic, text: str) -> Diagnostic:
    if found.excerpt or found.span is None or not text:
        return found
    return Diagnostic(found.code, found.message, found.severity, found.hint, found.file, found.span, found.task,
                      excerpt_of(text, found.span))  # fmt: skip


def load(target: str | Path) -> Melody:
    """Load a melody by path, ``file.py:name`` or name.

    Raises:
        CompileError: the file cannot be read as a melody; carries every problem found.
    """
    place = find_definition(str(target), find_project(Path.cwd()))
    read = _read(place)
    if read.melody is None or read.diagnostics:
        _text_of.cache_clear()
        raise CompileError(_finished(read.diagnostics))
    return read.melody


def compile(target: Any) -> Plan:
    """Compile a ``@melody`` function, a Melody, or a path.

    Raises:
        CompileError: carries every problem found.
    """
    _text_of.cache_clear()
    checked = check(target)
    if checked.plan is None:
        raise CompileError(checked.diagnostics)
    return checked.plan


# running --------------------------------------------------------------------------------------------------------------


def open_project_store(project: Project, *, durability: str = "process") -> Store:
    """Open the store in the project's state folder, making it if need be."""
    from symphony.store.store import Store

    return Store.open(project.state, durability=durability)


def executor_named(name: str) -> Any:
    """Make the executor that an entry point names.

    Raises:
        UsageError: no executor has the name.
        MissingExtraError: it is known, but what it needs is not installed.
    """
    from importlib.metadata import entry_points  # only running needs the list

    found = {e.name: e for e in entry_points(group="symphony.executors")}
    if name not in found:
        if name in EXTRA_EXECUTORS:
            raise MissingExtraError(f"the executor {name!r}", name)
        known = sorted({*found, *EXTRA_EXECUTORS})
        raise UsageError(f"there is no executor {name!r}: {did_you_mean(name, known, what='executors')}")
    return found[name].load()()


def run(
    target: Any,
    params: Mapping[str, Any] | None = None,
    *,
    executor: str = "pit",
    store: Any = None,
    durability: str = "process",
    workers: int | None = None,
    on_event: Callable[[Event], None] | None = None,
    project: Project | None = None,
    record: bool = True,
    no_cache: bool = False,
    fail_fast: bool = False,
    strict: bool = False,
    only: Iterable[str] = (),
    until: Iterable[str] = (),
    force: Iterable[str] = (),
    tags: Iterable[str] = (),
    run_id: str | None = None,
    raw_params: Mapping[str, str] | None = None,
) -> RunResult:
    """Run a melody or a plan and wait for the result; works inside a running event loop too.

    Args:
        target: a ``@melody`` function, a Melody, a Plan, or a path.
        params: values of parameters; relative paths start at the current folder.
        executor: the name of the executor.
        store: None for the project's, ``"memory"``, a path, or a Store.
        workers: how many threads; None: what suits the machine.
        on_event: called with every event, from the thread where it happened; must be quick.
        record: False keeps results in memory only: no keys, no cache, no journal.
        only, until: these tasks and what they need; what they need is served where it is kept.
        force: these tasks anew, and what depends on them.
        raw_params: parameters as text, read by type.

    Raises:
        CompileError: the melody does not compile.
        ParameterError: a parameter does not fit.
        RefusedError: the plan's players differ from the code found.
    """
    from symphony.runtime.execute import execute

    plan, home = _plan_and_project(target, project)
    order = _order(plan, home, params, raw_params, record=record, workers=workers, no_cache=no_cache, fail_fast=fail_fast,
                   strict=strict, only=only, until=until, force=force, tags=tags, run_id=run_id, on_event=on_event)  # fmt: skip
    chosen = executor_named(executor)
    with _store(store, home, durability, record) as opened:
        if record:
            _keep_code(plan, home, opened)
        return execute(plan, order, opened, chosen)


async def run_async(target: Any, params: Mapping[str, Any] | None = None, **options: Any) -> RunResult:
    """`run`, awaited: the event loop goes on while the melody runs."""
    import asyncio  # heavy: only callers inside an event loop need it

    return await asyncio.to_thread(run, target, params, **options)


def _plan_and_project(target: Any, project: Project | None) -> tuple[Plan, Project]:
    _text_of.cache_clear()
    home = project or project_of(target)
    checked = check(target, project=project)
    if checked.plan is None:
        raise CompileError(checked.diagnostics)
    if checked.melody is None:
        verify_pins(checked.plan, home)
    return checked.plan, home


def verify_pins(plan: Plan, project: Project) -> None:
    """Check that the players of a plan are those of the code found.

    Modules are looked for in the project's root, where the plan was compiled or lies, and in the current folder.

    Raises:
        RefusedError: one differs; names it, and what it was and is.
    """
    folders = tuple(dict.fromkeys([str(project.root), *plan.origin, str(Path.cwd())]))
    catalog = ProjectCatalog(Path(f) for f in folders)
    identity = _identities(ProjectSources(project.root, [Path(f) for f in folders]))
    for name, pin in plan.players.items():
        found = catalog.find(name)
        if found is None:
            raise RefusedError(
                f"the plan calls the player {name!r}, which is not there any more (looked in {', '.join(folders)}); "
                "compile the melody again"
            )
        if found.version != pin.version:
            raise RefusedError(
                f"the plan pins {name} {pin.version}, the code has {found.version}; compile the melody again"
            )
        now = identity(found).digest
        if now != pin.identity:
            raise RefusedError(
                f"the code of {name} is not what the plan pins ({str(pin.identity)[:12]} -> {str(now)[:12]}); "
                "compile the melody again, or start anew with symphony run"
            )


def _order(
    plan: Plan, home: Project, params: Mapping[str, Any] | None, raw: Mapping[str, str] | None, *,
    record: bool, only: Iterable[str], until: Iterable[str], force: Iterable[str], tags: Iterable[str], **rest: Any,
) -> Order:  # fmt: skip
    from symphony.runtime.arguments import bind_params
    from symphony.runtime.execute import Order
    from symphony.runtime.path_params import check_paths
    from symphony.runtime.secrets import check_secrets, short_secrets
    from symphony.runtime.selection import downstream, selected

    wanted = selected(plan, tuple(only), tuple(until))
    order = Order(
        given=dict(params or {}), texts=dict(raw or {}), root=home.root, here=Path.cwd(), recorded=record,
        selected=wanted, forced=downstream(plan, tuple(force)), tags=tuple(tags), **rest,
    )  # fmt: skip
    short = short_secrets()
    if short or any("path" in spec.type or "file" in spec.type for spec in plan.params.values()):
        bound = bind_params(plan, order.given, order.texts, root=order.root, here=order.here)
        check_secrets(plan, bound, short)
        check_paths(plan, bound, wanted)
    return order


class _store:
    """The store that was asked for; closed afterwards when it was opened here."""

    def __init__(self, asked: Any, home: Project, durability: str, record: bool) -> None:
        from symphony.store.store import Store

        self._own = not isinstance(asked, Store)
        if isinstance(asked, Store):
            self._store = asked
        elif asked == "memory" or (asked is None and not record):
            self._store = Store.open(None, durability=durability)
        elif asked is None:
            self._store = open_project_store(home, durability=durability)
        else:
            self._store = Store.open(Path(asked), durability=durability)

    def __enter__(self) -> Store:
        return self._store

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        # values that a result loads lazily come from the store: one in memory lives as long as the result does
        if self._own and self._store.folder is not None:
            self._store.flush() if kind is None else self._store.close()


def resume(
    run: str,
    *,
    project: Project | None = None,
    executor: str | None = None,
    on_event: Callable[[Event], None] | None = None,
    workers: int | None = None,
) -> RunResult:
    """Take up a run: what is recorded stands, the rest is run, with the recorded plan and parameters.

    Raises:
        UsageError: there is no such run.
        RefusedError: the code has changed, or a living process owns the run.
    """
    from symphony.runtime.execute import Order
    from symphony.runtime.execute import resume as resume_run

    home = project or find_project(Path.cwd())
    store = open_project_store(home)
    record = find_run(store, run)
    if record.state == "succeeded":
        raise UsageError(f"the run {record.id} succeeded: there is nothing to resume; run the melody again instead")
    root = Path(str(record.options.get("root", home.root)))
    there = Project(root, home.state)
    plan = Plan.from_text(record.plan_text, file=f"the plan of run {record.id}")
    verify_pins(plan.from_origin(_folders(there, there.melodies)), there)
    order = Order(root=root, here=root, workers=workers or record.options.get("workers"), on_event=on_event,
                  fail_fast=bool(record.options.get("fail_fast")), strict=bool(record.options.get("strict")))  # fmt: skip
    result = resume_run(record, order, store, executor_named(executor or record.executor or "pit"))
    store.flush()
    return result


def dry_run(target: Any, params: Mapping[str, Any] | None = None, **options: Any) -> list[Decision]:
    """Say for every task whether a run would serve or run it, and why; runs nothing but fingerprints."""
    from symphony.runtime.code_record import code_changes
    from symphony.runtime.probe import probe

    project = options.pop("project", None)
    store, raw = options.pop("store", None), options.pop("raw_params", None)
    for name in ("executor", "on_event", "durability", "run_id"):
        options.pop(name, None)
    plan, home = _plan_and_project(target, project)
    rest = {"record": True, "only": (), "until": (), "force": (), "tags": (), **options}
    order = _order(plan, home, params, raw, **rest)
    with _store(store, home, "process", True) as opened:
        return probe(plan, order, opened, code_changes(opened, lambda: dict(_codes(plan, home))))


def _keep_code(plan: Plan, home: Project, store: Store) -> None:
    """Keep the code of the project's players with the run, so that `why` can name the line that changed."""
    own = {p.identity for p in plan.players.values() if p.identity and not p.module.startswith("symphony.")}
    if not own:
        return
    from symphony.runtime.code_record import keep_code

    codes: dict[str, CodeRecord] = {}

    def code(identity: str) -> CodeRecord | None:
        if not codes:
            codes.update(_codes(plan, home))
        return codes.get(identity)

    for identity in sorted(own):
        keep_code(store, identity, partial(code, identity))


def _codes(plan: Plan, home: Project) -> Iterator[tuple[str, CodeRecord]]:
    """The code of the project's players, by identity."""
    from symphony.runtime.code_record import CodeRecord

    sources = ProjectSources(home.root, [Path(f) for f in plan.origin])
    reader = IdentityReader(sources)
    for pin in plan.players.values():
        if pin.identity and not pin.module.startswith("symphony."):
            found = reader.identity_of(pin.module, pin.qualname, version=pin.version)
            if found.digest == pin.identity and found.reached:
                yield pin.identity, CodeRecord(found.reached, sources)


def why(run: str, task: str, *, project: Project | None = None) -> list[Decision]:
    """Say why a task of a run ran, was served or was left out."""
    from symphony.runtime.history import why_of

    store = open_project_store(project or find_project(Path.cwd()))
    return why_of(store, find_run(store, run), task)


def find_run(store: Store, reference: str) -> RunRecord:
    """Find a run by id, unique prefix, or ``last``.

    Raises:
        UsageError: there is none, or several begin so.
    """
    records = store.runs()
    if reference == "last":
        if not records:
            raise UsageError("there is no run yet: start one with symphony run")
        return records[0]
    found = [r for r in records if r.id == reference] or [r for r in records if r.id.startswith(reference)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"several runs begin with {reference!r}: {', '.join(r.id for r in found[:5])}")
    recent = ", ".join(r.id for r in records[:3])
    raise UsageError(f"there is no run {reference!r}" + (f"; the latest are {recent}" if recent else ""))


def show(store: Store, run: RunRecord) -> dict[str, Any]:
    """The document of `symphony show`."""
    from symphony.runtime.history import show_document

    return show_document(store, run)


def runs(store: Store, **filters: Any) -> dict[str, Any]:
    """The document of `symphony runs`, newest first."""
    from symphony.runtime.history import runs_document

    return runs_document(store, **filters)


def logs(store: Store, run: RunRecord, task: str | None = None) -> list[dict[str, Any]]:
    """The log lines of a run and its errors, in order; those of one task, its elements included, when one is named."""
    from symphony.runtime.history import logs_of

    return logs_of(store, run, task)


def replay(run: str, task: str, *, project: Project | None = None, pdb: bool = False) -> Any:
    """Make one call of an earlier run again, in this process, with its recorded inputs; returns what the body gives."""
    from symphony.runtime.replaying import replay_call

    home = project or find_project(Path.cwd())
    store = open_project_store(home)
    return replay_call(store, find_run(store, run), task, home.root, pdb=pdb)
