"""Checks, compiles and loads melodies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symphony.bootstrap.environments import problems_under
from symphony.bootstrap.finding import file_of, find_definition, folders_of, project_around, project_of
from symphony.bootstrap.identities import identities_of
from symphony.bootstrap.importing import python_melody
from symphony.bootstrap.placing import finished, forget_texts
from symphony.bootstrap.reading import Read, read_definition
from symphony.bootstrap.resources import never_possible
from symphony.compiler.compile import Compilation, compile_melody
from symphony.config.environment import Environment, environment_of
from symphony.config.project import Project, find_project
from symphony.define.catalog import ProjectCatalog
from symphony.define.garbage import collection_paused
from symphony.define.source_tree import ProjectSources
from symphony.define.tracing import MelodyFunction
from symphony.errors import CompileError, TracingError, UsageError
from symphony.model.diagnostic import Diagnostic, Severity
from symphony.model.melody import Melody
from symphony.model.plan import Plan
from symphony.model.signature import Catalog
from symphony.model.source import Span

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking found.

    Attributes:
        melody: the definition, as far as it could be read.
        plan: the plan, when the melody has no errors. It may ask for more than this machine has: then it is not `ok`.
        diagnostics: every problem, in the order of the files.
    """

    melody: Melody | None
    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """Whether there is a plan that can be run here."""
        return self.plan is not None and not any(d.severity is Severity.ERROR for d in self.diagnostics)


def check(
    target: Any, *, project: Project | None = None, imports: bool = True, env: str | Environment | None = None
) -> Checked:
    """Check a melody, a plan, or a file of either; never raises for problems of the melody.

    The plan is the same under every environment; what an environment cannot honour is among the problems.

    Args:
        target: what to check.
        project: whose players are meant; None: the project above the melody.
        imports: False reads players from their source text and executes nothing of the project.
        env: the environment it is to run under, by name; None: the one that the settings choose.

    Raises:
        ConfigurationError: the settings are wrong, or there is no such environment.
    """
    with collection_paused():
        return _checked(target, project, imports, env)


def _checked(target: Any, project: Project | None, imports: bool, env: str | Environment | None) -> Checked:
    if isinstance(target, Plan):
        return _checked_plan(target, project or project_of(target), env)
    if isinstance(target, (str, Path)):
        place = find_definition(str(target), project or find_project(Path.cwd()))
        file = Path(place.partition(":")[0])
        home = project or project_around(file)
        if place.endswith(".json"):
            plan = Plan.from_text(Path(place).read_text("utf-8"), file=place)
            return _checked_plan(plan.from_origin(folders_of(home, file.parent, home.melodies)), home, env)
        if not imports and file.suffix == ".py":
            raise UsageError(f"{file} is Python: it can only be read by importing it; --no-import is for YAML melodies")
        try:
            if file.suffix == ".py":
                function = python_melody(file, place.partition(":")[2])
                return _compiled(read_definition(place), home, file.parent, function, env=env)
            return _compiled(read_definition(place), home, file.parent, imports=imports, env=env)
        except TracingError as error:
            return Checked(None, None, finished((_tracing_problem(error, place),)))
    if isinstance(target, MelodyFunction):
        home = project or project_around(file_of(target))
        return _compiled(Read(target.trace()), home, Path(target.file).parent, target, env=env)
    if isinstance(target, Melody):
        own = file_of(target)
        return _compiled(Read(target), project or project_around(own), own.parent if own else Path.cwd(), env=env)
    raise UsageError(f"a melody, a plan or a path is needed, not {type(target).__name__}")


def _tracing_problem(error: TracingError, place: str) -> Diagnostic:
    file, _, rest = str(error).partition(".py:")
    line, _, message = rest.partition(": ")
    if line.isdigit():
        return Diagnostic("SYM151", message, file=f"{file}.py", span=Span(int(line), 1, int(line), 2))
    return Diagnostic("SYM151", str(error), file=place.partition(":")[0])


def _compiled(
    read: Read, project: Project, folder: Path, traced: MelodyFunction | None = None, *, imports: bool = True,
    env: str | Environment | None,
) -> Checked:  # fmt: skip
    if read.melody is None:
        return Checked(None, None, finished(read.diagnostics))
    before = list(read.diagnostics)
    if traced is not None and (again := _traced_again(traced, read.melody)) != read.melody:
        before.append(_unsteady(read.melody, again))
    result = compile_with(read.melody, project, folder, broken=read.broken, before=before, imports=imports)
    plan = None if result.plan is None else result.plan.from_origin(folders_of(project, folder))
    here = problems_here(plan, project, env, read.melody) if plan is not None else []
    return Checked(read.melody, plan, finished((*result.diagnostics, *here)))


def problems_here(
    plan: Plan, project: Project, env: str | Environment | None, melody: Melody | None = None
) -> list[Diagnostic]:
    """What a plan asks for that an environment cannot give or honour."""
    environment = env if isinstance(env, Environment) else environment_of(project.root, env)
    return [*never_possible(plan, environment, melody), *problems_under(plan, environment, melody)]


def _checked_plan(plan: Plan, project: Project, env: str | Environment | None) -> Checked:
    return Checked(None, plan, tuple(problems_here(plan, project, env)))


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
        from symphony.define.static_catalog import StaticCatalog  # only with --no-import

        catalog = StaticCatalog(ProjectSources(project.root, (folder.resolve(),)))
    return compile_melody(melody, catalog, identities_of(project, folder), broken=broken, before=before)


def catalog_of(target: Any) -> Catalog:
    """The players that a melody may call: those that ship, and those of its project."""
    file = file_of(target)
    return ProjectCatalog(Path(f) for f in folders_of(project_of(target), file.parent if file else Path.cwd()))


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


def load(target: str | Path) -> Melody:
    """Load a melody by path, ``file.py:name`` or name.

    Raises:
        CompileError: the file cannot be read as a melody; carries every problem found.
    """
    place = find_definition(str(target), find_project(Path.cwd()))
    read = read_definition(place)
    if read.melody is None or read.diagnostics:
        forget_texts()
        raise CompileError(finished(read.diagnostics))
    return read.melody


def compile(target: Any, *, env: str | None = None) -> Plan:
    """Compile a ``@melody`` function, a Melody, or a path.

    Args:
        env: the environment that must be able to run it; the plan is the same under every one.

    Raises:
        CompileError: carries every problem found.
    """
    forget_texts()
    checked = check(target, env=env)
    if checked.plan is None or not checked.ok:
        raise CompileError(checked.diagnostics)
    return checked.plan
