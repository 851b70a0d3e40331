"""Bodies that do not want to end, each once in a process and once in a thread, and melodies that play them."""

from __future__ import annotations

BODIES = ("sleeps", "matches", "ignores", "leaves", "threads")
PLAYERS = '''
import os
import re
import signal
import subprocess
import threading
import time

from symphony import Context, operator


def begun(ctx: Context) -> None:
    open(f"begun-{ctx.task_id}", "x").close()


def sleeping(ctx: Context) -> int:
    """One long sleep."""
    begun(ctx)
    time.sleep(3600)
    return 1


def matching(ctx: Context) -> int:
    """A regular expression that takes longer than the universe, and never lets go of the interpreter."""
    begun(ctx)
    re.match(r"(a*)*b", "a" * 60)
    return 1


def ignoring(ctx: Context) -> int:
    """SIGTERM is ignored, where a thread may do that, and every exception is swallowed."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    begun(ctx)
    while True:
        try:
            time.sleep(3600)
        except BaseException:
            pass


def leaving(ctx: Context) -> int:
    """Grandchildren in sessions of their own, which ignore SIGTERM; the body does not wait for them."""
    script = "trap '' TERM; (trap '' TERM; setsid sleep 3600 & sleep 3600) & sleep 3600"
    subprocess.Popen(["sh", "-c", script], start_new_session=True)
    time.sleep(0.2)
    begun(ctx)
    time.sleep(3600)
    return 1


def threading_on(ctx: Context) -> int:
    """A thread that never ends and is no daemon."""
    threading.Thread(target=time.sleep, args=(3600,)).start()
    begun(ctx)
    time.sleep(3600)
    return 1

''' + "".join(
    f"""
@operator(version="1.0.0"{isolation})
def {name}{suffix}(ctx: Context) -> int:
    return {body}(ctx)

"""
    for name, body in zip(BODIES, ("sleeping", "matching", "ignoring", "leaving", "threading_on"), strict=True)
    for suffix, isolation in (("", ', isolation="process"'), ("_in_a_thread", ""))
)


def melody(*players: str, policy: str = "") -> str:
    """A melody of one task for each player; `policy` goes to every one."""
    tasks = "".join(f'  {name}: {{player: "players:{name}"{policy}}}\n' for name in players)
    return f"melody: nasty\nversion: 1.0.0\ntasks:\n{tasks}"
