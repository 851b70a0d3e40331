"""The JSON Schemas are fresh, and agree with the reader on good and bad melodies."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from symphony.define.schema_export import main, melody_schema
from symphony.define.yaml_reader import read_yaml

ROOT = Path(__file__).resolve().parents[2]
GOOD = sorted([*ROOT.glob("melodies/*.yaml"), *ROOT.glob("examples/**/*.yaml")])
BAD = {
    "no name": "tasks: {}",
    "unknown key": "melody: m\ntaks: {}",
    "unknown task key": "melody: m\ntasks: {a: {player: x.y, retri: 3}}",
    "two kinds": "melody: m\ntasks: {a: {player: x.y, run: ls}}",
    "no kind": "melody: m\ntasks: {a: {with: {}}}",
    "name with minus": "melody: m\ntasks: {a-b: {player: x.y}}",
    "reserved name": "melody: m\ntasks: {in: {player: x.y}}",
    "bad version": "melody: m\nversion: one",
    "bad melody name": "melody: 1m",
    "no attempts": "melody: m\ntasks: {a: {player: x.y, retry: 0}}",
    "bad duration": "melody: m\ntasks: {a: {player: x.y, timeout: soon}}",
    "bad size": "melody: m\ntasks: {a: {player: x.y, resources: {memory: lots}}}",
    "bad isolation": "melody: m\ntasks: {a: {player: x.y, isolation: cloud}}",
    "bad backoff": "melody: m\ntasks: {a: {player: x.y, retry: {attempts: 2, backoff: slow}}}",
    "needs is text": "melody: m\ntasks: {a: {player: x.y, needs: b}}",
    "when is text": "melody: m\ntasks: {a: {player: x.y, when: always}}",
    "with is a list": "melody: m\ntasks: {a: {player: x.y, with: [1]}}",
    "cache is text": "melody: m\ntasks: {a: {player: x.y, cache: maybe}}",
    "tasks is a list": "melody: m\ntasks: [a]",
    "unknown param key": "melody: m\nparams: {p: {typ: string}}",
}


def test_the_schemas_are_fresh():
    assert main(["--check"]) == 0


@pytest.mark.parametrize("file", GOOD, ids=lambda f: f.stem)
def test_every_melody_that_ships_is_valid(file: Path):
    jsonschema.validate(yaml.safe_load(file.read_text()), melody_schema())
    assert not read_yaml(file.read_text(), file.name).diagnostics


@pytest.mark.parametrize("name", BAD)
def test_schema_and_reader_refuse_the_same(name: str):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(BAD[name]), melody_schema())
    assert read_yaml(BAD[name], "m.yaml").diagnostics


def test_the_schemas_are_schemas():
    for file in ROOT.glob("schemas/*.json"):
        jsonschema.Draft202012Validator.check_schema(json.loads(file.read_text()))
