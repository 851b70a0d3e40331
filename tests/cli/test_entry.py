"""The program as a process: codes, streams, speed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from symphony.cli import entry
from symphony.cli.program import COMMANDS
from symphony.cli.version import VERSION
from symphony.errors import CompileError, RefusedError, SymphonyError
from symphony.model.diagnostic import Diagnostic


def symphony(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "symphony", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    def fail(_: object) -> int:
        raise error

    monkeypatch.setattr(entry, "_dispatched", fail)
    return entry.main(["run", "x"])


def test_version_is_answered_without_loading_the_command_library() -> None:
    code = "import sys; from symphony.cli.entry import main; main(['--version']); sys.exit('typer' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, f"symphony {VERSION}\n")


def test_help_of_the_program_lists_every_command_under_commands() -> None:
    done = symphony("--help")

    listed = done.stdout.partition("Commands:")[2]
    assert done.returncode == 0
    assert [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "] == list(
        COMMANDS
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_short_help_without_colour(command: str) -> None:
    done = symphony(command, "--help")

    assert done.returncode == 0
    assert "Usage: symphony" in done.stdout
    assert "\x1b" not in done.stdout
    assert len(done.stdout.splitlines()) < 46


def test_help_loads_no_engine() -> None:
    code = (
        "import sys; from symphony.cli.entry import main; main(['run', '--help']);"
        "sys.exit(' '.join(m for m in ('symphony.bootstrap', 'rich', 'yaml') if m in sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stderr.strip() == ""


def test_unknown_command_names_the_nearest_and_exits_with_2() -> None:
    done = symphony("chek", "x")

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: unknown command 'chek': did you mean 'check'?")


def test_unknown_option_exits_with_2_on_stderr() -> None:
    done = symphony("run", "x", "--workerz", "3")

    assert (done.returncode, done.stdout) == (2, "")
    assert "--workers" in done.stderr


@pytest.mark.parametrize(
    ("error", "code", "start"),
    [
        (RefusedError("the plan is out of date"), 3, "error: the plan is out of date\n"),
        (SymphonyError("it failed"), 1, "error: it failed\n"),
        (OSError(28, "No space left on device", "/full/disk"), 4, "error: No space left on device: /full/disk\n"),
        (KeyboardInterrupt(), 130, "cancelled\n"),
        (KeyError("x"), 70, "error: this is a fault of Symphony, not yours: KeyError: 'x'\n"),
        (
            CompileError([Diagnostic("SYM150", "there is no such player")]),
            2,
            "error[SYM150]: there is no such player\n",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_errors_become_one_message_and_their_code(
    error: BaseException, code: int, start: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SYMPHONY_DEBUG", raising=False)

    found = failing(monkeypatch, error)

    out, err = capsys.readouterr()
    assert (found, out) == (code, "")
    assert err.startswith(start)
    assert "Traceback" not in err


def test_traceback_of_a_fault_is_shown_on_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SYMPHONY_DEBUG", "1")

    failing(monkeypatch, KeyError("x"))

    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_closed_pipe_is_quiet(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stdout:
        command = [sys.executable, "-m", "symphony", "executors"]
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (entry.PIPE_CLOSED, "")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="only where there is a device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("words", [("--version",), ("players", "--json"), ("executors", "--json")], ids=" ".join)
def test_output_that_cannot_be_written_exits_with_4_and_says_where(words: tuple[str, ...], unbuffered: str) -> None:
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    command = [sys.executable, "-m", "symphony", *words]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment)

    assert done.returncode == 4
    assert done.stderr == "error: No space left on device: stdout (/dev/full)\n"
