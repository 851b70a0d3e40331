"""A plan under an environment: one hash everywhere, defaults of policies and parameters, and what cannot be honoured."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony import bootstrap
from symphony.bootstrap import executors
from symphony.errors import CompileError, ConfigurationError, ParameterError, SurroundingsError
from symphony.model.diagnostic import Severity

SETTINGS = """\
[environments.quick]
timeout = "200ms"
[environments.patient]
retry = {attempts = 3, delay = 0}
[environments.ci.params]
top = 7
where = "data"
unknown_here = 1
[environments.wrong.params]
top = "many"
[environments.weak]
executor = "weak"
[environments.weak_and_quick]
executor = "weak"
timeout = "3s"
[environments.options]
executor_options = {adress = 1}
[environments.cluster]
executor = "broken"
[environments.small.limits]
cpus = 1
[environments.unshared]
cache = "write"
"""
PLAYERS = '''
import os
import time
from pathlib import Path
from symphony import operator


@operator
def show(top: int, where: Path) -> str:
    return f"{top} in {where.name}, absolute: {where.is_absolute()}"


@operator
def shaky(counter: Path, until: int) -> int:
    """Fails until it was called so often."""
    with counter.open("a") as file:
        file.write("x")
    if counter.stat().st_size < until:
        raise OSError("not yet")
    return counter.stat().st_size


@operator
def slow(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


@operator(timeout="60s")
def own_timeout(seconds: float) -> float:
    time.sleep(seconds)
    return seconds
'''
MELODY = """\
melody: m
params: {top: {type: integer, default: 1}, where: {type: path, default: .}}
tasks:
  shown: {player: 'environment_players:show', with: {top: '${{ params.top }}', where: '${{ params.where }}'}}
outputs: {shown: '${{ tasks.shown }}'}
"""


WEAK = '''
from symphony.runtime.contract import Traits


class WeakExecutor:
    """Cannot end bodies, and counts the cores of its machines."""

    name = "weak"
    traits = Traits(remote=True, resources=frozenset({"cpus"}))

    def __init__(self, options=None):
        self.options = options
'''


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with environments, and an executor of someone else that is installed."""
    facts = tmp_path / "lib" / "weak_executor-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: weak_executor\nVersion: 1.0\n")
    points = "weak = weak_executor:WeakExecutor\nbroken = nowhere_at_all:Executor\n"
    (facts / "entry_points.txt").write_text(f"[symphony.executors]\n{points}")
    (tmp_path / "lib" / "weak_executor.py").write_text(WEAK)
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    for name in ("SYMPHONY_ENV", "XDG_CONFIG_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "symphony.config.toml").write_text(SETTINGS)
    (tmp_path / "environment_players.py").write_text(PLAYERS)
    (tmp_path / "data").mkdir()
    (tmp_path / "m.yaml").write_text(MELODY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(project: Path, tasks: str) -> str:
    (project / "t.yaml").write_text(f"melody: t\ntasks:\n{tasks}outputs: {{}}\n")
    return "t.yaml"


def codes(target: str, env: str) -> list[str]:
    return [d.code for d in bootstrap.check(target, env=env).diagnostics]


def test_a_plan_is_the_same_under_every_environment(project: Path) -> None:
    """Semantics 30: what accompanies a plan is never in its file."""
    names = [None, "quick", "patient", "ci", "small", "unshared", "cluster"]

    texts = {bootstrap.compile("m.yaml", env=name).to_text() for name in names}

    assert len(texts) == 1


def test_a_run_keeps_the_hash_of_its_plan_whatever_the_environment_adds(project: Path) -> None:
    plan = bootstrap.compile("m.yaml")

    results = [bootstrap.run("m.yaml", env=name) for name in ("quick", "patient")]

    assert {r.plan for r in results} == {plan.hash}


def test_parameters_of_an_environment_count_where_the_run_gives_none(project: Path) -> None:
    """Semantics 5: paths of the settings start at the project, not at the caller's folder."""
    from_settings = bootstrap.run("m.yaml", env="ci")
    from_caller = bootstrap.run("m.yaml", {"top": 3}, env="ci", raw_params={"where": "."})

    assert from_settings.outputs["shown"] == "7 in data, absolute: True"
    assert from_caller.outputs["shown"] == f"3 in {project.name}, absolute: True"


def test_a_parameter_that_does_not_fit_is_reported_with_its_line(project: Path) -> None:
    found = bootstrap.check("m.yaml", env="wrong").diagnostics

    assert [(d.code, d.hint) for d in found] == [("SYM194", "it is set by symphony.config.toml:10")]
    assert "the environment's value of the parameter 'top'" in found[0].message
    with pytest.raises(CompileError):
        bootstrap.run("m.yaml", env="wrong")
    with pytest.raises(ParameterError):
        bootstrap.run("m.yaml", {"top": "x"}, env="ci")


def test_a_retry_of_the_environment_counts_for_tasks_that_say_nothing(project: Path) -> None:
    """Semantics 13: task over player over environment."""
    counters = [project / name for name in ("a", "b")]
    target = written(
        project,
        f"  a: {{player: 'environment_players:shaky', with: {{counter: {counters[0]}, until: 3}}, cache: false}}\n"
        f"  b: {{player: 'environment_players:shaky', with: {{counter: {counters[1]}, until: 3}}, cache: false, retry: 1}}\n",
    )
    for counter in counters:
        counter.touch()

    tasks = bootstrap.run(target, env="patient").tasks

    assert (tasks["a"].state, tasks["a"].attempts) == ("succeeded", 3)
    assert (tasks["b"].state, tasks["b"].attempts) == ("failed", 1)


def test_a_timeout_of_the_environment_ends_plain_functions_and_shell_steps(project: Path) -> None:
    """Semantics 13: the player's own timeout wins over the environment's."""
    target = written(
        project,
        "  a: {player: 'environment_players:slow', with: {seconds: 20}}\n"
        "  b: {run: sleep 20}\n"
        "  c: {player: 'environment_players:own_timeout', with: {seconds: 0.4}}\n",
    )

    result = bootstrap.run(target, env="quick")

    assert {name: str(t.state) for name, t in result.tasks.items()} == {"a": "failed", "b": "failed", "c": "succeeded"}
    assert {f["error"]["type"] for f in result.failures} == {"TimeoutError"}
    assert result.seconds < 10


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ("isolation: process", "asks for a process that can be ended"),
        ("timeout: 3s", "asks for ending a body after a timeout"),
    ],
)
def test_what_an_executor_cannot_do_is_an_error_under_its_environment_only(task: str, told: str, project: Path) -> None:
    target = written(project, f"  a:\n    player: 'environment_players:slow'\n    with: {{seconds: 0}}\n    {task}\n")

    weak = [d for d in bootstrap.check(target, env="weak").diagnostics if d.code == "SYM190"]

    assert [d.task for d in weak] == ["a"]
    assert told in weak[0].message
    assert "which the executor 'weak' cannot do" in weak[0].message
    assert weak[0].span is not None
    assert weak[0].span.line == 6
    assert "SYM190" not in codes(target, "patient")


def test_what_it_can_do_is_no_error(project: Path) -> None:
    target = written(
        project,
        "  a: {player: 'environment_players:slow', with: {seconds: 0}, resources: {cpus: 99999}}\n  b: {run: ls}\n",
    )

    assert codes(target, "weak") == []
    assert codes(target, "patient") == ["SYM193"]


def test_a_timeout_of_the_environment_that_cannot_be_honoured_is_an_error(project: Path) -> None:
    assert codes("m.yaml", "weak_and_quick") == ["SYM190"]


def test_limits_of_an_environment_bind(project: Path) -> None:
    target = written(project, "  a: {player: 'environment_players:slow', with: {seconds: 0}, resources: {cpus: 2}}\n")

    assert codes(target, "small") == ["SYM193"]


def test_an_executor_that_cannot_be_loaded_is_a_warning_of_a_check(project: Path) -> None:
    found = bootstrap.check("m.yaml", env="cluster")

    assert [(d.code, d.severity) for d in found.diagnostics] == [("SYM189", Severity.WARNING)]
    assert found.ok
    with pytest.raises(SurroundingsError, match="the executor 'broken' cannot be loaded: ModuleNotFoundError"):
        bootstrap.run("m.yaml", env="cluster")


def test_unknown_options_of_an_executor_are_named(project: Path) -> None:
    with pytest.raises(ConfigurationError, match="the executor 'pit' takes no option 'adress': it takes none"):
        bootstrap.run("m.yaml", env="options")
    with pytest.raises(
        ConfigurationError, match=r"the executor 'weak' takes no option 'option': did you mean 'options'?"
    ):
        executors.executor_named("weak", option=1)


def test_options_are_handed_to_the_executor(project: Path) -> None:
    assert executors.executor_named("weak", options={"address": "x"}).options == {"address": "x"}


def test_a_cache_that_is_only_written_serves_nothing(project: Path) -> None:
    first, second, third = (bootstrap.run("m.yaml", env=name) for name in ("ci", "unshared", "ci"))

    assert [str(r.tasks["shown"].state) for r in (first, second, third)] == ["succeeded", "succeeded", "cached"]


def test_a_resume_goes_on_under_the_environment_of_the_run(project: Path) -> None:
    counter = project / "a"
    counter.touch()
    target = written(
        project, f"  a: {{player: 'environment_players:shaky', with: {{counter: {counter}, until: 5}}, cache: false}}\n"
    )
    first = bootstrap.run(target, env="patient")

    second = bootstrap.resume(first.run)

    assert (first.state, first.tasks["a"].attempts) == ("failed", 3)
    assert (second.state, second.tasks["a"].attempts) == ("succeeded", 2)
    assert second.plan == first.plan
