"""Start the program, and turn every error into a message and an exit code; the only place that does."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence

from symphony.cli.collector import collect_as_usual, collect_seldom
from symphony.cli.stdout import drop_stdout, named_stdout
from symphony.cli.version import VERSION
from symphony.cli.warning_lines import tell_warnings_plainly
from symphony.errors import CompileError, InternalError, SurroundingsError, SymphonyError

FAILED = 1
CANCELLED = 130
PIPE_CLOSED = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the code to exit with.

    0 done, 1 a task failed, 2 the call or the melody is wrong, 3 refused or different, 4 the surroundings fail,
    70 a fault of Symphony, 130 cancelled.
    """
    if arguments is not None:
        return _answered(arguments)
    collect_seldom()
    tell_warnings_plainly()
    code = _answered(sys.argv[1:])
    if code in (FAILED, CANCELLED) and _has_abandoned_threads():
        os._exit(code)  # a thread cannot be stopped; waiting for it would never end
    collect_as_usual()
    return code


def _answered(arguments: Sequence[str]) -> int:
    words = list(arguments)
    if words in (["--version"], ["-V"]):  # answered before anything else is loaded
        return _guarded(_version)
    if words[:1] == ["__complete"]:  # a shell asks at every press of the key
        return _guarded(lambda: _completed(words[1:]))
    done = _guarded(lambda: _dispatched(words))
    return _guarded(lambda: _flushed(done))


def _guarded(command: Callable[[], int]) -> int:
    try:
        return command()
    except KeyboardInterrupt:
        return _told("cancelled", CANCELLED)
    except BrokenPipeError:
        return _silenced()
    except CompileError as error:
        return _told(_problems(error), error.exit_code)
    except InternalError as error:
        return _fault(error)
    except SymphonyError as error:
        return _told(f"error: {error}", error.exit_code)
    except OSError as error:
        return _told(f"error: {_of_system(error)}", SurroundingsError.exit_code)
    except Exception as error:  # noqa: BLE001  the last line of defence: people get a sentence, not a traceback
        return _fault(error)


def _version() -> int:
    with named_stdout():
        sys.stdout.write(f"symphony {VERSION}\n")
    return _flushed(0)


def _completed(words: Sequence[str]) -> int:
    from symphony.cli.completion_reply import answer  # nothing of it is needed by commands

    return _flushed(answer(words))


def _dispatched(words: Sequence[str]) -> int:
    from symphony.cli.program import run_program  # typer takes longer to load than `--version` may take

    return run_program(words)


def _problems(error: CompileError) -> str:
    from symphony.cli.terminal import has_colour  # both are needed only when something is wrong
    from symphony.compiler.report_text import report_text

    return report_text(error.diagnostics, colour=has_colour(sys.stderr)).rstrip("\n") or str(error)


def _of_system(error: OSError) -> str:
    """Say what the system refused, with the path."""
    if os.environ.get("SYMPHONY_DEBUG") == "1":
        _traceback(error)
    reason = error.strerror or str(error) or type(error).__name__
    return f"{reason}: {error.filename}" if error.filename else reason


def _fault(error: Exception) -> int:
    if os.environ.get("SYMPHONY_DEBUG") == "1":
        _traceback(error)
    text = f"{type(error).__name__}: {error}" if not isinstance(error, InternalError) else str(error)
    return _told(
        f"error: this is a fault of Symphony, not yours: {text}\n"
        "Set SYMPHONY_DEBUG=1 to see where it happened, and please report it.",
        InternalError.exit_code,
    )


def _traceback(error: BaseException) -> None:
    from traceback import format_exception  # only for whoever looks for the fault

    sys.stderr.write("".join(format_exception(error)))


def _told(message: str, code: int) -> int:
    try:
        sys.stderr.write(f"{message}\n")
    except BrokenPipeError:
        return _silenced()
    except OSError:
        return code  # stderr takes nothing, as on a full disk: the code has to say it
    return code


def _flushed(code: int) -> int:
    with named_stdout():
        sys.stdout.flush()
    return code


def _silenced() -> int:
    """Stop writing: whoever read the output is gone, as ``| head`` does."""
    drop_stdout()
    return PIPE_CLOSED


def _has_abandoned_threads() -> bool:
    return any(t.is_alive() and not t.daemon and t is not threading.main_thread() for t in threading.enumerate())
