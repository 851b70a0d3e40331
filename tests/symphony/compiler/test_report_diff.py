"""Differences as text, JSON and Markdown."""

from __future__ import annotations

import json
import re

from symphony.compiler.diff import ABSENT, Change, Difference, Rename, Side
from symphony.compiler.report_diff import report_diff_json, report_diff_markdown, report_diff_text

OLD, NEW = Side("demo", "1.0.0", "a" * 64), Side("demo", "1.1.0", "b" * 64)
DIFFERENCE = Difference(
    OLD,
    NEW,
    added=("send",),
    removed=("lint",),
    renamed=(Rename("stats", "measures"),),
    rewired=(Change("task", "page", "needs", ["lint"], ABSENT),),
    inputs=(Change("task", "page", "with.title", "a|b", "`x`"),),
    policies=(Change("task", "page", "retry.attempts", 3, 5),),
    code=(Change("player", "html.report", "identity", "c" * 64, None),),
    labels=(Change("melody", "", "version", "1.0.0", "1.1.0"),),
    downstream=("upload",),
    affected=("report",),
)


def test_text_reads_like_a_diff_of_git() -> None:
    assert (
        report_diff_text(DIFFERENCE)
        == """\
demo  aaaaaaaaaaaa -> bbbbbbbbbbbb
- task lint
+ task send
> task stats -> measures
~ task page
    - needs: ["lint"]
    - with.title: a|b
    + with.title: `x`
    - retry.attempts: 3
    + retry.attempts: 5
~ player html.report
    - identity: cccccccccccc
    + identity: null
~ melody
    - version: 1.0.0
    + version: 1.1.0
1 added, 1 removed, 1 renamed, 2 changed.
Unchanged, but reads what changes: upload.
Outputs that may differ: report.
"""
    )


def test_colour_adds_codes_and_nothing_else() -> None:
    coloured = report_diff_text(DIFFERENCE, colour=True)

    assert "\x1b[31m- task lint\x1b[0m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == report_diff_text(DIFFERENCE)


def test_control_characters_of_values_do_not_reach_the_terminal() -> None:
    difference = Difference(OLD, NEW, inputs=(Change("task", "a", "with.x", "\x1b[2J", "line\nend"),))

    assert "\x1b" not in report_diff_text(difference)
    assert "    + with.x: line end" in report_diff_text(difference).splitlines()


def test_equal_plans_say_so() -> None:
    assert (
        report_diff_text(Difference(OLD, OLD)) == "demo  aaaaaaaaaaaa\nThe plans are equal: same work, same results.\n"
    )


def test_another_order_is_said_in_words() -> None:
    assert "stand in another order" in report_diff_text(Difference(OLD, NEW, reordered=True))


def test_no_affected_output_is_said_in_words() -> None:
    assert "No output is affected." in report_diff_text(Difference(OLD, NEW, added=("x",)))


def test_the_document_leaves_out_the_side_on_which_there_is_nothing() -> None:
    document = json.loads(report_diff_json(DIFFERENCE))

    assert document["rewired"] == [{"what": "task", "subject": "page", "path": "needs", "before": ["lint"]}]
    assert document["code"][0]["after"] is None
    assert document["renamed"] == [{"before": "stats", "after": "measures"}]
    assert (document["equal"], document["affected_outputs"]) == (False, ["report"])
    assert document["before"] == {"melody": "demo", "version": "1.0.0", "plan": "a" * 64}


def test_markdown_has_a_table_and_a_folded_picture() -> None:
    lines = report_diff_markdown(DIFFERENCE, mermaid="flowchart TB\n").splitlines()

    assert lines[0] == "### demo  aaaaaaaaaaaa -\\> bbbbbbbbbbbb"
    assert "| renamed | task `measures` | `stats` | `measures` |" in lines
    assert "| inputs | task `page` `with.title` | `a\\|b` | `` `x` `` |" in lines
    assert lines[-6:] == ["", "```mermaid", "flowchart TB", "```", "", "</details>"]


def test_every_row_of_the_table_has_four_cells_whatever_the_values_hold() -> None:
    nasty = Change("task", "t|x", "with.`y`", "a | b\n| c |", "``|``")
    rows = [r for r in report_diff_markdown(Difference(OLD, NEW, inputs=(nasty,))).splitlines() if r.startswith("| ")]

    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [5, 5]
