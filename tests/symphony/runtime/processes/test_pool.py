"""Calls go to processes and come back; what must end ends, with everything below it."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
from symphony_tests_processes import HERE, MARK, Bench, until

from symphony.errors import InternalError
from symphony.runtime.processes import tree
from symphony.runtime.processes.pool import Processes
from symphony.store.store import Store

NASTY = ("sleep_long", "hopeless_regex", "ignore_sigterm", "leave_a_daemon", "endless_thread")


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


# Calls


def test_a_call_gives_its_value_its_lines_and_its_cost(bench: Bench) -> None:
    talking = bench.give("talk")

    worker = bench.value(talking)

    assert worker != os.getpid()
    said = {(line["origin"], line["level"], line["message"]) for line in talking.lines}
    assert said == {
        ("stdout", "info", "printed"), ("log", "warning", "warned 7"), ("log", "info", "noted"),
        ("stdout", "info", "from C"), ("stderr", "info", "from a child"), ("stderr", "info", "no end of line"),
    }  # fmt: skip
    assert {(line["task"], line["attempt"]) for line in talking.lines} == {("talk", 1)}
    assert talking.progress == [(1, 2)]
    measured = talking.outcome.measured
    assert set(measured) == {
        "wall_s", "cpu_s", "load_s", "compute_s", "save_s", "peak_memory_bytes", "bytes_in", "bytes_out"
    }  # fmt: skip
    assert 0 < measured["compute_s"] <= measured["wall_s"]
    assert measured["peak_memory_bytes"] > 1e7


def test_a_worker_is_used_again(bench: Bench) -> None:
    assert [bench.value(bench.give("add", a=n)) for n in range(3)] == [1, 2, 3]
    first, second = (bench.value(bench.give("process_facts")) for _ in range(2))
    assert first == second


def test_workers_are_sessions_of_their_own_so_that_only_the_engine_decides(bench: Bench) -> None:
    """A terminal sends SIGINT to the engine's process group; neither nursery nor workers are in it."""
    pid, session, parent = bench.value(bench.give("process_facts"))

    assert pid == session
    assert parent == bench.pool.nursery
    assert os.getsid(parent) == parent != os.getsid(0)


def test_an_async_player_is_awaited(bench: Bench) -> None:
    assert bench.value(bench.give("later", text="soon")) == "SOON"


def test_instances_and_paths_come_back_equal(bench: Bench, tmp_path: Path) -> None:
    sys.path.insert(0, str(HERE))
    try:
        from nasty_players import Point
    finally:
        sys.path.remove(str(HERE))

    assert bench.value(bench.give("move", point=Point(1, tmp_path))) == Point(2, tmp_path / "further")


def test_an_error_is_an_outcome_with_its_classes_and_the_lines_of_the_body(bench: Bench) -> None:
    outcome = bench.give("fail", text="no such thing").outcome

    assert outcome.how == "failed"
    assert outcome.error is not None
    assert (outcome.error["type"], outcome.error["message"]) == ("ValueError", "no such thing")
    assert "raise ValueError(text)" in outcome.error["traceback"]
    assert outcome.error_types[:2] == ("ValueError", "Exception")


def test_a_value_of_the_wrong_type_is_refused_where_a_port_is_checked(bench: Bench) -> None:
    outcome = bench.give("later", text=[1], checked=("text",)).outcome

    assert outcome.error is not None
    assert outcome.error["message"] == "later: the input 'text' takes string, it got list: [1]"


def test_a_secret_is_resolved_in_the_worker_and_redacted_from_what_comes_back(bench: Bench) -> None:
    """Semantics 50."""
    telling = bench.give("tell_secret", secrets={"key": "KEY"})

    assert bench.value(telling) == "<***>"
    assert [line["message"] for line in telling.lines] == ["the key is ***"]


def test_workers_do_not_share_a_sequence_of_random_numbers(bench: Bench) -> None:
    both = [bench.give("random_number"), bench.give("random_number")]

    assert len({bench.value(b) for b in both}) == 2


def test_a_file_of_the_work_folder_is_kept_before_the_folder_goes(
    benches: Callable[..., Bench], tmp_path: Path
) -> None:
    """Semantics 6, with a store on disk and with one in memory, for small files and for large ones."""
    for folder in (tmp_path / "store", None):
        with Store.open(folder) as store:
            bench = benches(shared=folder)
            for text in ("short", "long " * 50_000):
                outcome = bench.give("write_file", text=text).outcome
                artifact = bench.pool.parcels.keep(store, outcome.outputs["out"])
                assert (artifact.codec, artifact.meta["name"]) == ("file", "note.txt")
                path = store.get(artifact)
                assert path.read_text() == text
                again = bench.pool.parcels.pack_artifact(store, artifact)
                assert bench.pool.parcels.unpack(again) == path


# Large values


@pytest.mark.parametrize("shared", [True, False], ids=["store", "spool"])
def test_a_large_array_is_mapped_not_copied(benches: Callable[..., Bench], tmp_path: Path, shared: bool) -> None:
    bench = benches(shared=tmp_path if shared else None)
    values = numpy.arange(1 << 20, dtype="f8")

    back = bench.value(bench.give("double", values=values))

    assert numpy.array_equal(back, values * 2)
    assert isinstance(back.base, mmap.mmap)
    assert not back.flags.writeable


@pytest.mark.parametrize("dtype", ["datetime64[s]", "S5", "u1", "c16"])
def test_arrays_of_every_plain_type_come_back_equal(bench: Bench, dtype: str) -> None:
    values = numpy.arange(200_000).astype(dtype)
    parcel = bench.pool.parcels.pack(values)

    assert parcel.at
    back = bench.pool.parcels.unpack(parcel)
    assert back.dtype == values.dtype
    assert numpy.array_equal(back, values)


def test_large_bytes_pass_by_file(bench: Bench) -> None:
    data = os.urandom(1 << 20)
    outcome = bench.give("backwards", data=data).outcome

    parcel = outcome.outputs["out"]
    assert parcel.data is None
    assert bench.pool.parcels.unpack(parcel) == data[::-1]
    bench.pool.parcels.release(parcel)
    assert not bench.pool.parcels.path(parcel).exists()


def test_a_large_result_is_an_object_of_the_store_already(benches: Callable[..., Bench], tmp_path: Path) -> None:
    bench = benches(shared=tmp_path)
    with Store.open(tmp_path) as store:
        outcome = bench.give("double", values=numpy.ones(1 << 17)).outcome
        parcel = outcome.outputs["out"]
        before = bench.pool.parcels.path(parcel).stat().st_ino

        artifact = bench.pool.parcels.keep(store, parcel)

        assert bench.pool.parcels.path(parcel).stat().st_ino == before
        assert numpy.array_equal(store.get(artifact), numpy.full(1 << 17, 2.0))
        assert artifact.digest == store.encode(numpy.full(1 << 17, 2.0)).artifact.digest
        assert bench.pool.parcels.pack_artifact(store, artifact).data is None


# Ending


@pytest.mark.parametrize("how", ["timed out", "cancelled"])
def test_nasty_bodies_are_gone_in_time(benches: Callable[..., Bench], how: str) -> None:
    """Nothing is left 2.5 s after the start: timeout 1 s, or cancelled after 1 s, and a grace period of 1 s."""
    bench = benches(slots=5)
    bench.pool.warm(5)
    assert until(lambda: len(bench.below()) == 5, 10)
    timeout_s = 1.0 if how == "timed out" else None
    begun = time.monotonic()
    calls = [bench.give(name, timeout_s=timeout_s) for name in NASTY]
    assert until(lambda: all(c.started for c in calls), 1)
    if how == "cancelled":
        assert until(lambda: len(bench.below()) >= 9, 1)  # the daemon and its children
        for call in calls:
            bench.pool.cancel(call.call.id)

    assert {c.outcome.how for c in calls} == {how}

    assert max(c.ended_at for c in calls) - begun < 2.5
    assert not {p for p in bench.below() if _runs(p, "sleep")}
    assert calls[0].ended_at - begun < 1.5  # the willing ones do not wait for the grace period
    if how == "timed out":
        error = calls[0].outcome.error
        assert error is not None
        assert error["message"] == "it ran longer than 1 s and was ended"


def _runs(pid: int, program: str) -> bool:
    try:
        return program in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("player", ["clean_up", "clean_up_later"])
def test_clean_up_runs_once(bench: Bench, tmp_path: Path, player: str) -> None:
    notes = tmp_path / "notes"
    call = bench.give(player, notes=notes)
    assert until(lambda: call.said("begun"), 5)

    bench.pool.cancel(call.call.id)
    bench.pool.cancel(call.call.id)

    assert call.outcome.how == "cancelled"
    expected = ["cleaned", "left"] if player == "clean_up" else ["left"]
    assert notes.read_text().split() == expected


def test_a_body_that_swallows_its_end_is_cancelled_all_the_same(bench: Bench, tmp_path: Path) -> None:
    call = bench.give("swallow", notes=tmp_path / "notes")
    assert until(lambda: call.said("begun"), 5)

    bench.pool.cancel(call.call.id)

    assert call.outcome.how == "cancelled"
    assert (tmp_path / "notes").exists()


def test_a_call_that_waits_is_dropped(benches: Callable[..., Bench]) -> None:
    bench = benches(slots=1)
    first, second, third = bench.give("sleep_long"), bench.give("add", a=1), bench.give("add", a=2)
    assert until(lambda: first.started, 5)

    bench.pool.cancel(second.call.id)
    assert second.outcome.how == "cancelled"
    assert not second.started
    bench.pool.cancel(first.call.id)

    assert bench.value(third) == 3


# Deaths


def test_a_worker_that_dies_is_noticed_at_once_and_replaced(bench: Bench) -> None:
    """With the signal's name, the peak memory and the last 50 lines."""
    bench.value(bench.give("add", a=1))
    begun = time.monotonic()
    call = bench.give("kill_itself", ballast=50_000_000)

    outcome = call.outcome

    assert call.ended_at - begun < 1.0
    assert (outcome.how, outcome.signal, outcome.deaths) == ("died", "SIGKILL", 1)
    assert outcome.measured["peak_memory_bytes"] > 50_000_000
    assert [line["message"] for line in outcome.last_lines] == [f"line {i}" for i in range(10, 60)]
    assert outcome.error is not None
    assert outcome.error["message"].startswith("the process of kill_itself was killed by SIGKILL; its peak memory was ")
    assert bench.value(bench.give("add", a=1)) == 2


def test_deaths_of_one_call_are_counted(bench: Bench, tmp_path: Path) -> None:
    counts = [bench.give("leave", status=3, id=7_000_000).outcome for _ in range(3)]

    assert [(o.deaths, o.exit_status) for o in counts] == [(1, 3), (2, 3), (3, 3)]


def test_a_hundred_deaths_in_a_row_leave_nothing_behind(benches: Callable[..., Bench]) -> None:
    bench = benches()
    for _ in range(2):
        assert bench.give("kill_itself").outcome.how == "died"
    before, below = descriptors(), len(bench.below())

    for _ in range(100):
        assert bench.give("kill_itself").outcome.signal == "SIGKILL"

    assert until(lambda: (descriptors(), len(bench.below())) <= (before, below), 2)


def test_the_loss_of_the_nursery_is_survived(benches: Callable[..., Bench]) -> None:
    bench = benches()
    calls = [bench.give("leave_a_daemon"), bench.give("sleep_long")]
    assert until(lambda: len(bench.below()) >= 5, 5)
    lost = bench.pool.nursery

    os.kill(lost, signal.SIGKILL)

    assert [c.outcome.how for c in calls] == ["died", "died"]
    assert not {p for p in bench.below() if _runs(p, "sleep")}
    assert bench.value(bench.give("add", a=1)) == 2
    assert bench.pool.nursery != lost


def test_the_death_of_the_engine_takes_everything_along(tmp_path: Path) -> None:
    """Workers, grandchildren in sessions of their own, shell steps with their children, nursery and spool: gone in 1 s."""
    program = tmp_path / "engine.py"
    program.write_text(
        "import sys, threading\n"
        f"sys.path[:0] = [{str(HERE)!r}]\n"
        "from pathlib import Path\n"
        "from symphony_tests_processes import Bench, until\n"
        "bench = Bench(slots=3)\n"
        "calls = [bench.give('leave_a_daemon'), bench.give('ignore_sigterm'),\n"
        "         bench.run('sleep 3600 & setsid sleep 3600', Path(sys.argv[1]))]\n"
        "assert until(lambda: len(bench.below()) >= 9, 20)\n"
        "print(bench.token, bench.pool._terms.spool, flush=True)\n"
        "threading.Event().wait()\n"
    )
    engine = subprocess.Popen([sys.executable, str(program), str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert engine.stdout is not None
    token, spool = engine.stdout.readline().split()
    assert Path(spool).is_dir()

    engine.kill()

    assert until(lambda: not tree.marked(MARK, token), 1.0)
    assert until(lambda: not Path(spool).exists(), 1.0)
    engine.wait()
    engine.stdout.close()


# Shell steps


def test_a_command_runs_where_and_as_it_is_told(bench: Bench, tmp_path: Path) -> None:
    call = bench.run('echo "$greeting from $PWD"; echo oops >&2; exit 3', tmp_path, greeting="hello")

    outcome = call.outcome

    assert (outcome.how, outcome.exit_status) == ("ok", 3)
    assert (tmp_path / "out").read_text() == f"hello from {tmp_path}\n"
    assert (tmp_path / "err").read_text() == "oops\n"
    assert outcome.measured["wall_s"] > 0


def test_a_command_leaves_nothing_running(benches: Callable[..., Bench], tmp_path: Path) -> None:
    bench = benches(preload=[])
    call = bench.run("setsid sleep 3600 & sleep 3600 & echo done", tmp_path)

    assert call.outcome.exit_status == 0
    assert until(lambda: not bench.below(), 1.0)


def test_a_command_ends_at_its_timeout_after_its_own_clean_up(bench: Bench, tmp_path: Path) -> None:
    script = "trap 'echo cleaned; exit 1' TERM; echo begun; sleep 3600 & wait"
    call = bench.run(script, tmp_path, timeout_s=0.3)

    assert call.outcome.how == "timed out"
    assert (tmp_path / "out").read_text() == "begun\ncleaned\n"


def test_a_command_that_is_killed_has_died(bench: Bench, tmp_path: Path) -> None:
    outcome = bench.run("kill -SEGV $$", tmp_path).outcome

    assert (outcome.how, outcome.signal) == ("died", "SIGSEGV")


# Batches


def test_short_safe_calls_go_in_batches_and_all_come_back(bench: Bench) -> None:
    for n in range(4):
        bench.value(bench.give("add", a=n, safe=True))
    calls = [bench.give("add", a=n, safe=True) for n in range(500)]

    assert [bench.value(c) for c in calls] == list(range(1, 501))
    assert all(len(c.outcomes) == len(c.started) == 1 for c in calls)


def test_only_the_call_that_ran_answers_for_a_death_in_a_batch(benches: Callable[..., Bench], tmp_path: Path) -> None:
    bench = benches(slots=1)
    for n in range(4):
        bench.value(bench.give("add", a=n, safe=True))
    bench.pool._supervisor._batches._mean_s["nasty_players:kill_itself_once"] = 1e-5
    blocked = bench.give("add", a=0)
    calls = [bench.give("add", a=n, safe=True) for n in range(20)]
    bad = bench.give("kill_itself_once", flag=tmp_path / "flag", safe=True)
    calls += [bench.give("add", a=n, safe=True) for n in range(20, 200)]

    assert bench.value(blocked) == 1
    assert bad.outcome.how == "died"
    assert [bench.value(c) for c in calls] == list(range(1, 201))
    assert all(len(c.outcomes) == 1 for c in calls)


# One call ahead


def known_to_be_short(bench: Bench) -> None:
    bench.pool._supervisor._batches._mean_s["nasty_players:maybe_sleep"] = 0.01


def test_a_call_behind_one_that_times_out_is_made_and_has_its_whole_time(benches: Callable[..., Bench]) -> None:
    bench = benches(slots=1)
    known_to_be_short(bench)
    late = bench.give("maybe_sleep", seconds=3600.0, timeout_s=0.4, safe=True)
    behind = [bench.give("maybe_sleep", seconds=0.3, timeout_s=0.4, safe=True) for _ in range(2)]

    assert late.outcome.how == "timed out"
    assert [call.outcome.how for call in behind] == ["ok", "ok"]
    assert {call.outcome.deaths for call in behind} == {0}
    assert all(len(call.started) == 1 for call in [late, *behind])


def test_a_call_behind_one_that_dies_is_made_and_has_cost_no_process(benches: Callable[..., Bench]) -> None:
    bench = benches(slots=1)
    known_to_be_short(bench)
    bad = bench.give("maybe_sleep", seconds=0.1, kill=True, timeout_s=5.0, safe=True)
    behind = bench.give("maybe_sleep", seconds=0.01, kill=True, timeout_s=5.0, safe=True)

    assert (bad.outcome.how, bad.outcome.deaths) == ("died", 1)
    assert (behind.outcome.how, behind.outcome.deaths) == ("died", 1)


def test_a_call_behind_a_long_one_is_taken_back_by_a_worker_that_is_free(benches: Callable[..., Bench]) -> None:
    bench = benches(slots=2)
    bench.pool.warm(2)
    known_to_be_short(bench)
    blocked = [bench.give("maybe_sleep", seconds=0.3) for _ in range(2)]
    long = bench.give("maybe_sleep", seconds=3600.0, safe=True)
    short = [bench.give("maybe_sleep", seconds=0.01, safe=True) for _ in range(4)]

    assert [call.outcome.how for call in [*blocked, *short]] == ["ok"] * 6
    assert all(len(call.outcomes) == 1 for call in short)
    assert not long.outcomes
    bench.pool.cancel(long.call.id)
    assert long.outcome.how == "cancelled"


# Ways of starting workers


def test_a_module_that_starts_threads_is_imported_after_the_fork(benches: Callable[..., Bench]) -> None:
    bench = benches(preload=["threaded_players"])

    assert bench.value(bench.give("ask_the_thread", module="threaded_players")) is True
    assert bench.value(bench.give("ask_the_thread", module="threaded_players")) is True


def test_a_module_that_cannot_be_imported_harms_only_calls_that_need_it(benches: Callable[..., Bench]) -> None:
    bench = benches(preload=["broken_players", "nasty_players"])

    outcome = bench.give("anything", module="broken_players").outcome

    assert outcome.error is not None
    assert "this module is broken" in outcome.error["message"]
    assert bench.value(bench.give("add", a=1)) == 2


def test_workers_can_be_interpreters_of_their_own(benches: Callable[..., Bench]) -> None:
    bench = benches(fork=False)

    assert bench.value(bench.give("add", a=1)) == 2
    slow = bench.give("sleep_long")
    assert until(lambda: slow.started, 10)
    bench.pool.cancel(slow.call.id)
    assert slow.outcome.how == "cancelled"


# Closing


def test_closing_ends_what_runs_and_leaves_nothing(tmp_path: Path) -> None:
    threads, before = threading.active_count(), descriptors()
    bench = Bench(grace_s=0.2, workdirs=tmp_path / "work")
    running, waiting = [bench.give("ignore_sigterm"), bench.give("leave_a_daemon")], bench.give("add", a=1)
    assert until(lambda: len(bench.below()) >= 5, 10)
    spool = bench.pool.parcels.spool

    bench.pool.close()

    assert [c.outcome.how for c in (*running, waiting)] == ["cancelled"] * 3
    assert not tree.marked(MARK, bench.token)
    assert not spool.exists()
    assert list((tmp_path / "work").glob("*")) == []
    assert (threading.active_count(), descriptors()) == (threads, before)
    assert [p for p in tree.children_of(os.getpid()) or [] if tree.start_of(p) is None] == []
    with pytest.raises(InternalError, match="takes no calls"):
        bench.give("add", a=1)


def test_a_pool_that_was_never_used_closes(tmp_path: Path) -> None:
    before = descriptors()

    Processes(slots=1).close()

    assert descriptors() == before
