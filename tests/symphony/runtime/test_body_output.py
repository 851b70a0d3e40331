"""What bodies print and log becomes lines of their calls; everything else goes where it always went."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import pdb
import sys
import threading
from typing import Any

import pytest

from symphony import Context, each, melody, operator, run
from symphony.define.tracing import secret
from symphony.model.event import Event, EventKind
from symphony.runtime import run_log
from symphony.store.store import Store


@operator
def numbers(n: int) -> list[int]:
    return list(range(n))


@operator
def prints(x: int) -> int:
    print("out", x)
    print("err", x, file=sys.stderr)
    sys.stdout.write("no end")
    return x


@operator
def logs(x: int) -> int:
    logging.getLogger("some.library").info("x is %s", x)
    logging.warning("careful")
    logging.getLogger("some.library").debug("nobody asked")
    return x


@operator
def says(ctx: Context, x: int) -> int:
    ctx.log.info("said %s", x)
    return x


@operator
async def waits(x: int) -> int:
    print("before", x)
    await asyncio.sleep(0)
    print("after", x)
    logging.getLogger("waits").warning("late %s", x)
    return x


def other() -> None:
    print("from elsewhere")
    logging.getLogger("elsewhere").info("hush")
    logging.getLogger("elsewhere").warning("loud")


@operator
def starts(x: int) -> int:
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    return x


@operator
def forks(x: int) -> int:
    pid = os.fork()
    if not pid:
        try:
            print("the child")
        finally:
            os._exit(sys.exc_info()[0] is not None)
    print("the parent")
    return os.waitpid(pid, 0)[1]


@operator
def stops(x: int) -> int:
    print("before")
    pdb.Pdb(nosigint=True, readrc=False).set_trace()
    return x


@operator
def tells(token: str) -> int:
    print("the token is", token)
    return 1


@operator
def floods(kind: str) -> int:
    if kind == "many lines":
        for i in range(1000):
            print(i)
    elif kind == "one long line":
        print("x" * 5_000_000)
    else:
        print("\n".join(["y" * 100_000] * 50))
    return 1


tried: list[int] = []


@operator(retry=2)
def fails_once(x: int) -> int:
    print("try", len(tried))
    tried.append(x)
    if len(tried) == 1:
        raise OSError("again")
    return x


def heard_of(m: Any, **options: Any) -> list[dict[str, Any]]:
    """The lines of a run, in the order in which they were kept."""
    store = Store.open(None)
    result = run(m, store=store, **options)
    assert result.exit_code == 0, result.failures
    return store.logs(result.run)


def texts(lines: list[dict[str, Any]], task: str) -> list[tuple[str, str, str]]:
    return [(line["origin"], line["level"], line["message"]) for line in lines if line["task"] == task]


@pytest.mark.parametrize("road", ["fast road", "run loop"])
def test_prints_are_lines_of_their_call(road: str):
    @melody
    def m():
        a = prints(7)
        return a if road == "fast road" else prints(each(numbers(1))).named("b")

    lines = heard_of(m)

    task = "a" if road == "fast road" else "b[0]"
    assert texts(lines, task) == [
        ("stdout", "info", "out 7" if task == "a" else "out 0"),
        ("stderr", "info", "err 7" if task == "a" else "err 0"),
        ("stdout", "info", "no end"),
    ]
    assert all(line["attempt"] == 1 and line["at"] > 0 for line in lines)


def test_the_standard_loggers_are_heard_from_info_on_and_nothing_twice():
    @melody
    def m():
        a = logs(1)
        return says(a)

    lines = heard_of(m)

    assert texts(lines, "a") == [("log", "info", "x is 1"), ("log", "warning", "careful")]
    assert texts(lines, "says") == [("log", "info", "said 1")]


def test_handlers_that_print_do_not_say_it_twice(capsys: pytest.CaptureFixture[str]):
    handler = logging.StreamHandler(sys.stderr)
    logging.getLogger().addHandler(handler)
    events: list[Event] = []
    try:

        @melody
        def m():
            a = logs(1)
            return a

        lines = heard_of(m, on_event=events.append)
    finally:
        logging.getLogger().removeHandler(handler)

    assert len(lines) == 2
    assert [e.data["message"] for e in events if e.kind is EventKind.LOG and e.data] == ["x is 1", "careful"]
    assert capsys.readouterr().err == ""


def test_coroutines_on_one_thread_are_told_apart():
    @melody
    def m():
        ys = waits(each(numbers(3))).named("ys")
        return ys

    lines = heard_of(m)

    for i in range(3):
        assert [text for _, _, text in texts(lines, f"ys[{i}]")] == [f"before {i}", f"after {i}", f"late {i}"]


def test_other_threads_print_and_log_as_before(capsys: pytest.CaptureFixture[str]):
    """Their INFO stays unsaid, too: the level of the root is lower only for bodies."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)

    @melody
    def m():
        a = starts(1)
        return a

    try:
        lines = heard_of(m, on_event=lambda event: None)
    finally:
        logging.getLogger().removeHandler(handler)

    assert lines == []
    assert capsys.readouterr().out == "from elsewhere\n"
    assert stream.getvalue() == "loud\n"


def test_streams_and_loggers_are_as_before_once_the_run_has_ended():
    before = sys.stdout, sys.stderr, logging.Logger.callHandlers, logging.getLogger().level

    @melody
    def m():
        return prints(1)

    heard_of(m)

    assert (sys.stdout, sys.stderr, logging.Logger.callHandlers, logging.getLogger().level) == before


def test_without_a_listener_prints_are_seen_as_before_too(capsys: pytest.CaptureFixture[str]):
    @melody
    def m():
        return prints(1)

    heard_of(m)

    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("out 1\nno end\n", "err 1\n")


def test_a_listener_that_prints_is_no_body(capsys: pytest.CaptureFixture[str]):
    @melody
    def m():
        a = prints(1)
        return a

    lines = heard_of(m, on_event=lambda event: print(event.kind))

    assert len(lines) == 3
    assert capsys.readouterr().out.count("log\n") == 3


def test_a_child_that_a_body_forks_prints_as_if_there_were_no_run():
    @melody
    def m():
        a = forks(1)
        return a

    store = Store.open(None)
    result = run(m, store=store)

    assert result.outputs["out"] == 0  # how the child ended
    assert [line["message"] for line in store.logs(result.run)] == ["the parent"]


def test_what_a_debugger_says_reaches_whoever_sits_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sys.stdin", io.StringIO("p 40 + 2\nc\n"))

    @melody
    def m():
        a = stops(1)
        return a

    lines = heard_of(m, on_event=lambda event: None)

    assert texts(lines, "a") == [("stdout", "info", "before")]
    assert "42" in capsys.readouterr().out


def test_the_lines_of_a_secret_are_not_in_lines(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SYMPHONY_SECRET_TOKEN", "first-half\nsecond-half")

    @melody
    def m():
        a = tells(secret("TOKEN"))
        return a

    lines = heard_of(m, on_event=lambda event: None)

    assert "half" not in str(lines)


def test_secrets_are_not_in_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("SYMPHONY_SECRET_TOKEN", "s3cr3t-value")

    @melody
    def m():
        a = tells(secret("TOKEN"))
        return a

    lines = heard_of(m)

    assert texts(lines, "a") == [("stdout", "info", "the token is ***")]
    assert "s3cr3t" not in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["many lines", "one long line", "many bytes"])
def test_a_flood_is_cut_and_the_rest_counted(kind: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run_log, "LINES_PER_CALL", 10)
    monkeypatch.setattr(run_log, "BYTES_PER_CALL", 300_000)

    @melody
    def m():
        a = floods(kind)
        return a

    lines = heard_of(m, on_event=lambda event: None)

    assert len(lines) <= 11
    assert sum(len(line["message"]) for line in lines) < 310_000
    assert lines[-1]["origin"] == "engine"
    assert lines[-1]["message"].endswith("more lines were not kept")
    if kind == "many lines":
        assert lines[-1]["message"] == "… 990 more lines were not kept"


def test_attempts_are_told_apart():
    tried.clear()

    @melody
    def m():
        a = fails_once(1)
        return a

    lines = heard_of(m)

    assert [(line["attempt"], line["message"]) for line in lines] == [(1, "try 0"), (2, "try 1")]
