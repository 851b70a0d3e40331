"""Runs of melodies on the Pit: values, states, order, retries, lists, skips, cache, resume."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import pytest

from symphony import Context, each, melody, operator, product, run
from symphony.bootstrap import dry_run
from symphony.config.project import find_project
from symphony.define.tracing import call, env, expr, index, item, param, secret, shell
from symphony.errors import CompileError, ParameterError, SurroundingsError
from symphony.model.event import Event, EventKind
from symphony.model.states import RunState, TaskState
from symphony.runtime import coroutines
from symphony.store.store import Store

calls: list[Any] = []


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    calls.clear()


@operator
def numbers(n: int) -> list[int]:
    return list(range(n))


@operator
def double(x: int) -> int:
    calls.append(x)
    return 2 * x


@operator
def add(a: int, b: int = 1) -> int:
    return a + b


@operator
def total(xs: list[int]) -> int:
    calls.append("total")
    return sum(xs)


@operator
def picky(x: int) -> int:
    if x == 1:
        raise ValueError("no ones")
    return x


@operator
def note(text: str) -> None:
    calls.append(text)


class Pair(NamedTuple):
    low: int
    high: int


@operator(outputs=True)
def bounds(xs: list[int]) -> Pair:
    return Pair(min(xs), max(xs))


@melody
def doubled(n: int = 3):
    xs = numbers(n)
    ys = double(each(xs))
    return {"sum": total(ys), "list": ys}


@pytest.fixture(params=["memory only", "recorded"])
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"record": False} if request.param == "memory only" else {"store": "memory"}


def test_a_melody_gives_its_outputs(options: dict[str, Any]):
    result = run(doubled, {"n": 4}, **options)

    assert result.state is RunState.SUCCEEDED
    assert result.outputs["sum"] == 12
    assert result.outputs["list"] == [0, 2, 4, 6]
    assert result.counts["succeeded"] == 3
    assert result.tasks["ys[2]"].state is TaskState.SUCCEEDED


def test_an_empty_list_succeeds_and_gives_an_empty_list(options: dict[str, Any]):
    """Semantics 22: an empty list gives succeeded and []."""
    result = run(doubled, {"n": 0}, **options)

    assert result.outputs["list"] == []
    assert result.tasks["ys"].state is TaskState.SUCCEEDED


def test_one_failed_element_fails_the_task_and_its_siblings_go_on(options: dict[str, Any]):
    """Semantics 23: siblings and their element-wise consumers go on; consumers of the whole list are skipped."""

    @melody
    def m():
        xs = numbers(3)
        a = picky(each(xs))
        b = double(each(a))
        c = total(b)
        return {"b": b, "c": c}

    result = run(m, **options)

    assert result.state is RunState.FAILED
    assert [str(result.tasks[f"a[{i}]"].state) for i in range(3)] == ["succeeded", "failed", "succeeded"]
    assert [str(result.tasks[f"b[{i}]"].state) for i in range(3)] == ["succeeded", "skipped", "succeeded"]
    assert result.tasks["a"].state is TaskState.FAILED
    assert result.tasks["b"].state is TaskState.SKIPPED
    assert result.tasks["c"].note == "failed: a[1]"
    assert result.outputs["c"] is None
    assert result.failures[0]["error"]["message"] == "no ones"
    assert "picky" in result.failures[0]["error"]["traceback"]


def test_zip_and_product(options: dict[str, Any]):
    @melody
    def m():
        xs = numbers(2)
        zipped = add(a=each(xs), b=each([10, 20]))
        crossed = add(**product(a=xs, b=[10, 20]))
        return {"zipped": zipped, "crossed": crossed}

    result = run(m, **options)

    assert result.outputs["zipped"] == [10, 21]
    assert result.outputs["crossed"] == [10, 20, 11, 21]


def test_zipped_lists_of_different_lengths_are_an_error(options: dict[str, Any]):
    @melody
    def m(n: int):
        z = add(a=each(numbers(n)), b=each(numbers(2)))
        return z

    result = run(m, {"n": 3}, **options)

    assert "equally long" in result.failures[0]["error"]["message"]


def test_a_filter_leaves_elements_out_and_keeps_their_index(options: dict[str, Any]):
    """Semantics 24: filtered elements are left out of the list and keep their index."""

    @melody
    def m():
        xs = numbers(4)
        odd = call(double, with_={"x": item}, each=xs, when=item % 2 == 1)
        return {"odd": odd, "sum": total(odd)}

    result = run(m, **options)

    assert result.outputs["odd"] == [2, 6]
    assert result.outputs["sum"] == 8
    assert result.tasks["odd[0]"].state is TaskState.SKIPPED
    assert result.tasks["odd[3]"].state is TaskState.SUCCEEDED


def test_when_skips_a_task_and_its_dependants_and_the_run_succeeds(options: dict[str, Any]):
    """Semantics 25: a skipped melody output is null."""

    @melody
    def m(n: int):
        xs = numbers(n)
        t = total(xs).when(xs.size() > 2)
        after = add(a=t)
        either = add(a=expr("tasks.?t.orValue(7)"))
        return {"after": after, "either": either}

    result = run(m, {"n": 1}, **options)

    assert result.state is RunState.SUCCEEDED
    assert result.outputs["after"] is None
    assert result.outputs["either"] == 8
    assert result.tasks["t"].note == "when"
    assert run(m, {"n": 3}, **options).outputs["either"] == 4


def test_clean_up_and_notices_run_after_a_failure(options: dict[str, Any]):
    """Semantics 25: always() and failed(tasks.x) make clean-up and notices possible."""

    @melody
    def m():
        bad = picky(x=1)
        note(text="notice").when(expr("failed(tasks.bad)")).named("notice")
        note(text="clean").after(bad).when(expr("always()")).named("clean")
        note(text="never").after(bad).named("never")

    result = run(m, **options)

    assert sorted(calls) == ["clean", "notice"]
    assert result.state is RunState.FAILED
    assert result.tasks["never"].state is TaskState.SKIPPED


def test_several_outputs_are_read_by_name(options: dict[str, Any]):
    @melody
    def m():
        b = bounds(xs=[3, 1, 2])
        return {"sum": add(a=b.low, b=b.high)}

    assert run(m, **options).outputs["sum"] == 4


def test_retries_end_with_the_first_success(options: dict[str, Any]):
    @operator(retry={"attempts": 3, "delay": "1ms"})
    def flaky(ctx: Context) -> int:
        if ctx.attempt < 3:
            raise OSError("not yet")
        return ctx.attempt

    globals()["flaky"] = flaky
    flaky.function.__qualname__ = "flaky"

    @melody
    def m():
        f = flaky()
        return f

    result = run(m, **options)

    assert result.outputs["out"] == 3
    assert result.tasks["f"].attempts == 3


def test_programming_errors_are_not_retried(options: dict[str, Any]):
    @operator
    def broken(x: int) -> int:
        calls.append("try")
        raise TypeError("a bug")

    globals()["broken"] = broken
    broken.function.__qualname__ = "broken"

    @melody
    def m():
        broken(x=1).options(retry={"attempts": 3, "delay": "1ms"})

    run(m, **options)

    assert calls == ["try"]


def test_async_players_run_at_the_same_time(options: dict[str, Any]):
    """Semantics 9: async players share one loop per run."""
    result_started = time.monotonic()

    @melody
    def m():
        s = nap(each(numbers(20)))
        return s

    result = run(m, workers=1, **options)

    assert result.outputs["out"] == list(range(20))
    assert time.monotonic() - result_started < 20 * 0.1


@operator
async def nap(x: int) -> int:
    await asyncio.sleep(0.1)
    return x


def test_an_async_player_ends_at_its_timeout(options: dict[str, Any]):
    @melody
    def m():
        call(nap, with_={"x": 1}, timeout="10ms")

    result = run(m, **options)

    assert result.failures[0]["error"]["type"] == "TimeoutError"


def test_expressions_compute_in_the_consumers_call(options: dict[str, Any]):
    @melody
    def m(top: int = 5, name: str = "x"):
        a = add(a=top * 2 + 1)
        b = note_back(text=name + "-" + expr("string(params.top)"))
        return {"a": a, "b": b}

    result = run(m, **options)

    assert result.outputs["a"] == 12
    assert result.outputs["b"] == "x-5"


@operator
def note_back(text: str) -> str:
    return text


def test_fail_fast_cancels_what_has_not_started(options: dict[str, Any]):
    @melody
    def m():
        bad = picky(x=1)
        xs = numbers(3)
        note(text="late").after(xs)
        return bad

    result = run(m, fail_fast=True, workers=1, **options)

    assert result.state is RunState.FAILED
    assert result.counts["cancelled"] >= 1


@pytest.mark.parametrize(
    ("on_failure", "asked", "stops"),
    [("stop", None, True), ("continue", None, False), ("stop", False, False), ("continue", True, True)],
)
def test_on_failure_says_what_becomes_of_the_rest_and_the_flag_wins(
    on_failure: str, asked: bool | None, stops: bool, options: dict[str, Any]
):
    @melody(on_failure=on_failure)
    def m():
        bad = picky(x=1)
        xs = numbers(3)
        note(text="late").after(xs)
        return bad

    result = run(m, fail_fast=asked, workers=1, **options)

    assert result.state is RunState.FAILED
    assert (result.counts["cancelled"] >= 1) is stops
    assert (result.tasks["note"].state is TaskState.SUCCEEDED) is not stops


begun, failed = threading.Event(), threading.Event()


@operator
def fails(x: int) -> int:
    begun.wait(5)
    raise ValueError("no")


@operator
def outlasts(x: int) -> int:
    begun.set()
    failed.wait(5)
    return x


def test_a_call_that_runs_when_another_fails_ends_and_nothing_follows_it():
    begun.clear()
    failed.clear()

    @melody(on_failure="stop")
    def m():
        bad = fails(x=1)
        going = outlasts(x=2)
        after = outlasts(x=going)
        return {"bad": bad, "after": after}

    def listen(event: Event) -> None:
        if event.task == "bad" and event.kind is EventKind.TASK_ENDED:
            failed.set()

    result = run(m, workers=2, store="memory", on_event=listen)

    assert {name: str(t.state) for name, t in result.tasks.items()} == {
        "bad": "failed", "going": "succeeded", "after": "cancelled"
    }  # fmt: skip


def test_a_shell_step_gets_inputs_as_environment_and_gives_files(options: dict[str, Any]):
    @melody
    def m(word: str = "hi; echo no"):
        s = shell('printf "%s" "$word" > out.txt; echo done', with_={"word": word}, outputs={"log": "out.txt"})
        return {"log": s.log, "said": s.stdout}

    result = run(m, **options)

    assert result.outputs["said"] == "done\n"
    assert Path(result.outputs["log"]).read_text() == "hi; echo no"
    assert Path(result.outputs["log"]).name == "out.txt"


def test_a_failing_script_fails_with_its_last_words(options: dict[str, Any]):
    @melody
    def m():
        s = shell("echo oh dear >&2; exit 3")
        return s.stdout

    error = run(m, **options).failures[0]["error"]

    assert "status 3" in error["message"]
    assert "oh dear" in error["message"]


def test_small_text_results_hold_no_secret(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    """Semantics 50: exact values are redacted from logs, errors and small text results."""
    monkeypatch.setenv("SYMPHONY_SECRET_TOKEN", "hunter2hunter2")

    @melody
    def m():
        return shell("echo token=$token", with_={"token": secret("TOKEN")}).stdout

    assert list(run(m, **options).outputs.values()) == ["token=***\n"]


def test_the_state_of_a_task_with_several_outputs_can_be_asked(options: dict[str, Any], tmp_path: Path):
    """Semantics 25: failed(tasks.x) makes notices possible, however many outputs x has."""
    (tmp_path / "m.yaml").write_text(
        "melody: m\ntasks:\n  bad: {run: exit 3}\n"
        '  notice: {run: echo noted, when: "${{ failed(tasks.bad) }}"}\n'
        '  fine: {run: echo fine, needs: [bad], when: "${{ succeeded(tasks.bad) }}"}\n'
        'outputs: {notice: "${{ tasks.notice.stdout }}", fine: "${{ tasks.fine.stdout }}"}\n'
    )
    result = run(tmp_path / "m.yaml", **options)

    assert result.outputs["notice"] == "noted\n"
    assert result.outputs.get("fine") is None


@operator
def write_file(text: str, ctx: Context) -> Path:
    path = ctx.workdir / "note.txt"
    path.write_text(text)
    return path


@operator
def read_file(file: Path) -> str:
    return file.read_text()


def test_a_file_in_the_work_folder_is_kept(options: dict[str, Any]):
    """Semantics 6: a returned path inside ctx.workdir is kept."""

    @melody
    def m():
        f = write_file(text="kept")
        return {"text": read_file(f), "file": f}

    result = run(m, **options)

    assert result.outputs["text"] == "kept"
    assert result.outputs["file"].name == "note.txt"


def test_env_run_and_index(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    """Semantics 14: env.NAME is an environment variable that the melody lists."""
    monkeypatch.setenv("GREETING", "hello")

    @melody(env=("GREETING",))
    def m():
        e = note_back(text=env("GREETING"))
        i = call(add, with_={"a": index, "b": item}, each=[5, 6])
        return {"e": e, "i": i}

    result = run(m, **options)

    assert result.outputs["e"] == "hello"
    assert result.outputs["i"] == [5, 7]


def test_parameters_are_checked_before_anything_runs():
    @melody
    def m(top: int = param(3, minimum=1, maximum=5)):
        return add(a=top)

    with pytest.raises(ParameterError, match="less than the minimum 1"):
        run(m, {"top": 0}, record=False)
    with pytest.raises(ParameterError, match="did you mean 'top'"):
        run(m, {"tip": 1}, record=False)
    with pytest.raises(ParameterError, match="'abc' does not fit"):
        run(m, raw_params={"top": "abc"}, record=False)
    assert run(m, raw_params={"top": "4"}, record=False).outputs["out"] == 5


def test_run_works_inside_a_running_event_loop():
    """Semantics 51: run() blocks, also inside a loop."""

    async def inside() -> int:
        return run(doubled, record=False).outputs["sum"]

    assert asyncio.run(inside()) == 6


def test_events_come_in_order(options: dict[str, Any]):
    seen: list[Event] = []
    lock = threading.Lock()

    def listen(event: Event) -> None:
        with lock:
            seen.append(event)

    run(doubled, on_event=listen, **options)

    kinds = [str(e.kind) for e in seen]
    assert (kinds[0], kinds[-1]) == ("runStarted", "workflowComplete")
    starts = {e.task: i for i, e in enumerate(seen) if str(e.kind) == "taskStarted"}
    ends = {e.task: i for i, e in enumerate(seen) if str(e.kind) == "taskEnded"}
    assert all(starts[t] < ends[t] for t in starts)
    assert ends["xs"] < starts["ys[0]"]
    assert ends["ys"] < starts["total"]


# the store ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "state")


def test_a_second_run_is_served(store: Store):
    first = run(doubled, store=store)
    calls.clear()
    second = run(doubled, store=store)

    assert calls == []
    assert second.counts["cached"] == 3
    assert second.outputs["sum"] == first.outputs["sum"]
    assert second.artifacts == first.artifacts


def test_only_new_elements_run(store: Store):
    run(doubled, {"n": 3}, store=store)
    calls.clear()
    result = run(doubled, {"n": 4}, store=store)

    assert calls == [3, "total"]
    assert result.outputs["sum"] == 12


@operator
def parity(x: int) -> int:
    return x % 2


def test_equal_results_upstream_serve_what_is_downstream(store: Store):
    """Early cutoff: after an upstream re-run that gives the same bytes, downstream is served."""

    @melody
    def m(x: int):
        p = parity(x)
        return double(p)

    run(m, {"x": 1}, store=store)
    calls.clear()
    result = run(m, {"x": 3}, store=store)

    assert calls == []
    assert result.tasks["p"].state is TaskState.SUCCEEDED
    assert result.tasks["double"].state is TaskState.CACHED


def test_effects_always_run(store: Store):
    """Semantics 1: cache is on, except where the return annotation is None."""

    @melody
    def m():
        note(text="again")

    run(m, store=store)
    run(m, store=store)

    assert calls == ["again", "again"]


def test_no_cache_reads_nothing_and_replaces(store: Store):
    """Semantics 37: --no-cache reads nothing, writes, and its result replaces the old."""
    run(doubled, store=store)
    calls.clear()
    run(doubled, store=store, no_cache=True)
    assert 0 in calls

    calls.clear()
    run(doubled, store=store)
    assert calls == []


def test_equal_calls_in_flight_run_once(store: Store):
    """Semantics 37: equal keys in flight within one engine run once."""

    @melody
    def m():
        ys = double(each([5, 5, 5, 5]))
        return ys

    result = run(m, store=store)

    assert calls == [5]
    assert result.outputs["out"] == [10, 10, 10, 10]


def test_a_dry_run_says_what_would_run_and_why(store: Store):
    run(doubled, {"n": 3}, store=store)

    same = {d.task: d.decision for d in dry_run(doubled, {"n": 3}, store=store)}
    assert set(same.values()) == {"hit"}

    changed = {d.task: d for d in dry_run(doubled, {"n": 4}, store=store)}
    assert changed["xs"].decision == "run"
    assert [str(r) for r in changed["xs"].reasons] == ["inputs.n: 3 -> 4"]
    assert changed["ys"].decision == "unknown"
    assert str(changed["ys"].reasons[0]) == "unknown until xs ran"


def test_force_runs_a_task_and_its_dependants(store: Store):
    run(doubled, store=store)
    calls.clear()
    result = run(doubled, store=store, force=["ys"])

    assert result.tasks["xs"].state is TaskState.CACHED
    assert sorted(map(str, calls)) == ["0", "1", "2", "total"]


def test_only_and_until_leave_the_rest_out(store: Store):
    result = run(doubled, store=store, until=["ys"])

    assert result.tasks["ys"].state is TaskState.SUCCEEDED
    assert result.tasks["total"].state is TaskState.SKIPPED
    assert result.outputs["sum"] is None


def test_a_secret_is_resolved_in_the_call_and_never_written(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """Semantics 50: a secret never enters plan, log, event or artifact."""
    monkeypatch.setenv("SYMPHONY_SECRET_TOKEN", "canary-98765")

    @operator
    def use(token: str) -> int:
        raise ValueError(f"bad token {token}")

    globals()["use"] = use
    use.function.__qualname__ = "use"

    @melody
    def m():
        use(token=secret("TOKEN"))

    result = run(m, store=store)
    store.close()

    assert result.failures[0]["error"]["message"] == "bad token ***"
    for file in (tmp_path / "state").rglob("*"):
        assert not file.is_file() or b"canary-98765" not in file.read_bytes()


def test_a_link_that_does_not_fit_is_a_compile_error():
    @melody
    def m():
        return total(xs=add(a=1))

    with pytest.raises(CompileError, match="SYM154"):
        run(m, record=False)


def test_elements_of_unknown_type_are_checked_when_the_task_runs():
    """Semantics 27: Any into a named type is checked at run time."""

    @melody
    def m(values: Any = (1, "x")):
        return double(each(values))

    result = run(m, record=False)

    assert "takes integer, it got str: 'x'" in result.failures[0]["error"]["message"]
    assert calls == [1]


@operator
async def stubborn(x: int) -> int:
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(30)
    await asyncio.sleep(30)
    return x


def test_a_coroutine_that_ignores_its_cancellation_is_abandoned(monkeypatch: pytest.MonkeyPatch):
    """Semantics 9: timeout or cancel cancels the coroutine and after 2 s reports it abandoned."""
    monkeypatch.setattr(coroutines, "ABANDON_S", 0.1)

    @melody
    def m():
        call(stubborn, with_={"x": 1}, timeout="20ms")
        return nap(1)

    begun = time.monotonic()
    result = run(m, record=False)

    assert time.monotonic() - begun < 10
    assert "did not end within 0.1 s of being cancelled and was abandoned" in result.failures[0]["error"]["message"]
    assert result.outputs["out"] == 1


def test_with_options_sets_policies_and_is_the_plain_function_outside_a_melody():
    @melody
    def m():
        a = picky.with_options(retry={"attempts": 2, "delay": "1ms"})(x=1)
        return a

    assert picky.with_options(retry=3)(x=2) == 2
    assert m.definition.tasks["a"].retry is not None
    assert run(m, record=False).tasks["a"].attempts == 2


@operator
def content(file: Path) -> str:
    return file.read_text()


@pytest.mark.parametrize("record", [True, False])
def test_literal_elements_become_what_the_port_takes(record: bool, tmp_path: Path) -> None:
    """Semantics 5, 28: paths of a melody start at the project root, in a list as alone."""
    (tmp_path / "pyproject.toml").write_text("[tool.symphony]\n")
    (tmp_path / "a.txt").write_text("A")
    (tmp_path / "b.txt").write_text("B")

    @melody
    def reads():
        alone = content("a.txt")
        several = content(each(["a.txt", "b.txt"]))
        return {"alone": alone, "several": several}

    result = run(reads, project=find_project(tmp_path), record=record)

    assert dict(result.outputs) == {"alone": "A", "several": ["A", "B"]}


@melody
def tells(token: str = param(secret=True, required=False)):
    anything(token)


@melody
def tells_its_own():
    anything(secret("TOKEN"))


@operator
def anything(value: str) -> None:
    calls.append(value)


@pytest.mark.parametrize(("melody", "params"), [(tells, {"token": "secrets.TOKEN"}), (tells_its_own, {})])
def test_a_secret_too_short_to_be_redacted_is_refused_before_the_run(
    melody: Any, params: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Semantics 50: a value that could not be taken out of logs is not handed out."""
    monkeypatch.setenv("SYMPHONY_SECRET_TOKEN", "abc")

    with pytest.raises(
        SurroundingsError, match="the secret 'TOKEN' is too short to be redacted: SYMPHONY_SECRET_TOKEN has"
    ):
        run(melody, params, store=tmp_path)

    assert calls == []
    with Store.open(tmp_path) as store:
        assert store.runs() == []


def test_a_short_secret_that_nothing_names_is_nobodys_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMPHONY_SECRET_OTHER", "abc")

    assert run(tells, store="memory").state == "succeeded"


def test_an_empty_secret_fails_its_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMPHONY_SECRET_TOKEN", "")

    (failure,) = run(tells_its_own, store="memory").failures

    assert failure["error"]["message"].startswith("the secret 'TOKEN' is empty: set the environment variable")


class Opaque:
    """Something that no codec keeps."""


@operator
def opaque() -> Any:
    return Opaque()


def test_a_result_that_cannot_be_kept_fails_its_task_and_names_the_codec(store: Store):
    @melody
    def m():
        return {"a": opaque(), "b": add(a=1)}

    result = run(m, store=store)

    assert {n: str(t.state) for n, t in result.tasks.items()} == {"opaque": "failed", "add": "succeeded"}
    assert "codec" in result.failures[0]["error"]["message"]


@operator
def array() -> Any:
    return numpy.zeros(2)


@operator
def writes(xs: Any) -> str:
    try:
        xs[0] = 1.0
    except ValueError:
        return "refused"
    return "changed"


def test_arrays_are_handed_out_unwritable(options: dict[str, Any]):
    """Semantics 8: inputs are read-only, whether anybody listens or not."""

    @melody
    def m():
        return writes(xs=array())

    assert run(m, **options).outputs["out"] == "refused"


@operator
def summed(xs: list[int], x: int = 0) -> int:
    return sum(xs) + x


def test_an_element_stays_in_memory_while_other_rows_of_a_product_need_it():
    """Semantics 43"""

    @melody
    def m():
        xs = add(a=each([1, 2]), b=0)
        return add(**product(a=xs, b=[10, 20]))

    result = run(m, record=False, strict=True, workers=1)

    assert result.state is RunState.SUCCEEDED, result.failures
    assert result.outputs["out"] == [11, 21, 12, 22]


def test_an_element_stays_in_memory_while_others_need_the_whole_list():
    """Semantics 43"""

    @melody
    def m():
        xs = add(a=each([1, 2, 3]), b=0)
        return summed(xs=xs, x=each(xs))

    result = run(m, record=False, strict=True, workers=1)

    assert result.state is RunState.SUCCEEDED, result.failures
    assert result.outputs["out"] == [7, 8, 9]
