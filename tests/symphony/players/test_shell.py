"""Running other programs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from symphony.errors import SurroundingsError
from symphony.players import shell


def python(source: str) -> list[str]:
    return [sys.executable, "-c", source]


def test_outputs_and_input(ctx: Any) -> None:
    done = shell.run(
        python("import sys; print(sys.stdin.read()[::-1]); print('warn', file=sys.stderr)"), ctx, stdin="abc"
    )

    assert (done.stdout, done.stderr, done.exit_code) == ("cba\n", "warn\n", 0)
    assert [p.name for p in shell.run.signature.outputs] == ["stdout", "stderr", "exit_code"]
    assert not shell.run.signature.cache


def test_nothing_in_an_argument_is_interpreted(ctx: Any) -> None:
    assert shell.run(["echo", "$HOME; `id` && *"], ctx).stdout == "$HOME; `id` && *\n"


def test_it_runs_in_the_work_folder_with_the_environment_given(ctx: Any, tmp_path: Path) -> None:
    source = "import os; print(os.getcwd(), os.environ['WHO'])"

    assert shell.run(python(source), ctx, environment={"WHO": "Ada"}).stdout.split() == [str(ctx.workdir), "Ada"]
    assert shell.run(["pwd"], ctx, folder=str(tmp_path)).stdout.strip() == str(tmp_path)
    with pytest.raises(SurroundingsError, match="no folder"):
        shell.run(["pwd"], ctx, folder=str(tmp_path / "nowhere"))


def test_exit_code_is_a_failure_unless_told_otherwise(ctx: Any) -> None:
    command = python("import sys; sys.exit('it broke')")

    with pytest.raises(RuntimeError, match="exit code 1:\nit broke"):
        shell.run(command, ctx)
    assert shell.run(command, ctx, check=False).exit_code == 1


def test_program_that_is_not_there_is_named(ctx: Any) -> None:
    with pytest.raises(SurroundingsError, match="no program 'no-such-program'"):
        shell.run(["no-such-program"], ctx)
    with pytest.raises(ValueError, match="command is empty"):
        shell.run([], ctx)


def test_time_out_ends_children_too(ctx: Any, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {note}.new; mv {note}.new {note}; wait"
    started = time.monotonic()

    for timeout_s in (0.2, 1.0, 5.0, 25.0):  # a busy machine may need longer to start the child at all
        with pytest.raises(TimeoutError, match="took longer"):
            shell.run(["sh", "-c", script], ctx, timeout_s=timeout_s)
        if note.exists():
            break

    assert time.monotonic() - started < 50
    assert _comes_true(lambda: _has_ended(int(note.read_text())))


def _has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def _comes_true(condition: Callable[[], bool], within_s: float = 20.0) -> bool:
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def test_cancelling_ends_it(ctx: Any) -> None:
    ctx.cancelled = True

    with pytest.raises(TimeoutError, match="was cancelled"):
        shell.run(["sleep", "60"], ctx)


def test_output_that_is_no_text_is_shown_as_such(ctx: Any) -> None:
    assert shell.run(python(r"import os; os.write(1, b'a\xff')"), ctx).stdout == "a\ufffd"
    assert len(shell.run(python("print('x' * 1_000_000)"), ctx).stdout) == 1_000_001
    assert os.getcwd() != str(ctx.workdir)
