"""A file system of one megabyte, in a mount namespace that lives as long as the test."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_OWN = ("unshare", "--user", "--map-root-user", "--mount", "--kill-child")


@cache
def why_not() -> str:
    """Why there can be none here; nothing where there can."""
    if not (shutil.which("unshare") and shutil.which("nsenter")):
        return "unshare or nsenter is not installed"
    tried = subprocess.run([*_OWN, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"this machine lends no mount namespaces: {tried.stderr.strip()[-200:]}"


class SmallDisk:
    """The file system, seen only by commands that are started with `prefix`."""

    def __init__(self, keeper: int, folder: Path) -> None:
        self._keeper, self.folder = keeper, folder

    def prefix(self, working_folder: Path) -> tuple[str, ...]:
        """What to put in front of a command so that it sees the file system."""
        target = "--preserve-credentials", "--target", str(self._keeper), "--user", "--mount"
        return "nsenter", *target, f"--wd={working_folder}", "--"

    def grow(self) -> None:
        """Make space: 64 MiB instead of one."""
        subprocess.run(
            [*self.prefix(Path("/")), "mount", "-o", "remount,size=64m", str(self.folder)],
            check=True,
            capture_output=True,
        )


@contextmanager
def small_disk(folder: Path, size: str = "1m") -> Iterator[SmallDisk]:
    """Mount it at a folder, for as long as the block lasts. Shared memory is as small there, so that files go to TMPDIR."""
    folder.mkdir(parents=True, exist_ok=True)
    shared = "if [ -d /dev/shm ]; then mount -t tmpfs -o size=64k none /dev/shm; fi"
    script = f'mount -t tmpfs -o size={size} none "$1" && {shared} && echo mounted && exec sleep 600'
    keeper = subprocess.Popen([*_OWN, "bash", "-c", script, "bash", str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "mounted\n"
        (child,) = Path(f"/proc/{keeper.pid}/task/{keeper.pid}/children").read_text().split()
        yield SmallDisk(int(child), folder)
    finally:
        keeper.kill()
        keeper.communicate()
