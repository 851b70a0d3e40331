"""Text for people."""

from __future__ import annotations

import io
import json

import pytest

from symphony.cli.terminal import has_colour, seconds_text, size_text, write_document, write_table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.0001, "<1 ms"), (0.0123, "12 ms"), (3.44, "3.4 s"), (310, "5 min 10 s"), (7500, "2 h 5 min")],
)
def test_durations_have_a_unit_that_fits(seconds: float | None, text: str) -> None:
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(None, ""), (999, "999 B"), (1000, "1.0 kB"), (999_960, "1.0 MB"), (5_000_000_000_000, "5000.0 GB")],
)
def test_sizes_have_a_unit_that_fits(size: int | None, text: str) -> None:
    assert size_text(size) == text


def test_colour_only_on_a_terminal_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")

    assert has_colour(Terminal())
    assert not has_colour(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not has_colour(Terminal())


def test_table_is_aligned_by_cells_and_escapes_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(("task", "n"), [("漢字", 1), ("a\x1b[31m", None), ("abcdef", 22)])

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("task")
    assert lines[1].startswith("漢字")
    assert all("\x1b" not in line for line in lines)
    assert lines[3].endswith("22")


def test_document_is_json_whatever_the_numbers_are(capsys: pytest.CaptureFixture[str]) -> None:
    write_document({"a": [float("nan"), 1.5], "b": float("-inf")})

    assert json.loads(capsys.readouterr().out) == {"a": ["nan", 1.5], "b": "-inf"}
