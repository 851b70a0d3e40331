"""The players of these tests; copied into each project."""

import asyncio
import os
import pathlib
import signal
import subprocess
import time

import numpy

from symphony import Context, instrument, operator


def mark(log: str, text: str) -> None:
    with open(log, "a") as file:
        file.write(f"{text}\n")


@operator(version="1.0.0")
def add(a: int, b: int) -> int:
    return a + b


@operator(version="1.0.0")
def square(n: int) -> int:
    return n * n


@operator(version="1.0.0")
def total(numbers: list[int]) -> int:
    return sum(numbers)


@operator(version="1.0.0")
def spoken(n: int, ctx: Context) -> int:
    print(f"printed {n}")
    ctx.log.warning("logged %s", n)
    ctx.progress(n, 10)
    return n


@operator(version="1.0.0")
async def later(n: int) -> int:
    await asyncio.sleep(0.2)
    return n + 1


@operator(version="1.0.0")
async def for_ever(log: str) -> int:
    mark(log, "began")
    try:
        await asyncio.sleep(3600)
    finally:
        mark(log, "ended")
    return 1


@operator(version="1.0.0", cache=False)
def flaky(folder: str, ctx: Context) -> int:
    mark(f"{folder}/calls", "flaky")
    if ctx.attempt < 3:
        raise ValueError(f"attempt {ctx.attempt}")
    return 5


@operator(version="1.0.0")
def shaky(log: str, ctx: Context) -> int:
    mark(log, "shaky")
    if ctx.attempt < 2:
        raise ValueError(f"attempt {ctx.attempt}")
    return 5


@operator(version="1.0.0")
def logged(n: int, log: str, pause: float = 0.0) -> int:
    mark(log, str(n))
    time.sleep(pause)
    mark(log + ".ended", str(n))
    return n


@operator(version="1.0.0")
def array(size: int, log: str) -> numpy.ndarray:
    mark(log, f"array {os.getpid()}")
    return numpy.arange(size, dtype=numpy.uint8)


@operator(version="1.0.0")
def weigh(data: numpy.ndarray, log: str) -> int:
    mark(log, f"weigh {os.getpid()}")
    return int(data.sum(dtype=numpy.int64))


@operator(version="1.0.0", isolation="process", cache=False)
def nasty(how: str, sleep: str) -> int:
    subprocess.Popen(["setsid", "sleep", sleep])
    if how == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(3600)
    return 1


@operator(version="1.0.0")
def poison(log: str) -> int:
    mark(log, "poison")
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


@operator(version="1.0.0")
def fail(n: int = 0) -> int:
    raise RuntimeError("broken on purpose")


@operator(version="1.0.0")
def key_length(key: str, log: str) -> int:
    mark(log, f"pid {os.getpid()}")
    print(f"the key is {key}")
    return len(key)


@operator(version="1.0.0")
def note(n: int, root: str, run: str, log: str) -> None:
    """An effect; it looks whether what it was given is recorded by now."""
    from symphony.bootstrap import open_project_store
    from symphony.config.project import find_project

    calls = open_project_store(find_project(pathlib.Path(root))).calls(run)
    mark(log, "recorded" if "succeeded" in [str(call.state) for call in calls if call.task == "cause"] else "not yet")


@operator(version="1.0.0")
def write(text: str, ctx: Context) -> pathlib.Path:
    path = ctx.workdir / "made.txt"
    path.write_text(text)
    return path


@operator(version="1.0.0")
def read(path: pathlib.Path) -> str:
    return path.read_text()


@operator(version="1.0.0", cache=False)
def obedient(log: str, ctx: Context) -> int:
    mark(log, "began")
    while not ctx.cancelled:
        ctx.sleep(3600)
    mark(log, "ended")
    return 1


@operator(version="1.0.0", cache=False)
def until_there(path: str) -> int:
    while not os.path.exists(path):
        time.sleep(0.01)
    return 2


def set_up() -> int:
    return os.getpid()


def tear_down(state: int) -> None:
    pathlib.Path(__file__).with_name(f"torn-down-{state}").touch()


@instrument(setup=set_up, teardown=tear_down, memory="1MB", version="1.0.0", cache=False)
def warm(state: int, n: int, log: str) -> int:
    mark(log, str(state))
    return n
