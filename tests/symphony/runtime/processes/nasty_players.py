"""Players for the tests of processes: ordinary ones, and ones that do not want to end."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from symphony import Context, operator


@dataclass
class Point:
    x: int
    where: Path


@operator
def add(a: int, b: int = 1) -> int:
    return a + b


@operator
def move(point: Point) -> Point:
    return Point(point.x + 1, point.where / "further")


@operator
def double(values: Any) -> Any:
    assert not values.flags.writeable
    return values * 2


@operator
def backwards(data: bytes) -> bytes:
    return data[::-1]


@operator
async def later(text: str) -> str:
    import asyncio

    await asyncio.sleep(0)
    return text.upper()


@operator
def talk(*, ctx: Context) -> int:
    print("printed")
    logging.getLogger("library").warning("warned %d", 7)
    ctx.log.info("noted")
    sys.stdout.flush()
    ctypes.CDLL(None).puts(b"from C")
    ctypes.CDLL(None).fflush(None)
    subprocess.run(["sh", "-c", "echo from a child >&2"], check=True)
    ctx.progress(1, 2)
    print("no end of line", end="", file=sys.stderr)
    return os.getpid()


@operator
def write_file(text: str, *, ctx: Context) -> Path:
    path = ctx.workdir / "note.txt"
    path.write_text(text)
    return path


@operator
def tell_secret(key: str) -> str:
    print(f"the key is {key}")
    return f"<{key}>"


@operator
def fail(text: str) -> int:
    raise ValueError(text)


@operator
def process_facts() -> list[int]:
    return [os.getpid(), os.getsid(0), os.getppid()]


@operator
def random_number() -> float:
    return float(numpy.random.random())


@operator
def leave(status: int) -> int:
    os._exit(status)


@operator
def kill_itself(ballast: int = 0) -> int:
    held = b"x" * ballast
    for i in range(60):
        print("line", i)
    os.kill(os.getpid(), signal.SIGKILL)
    return len(held)


@operator
def maybe_sleep(seconds: float, kill: bool = False) -> int:
    time.sleep(seconds)
    if kill:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


@operator
def kill_itself_once(flag: Path) -> int:
    if not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 1


# Bodies that do not want to end


@operator
def sleep_long() -> int:
    time.sleep(3600)
    return 1


@operator
def hopeless_regex() -> int:
    re.match(r"(a*)*b", "a" * 60)
    return 1


@operator
def ignore_sigterm() -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(0.01)


@operator
def leave_a_daemon() -> int:
    script = "trap '' TERM; (trap '' TERM; setsid sleep 3600 & sleep 3600) & sleep 3600"
    subprocess.Popen(["sh", "-c", script], start_new_session=True)
    time.sleep(3600)
    return 1


@operator
def endless_thread() -> int:
    threading.Thread(target=lambda: time.sleep(3600)).start()
    time.sleep(3600)
    return 1


@contextlib.contextmanager
def _noted(path: Path) -> Iterator[None]:
    try:
        yield
    finally:
        with path.open("a") as notes:
            notes.write("left\n")


@operator
def clean_up(notes: Path) -> int:
    with _noted(notes):
        try:
            print("begun")
            time.sleep(3600)
        finally:
            with notes.open("a") as stream:
                stream.write("cleaned\n")
    return 1


@operator
async def clean_up_later(notes: Path) -> int:
    import asyncio

    with _noted(notes):
        print("begun")
        await asyncio.sleep(3600)
    return 1


@operator
def swallow(notes: Path) -> int:
    try:
        print("begun")
        time.sleep(3600)
    except BaseException:  # noqa: BLE001  that is what is nasty about it
        notes.touch()
    return 1
