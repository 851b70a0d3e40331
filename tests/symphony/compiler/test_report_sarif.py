"""Diagnostics as SARIF 2.1.0."""

from __future__ import annotations

import json
from typing import Any

from symphony.compiler.report_github import report_github
from symphony.compiler.report_sarif import report_sarif
from symphony.model.diagnostic import Diagnostic, Severity
from symphony.model.source import Span

FOUND = [
    Diagnostic(
        "SYM120", "unknown player.", hint="did you mean 'x'?", file="a b/ü.yaml", span=Span(3, 13, 3, 24), task="stats"
    ),
    Diagnostic("SYM195", "lint", Severity.NOTE, file="n.yaml"),
    Diagnostic("SYM120", "unknown again", file="/abs/m.yaml", span=Span(4, 2, 3, 1)),
    Diagnostic("SYM101", "no file at all", Severity.WARNING),
]


def check_structure(document: dict[str, Any]) -> None:
    """The rules of the standard's schema that concern the parts written here."""
    assert set(document) <= {"$schema", "version", "runs"}
    assert document["version"] == "2.1.0"
    for run in document["runs"]:
        assert set(run) <= {"tool", "results", "columnKind"}
        assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
        driver = run["tool"]["driver"]
        assert isinstance(driver["name"], str)
        ids = [rule["id"] for rule in driver["rules"]]
        assert len(set(ids)) == len(ids)
        for rule in driver["rules"]:
            assert rule["shortDescription"]["text"]
            assert rule["help"]["text"]
            assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
        for result in run["results"]:
            check_result(result, ids)


def check_result(result: dict[str, Any], ids: list[str]) -> None:
    assert set(result) <= {"ruleId", "ruleIndex", "level", "message", "locations"}
    assert ids[result["ruleIndex"]] == result["ruleId"]
    assert result["level"] in ("none", "note", "warning", "error")
    assert result["message"]["text"]
    for location in result.get("locations", []):
        place = location.get("physicalLocation")
        if place:
            uri = place["artifactLocation"]["uri"]
            assert uri.isascii()
            assert " " not in uri
            region = place.get("region", {})
            assert all(isinstance(n, int) and n >= 1 for n in region.values())
            if "endLine" in region:
                assert (region["endLine"], region["endColumn"]) >= (region["startLine"], region["startColumn"])


def test_the_document_keeps_the_rules_of_the_standard() -> None:
    check_structure(json.loads(report_sarif(FOUND, version="1.2.3")))


def test_a_result_names_rule_place_and_task() -> None:
    (result, *_) = json.loads(report_sarif(FOUND))["runs"][0]["results"]

    assert result == {
        "ruleId": "SYM120",
        "ruleIndex": 1,
        "level": "error",
        "message": {"text": "unknown player. Hint: did you mean 'x'?"},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": "a%20b/%C3%BC.yaml"},
                "region": {"startLine": 3, "startColumn": 13, "endLine": 3, "endColumn": 24},
            },
            "logicalLocations": [{"fullyQualifiedName": "stats", "kind": "function"}],
        }],
    }  # fmt: skip


def test_rules_are_listed_once_with_their_titles() -> None:
    rules = json.loads(report_sarif(FOUND, titles={"SYM120": "Unknown player"}))["runs"][0]["tool"]["driver"]["rules"]

    assert [r["id"] for r in rules] == ["SYM101", "SYM120", "SYM195"]
    assert rules[1]["shortDescription"] == {"text": "Unknown player"}
    assert rules[1]["help"]["text"] == "Unknown player. Hint: did you mean 'x'? See docs/errors/SYM120.md."


def test_sarif_and_github_list_the_same_problems() -> None:
    results = json.loads(report_sarif(FOUND))["runs"][0]["results"]
    annotations = report_github(FOUND).splitlines()

    assert len(results) == len(annotations)
    for result, annotation in zip(results, annotations, strict=True):
        assert f"title={result['ruleId']}::" in annotation


def test_no_problems_give_an_empty_run() -> None:
    document = json.loads(report_sarif([]))

    check_structure(document)
    assert document["runs"][0]["results"] == []
