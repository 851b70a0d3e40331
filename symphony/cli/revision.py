"""Files as they were at a revision of git."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from symphony.errors import UsageError
from symphony.model.plan import Plan

_REVISION = re.compile(r"(?P<revision>[^:\s-][^:\s]*):(?P<path>[^:]+\.(?:ya?ml|py|json)(?::\w+)?)")


def split_revision(place: str) -> tuple[str, str] | None:
    """Split ``main:melodies/first.yaml`` into revision and path; None when no revision is named.

    ``file.py:name`` names none: what stands before its colon is a file, and what stands after it is not.
    """
    found = _REVISION.fullmatch(place)
    if found is None or Path(place).exists() or Path(found["revision"]).is_file():
        return None
    return found["revision"], found["path"]


def plan_at_revision(revision: str, path: str) -> Plan:
    """Compile a file as it was at a revision, with the players as they were then.

    A process of its own does it: two versions of one module cannot be imported side by side.

    Raises:
        UsageError: git, the revision or the file is not there, or the melody did not compile then.
    """
    with checked_out(revision, path) as copy:
        command = [sys.executable, "-P", "-m", "symphony", "compile", copy]
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise UsageError(f"{revision}:{path} does not compile:\n{(done.stdout + done.stderr).rstrip()}")
        return Plan.from_text(done.stdout, file=f"{revision}:{path}")


@contextmanager
def checked_out(revision: str, path: str) -> Iterator[str]:
    """Give the path of a file as it was, inside a copy of all that stood there then; the copy goes afterwards.

    The whole tree is copied because a melody is compiled with the players and sub-melodies around it. The work tree
    and the index are left alone.

    Raises:
        UsageError: git, the revision or the file is not there.
    """
    top = Path(_git("rev-parse", "--show-toplevel").decode().strip())
    file, colon, name = path.partition(":")
    inside = _inside(top, revision, file)
    archive = _git("-C", str(top), "archive", "--format=tar", revision)
    with tempfile.TemporaryDirectory(prefix="symphony-diff-") as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(folder, filter="data")
        Path(folder, ".git").mkdir()  # the top of a repository is where a project may begin
        yield str(Path(folder, inside)) + colon + name


def _inside(top: Path, revision: str, file: str) -> str:
    """The file's path from the top, as git reads it: from the top, else from the current folder."""
    from_here = Path.cwd() / file
    candidates = [file] + ([str(from_here.relative_to(top))] if from_here.is_relative_to(top) else [])
    _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", what=f"git knows no revision {revision!r}")
    for candidate in candidates:
        if _git("-C", str(top), "ls-tree", "--name-only", revision, "--", candidate):
            return candidate
    raise UsageError(f"{revision} has no file {file!r}. List them with: git ls-tree -r --name-only {revision}")


def _git(*words: str, what: str = "") -> bytes:
    try:
        done = subprocess.run(["git", *words], capture_output=True, check=False, stdin=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise UsageError("comparing with a revision needs git, and there is no git on PATH") from error
    if done.returncode:
        raise UsageError(what or f"git {words[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
