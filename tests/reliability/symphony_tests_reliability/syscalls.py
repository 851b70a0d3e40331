"""Faults at a chosen system call, made by ``strace``: the process is killed at its Nth call of one kind."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path


@cache
def why_not() -> str:
    """Why system calls cannot be traced here; nothing where they can."""
    strace = shutil.which("strace")
    if strace is None:
        return "strace is not installed"
    tried = subprocess.run([strace, "-f", "-e", "trace=openat", "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"this machine does not let strace trace: {tried.stderr.strip()[-200:]}"


def killed_at(call: str, number: int) -> tuple[str, ...]:
    """What to put in front of a command so that it is killed when one of its threads makes this call the Nth time.

    Without ``--seccomp-bpf``, which is faster: with it, strace 6.1 sends no signal, and nothing is killed.
    """
    inject = f"inject={call}:signal=SIGKILL:when={number}"
    return "strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject


def traced(calls: str, into: Path) -> tuple[str, ...]:
    """What to put in front of a command so that its calls of these kinds are written to a file, in order."""
    return "strace", "-f", "--seccomp-bpf", "-y", "-s", "400", "-o", str(into), "-e", f"trace={calls}"


def most_by_one_thread(trace: Path, call: str) -> int:
    """How often the thread that makes a call most often makes it."""
    threads = Counter(re.findall(rf"^(\d+) +{call}\(", trace.read_text(errors="replace"), re.M))
    return max(threads.values(), default=0)
