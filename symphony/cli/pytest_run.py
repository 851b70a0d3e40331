"""Hands Python tests to pytest, and takes what became of them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from symphony.cli.case_outcomes import FAILED, PASSED, SKIPPED, Outcome
from symphony.errors import SurroundingsError, UsageError

_OK, _FAILED, _INTERRUPTED, _WRONG, _NOTHING = 0, 1, 2, 4, 5
"""What pytest exits with."""


def has_pytest() -> bool:
    """Whether pytest is installed."""
    return find_spec("pytest") is not None


def lack_of_pytest(files: Sequence[Path]) -> SurroundingsError:
    """Say that these Python tests were not run, and what to install."""
    what = f"{files[0]} and {len(files) - 1} more files hold" if len(files) > 1 else f"{files[0]} holds"
    return SurroundingsError(
        f"{what} tests in Python, which pytest runs, and it is not installed. Install it with: pip install pytest"
    )


def run_pytest(places: Sequence[str], *, choose: str, env: str | None, update: bool, quiet: bool) -> list[Outcome]:
    """Run the Python tests at these places; gives what became of them.

    Args:
        choose: the expression of ``-k``, or an empty text.
        env: the environment that melodies run in, by name: told as ``SYMPHONY_ENV``.
        update: whether snapshots are written anew.
        quiet: whether stdout is wanted for something else: pytest then talks to stderr.

    Raises:
        UsageError: pytest refuses the call.
        KeyboardInterrupt: the tests were interrupted.
    """
    with tempfile.TemporaryDirectory(prefix="symphony-test-") as folder:
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", *places, f"--junitxml={report}", "-o", "junit_family=xunit1"]
        command += ["--ignore-glob=*.test.yaml", "--ignore-glob=*.test.yml"]  # these were run already
        command += ["-k", choose] if choose else []
        command += ["--melody-update"] if update else []
        sys.stdout.flush()
        variables = {**os.environ, "SYMPHONY_ENV": env} if env is not None else None
        stdout = sys.stderr if quiet else None
        code = subprocess.run(command, check=False, stdout=stdout, env=variables).returncode
        if code == _NOTHING:
            return []
        if code == _INTERRUPTED and not _has_cases(report):
            raise KeyboardInterrupt
        if code not in (_OK, _FAILED, _INTERRUPTED):
            raise UsageError("pytest could not run the Python tests; it says why above")
        return _outcomes(report)


def _has_cases(report: Path) -> bool:
    return report.is_file() and bool(_outcomes(report))


def _outcomes(report: Path) -> list[Outcome]:
    from xml.etree.ElementTree import Element, parse  # the report was written by the process that was started here

    def outcome(case: Element) -> Outcome:
        problem = next((p for p in case if p.tag in ("failure", "error")), None)
        skipped = case.find("skipped")
        state = FAILED if problem is not None else SKIPPED if skipped is not None else PASSED
        told = (problem.text or problem.get("message")) if problem is not None else None
        message = told or (skipped.get("message", "") if skipped is not None else "")
        file = case.get("file") or case.get("classname", "").replace(".", "/")
        line = int(case.get("line") or -1) + 1
        return Outcome(file, case.get("name", ""), state, float(case.get("time") or 0), message or "", line)

    return [outcome(case) for case in parse(report).iter("testcase")]
