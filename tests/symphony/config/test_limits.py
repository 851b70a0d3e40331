"""The section ``limits`` of a project's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony.config.environment import environment_of
from symphony.errors import UsageError

WANTED = {"cpus": 4.0, "memory": 8e9, "gpus": 1.0, "token:api": 2.0}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[tool.symphony.limits]\ncpus = 4\nmemory = "8GB"\ngpus = 1\ntokens.api = 2\n'),
        ("symphony.config.toml", '[limits]\ncpus = 4\nmemory = "8GB"\ngpus = 1\n[limits.tokens]\napi = 2\n'),
        ("symphony.config.yaml", "limits: {cpus: 4, memory: 8GB, gpus: 1, tokens: {api: 2}}\n"),
        ("symphony.config.json", '{"limits": {"cpus": 4, "memory": "8GB", "gpus": 1, "tokens": {"api": 2}}}'),
    ],
)
def test_limits_are_read_from_every_form_of_the_configuration(name: str, text: str, tmp_path: Path):
    (tmp_path / name).write_text(text)

    assert dict(environment_of(tmp_path).limits) == WANTED


@pytest.mark.parametrize("name", ["pyproject.toml", "symphony.config.json", "symphony.config.yaml", "nothing"])
def test_a_project_without_limits_has_none(name: str, tmp_path: Path):
    (tmp_path / name).write_text("")

    assert dict(environment_of(tmp_path).limits) == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cpu = 4", "symphony.config.toml:2: limits.cpu: there is no such key: did you mean 'cpus'?"),
        ("cpus = -1", "symphony.config.toml:2: limits.cpus: -1 is no amount: write a number from 0"),
        ("cpus = true", "symphony.config.toml:2: limits.cpus: True is no amount: write a number from 0"),
        ('memory = "lots"', "symphony.config.toml:2: limits.memory: 'lots' is no size: write 512KB, 2GB or 1GiB"),
        ("tokens = 3", "symphony.config.toml:2: limits.tokens: input should be a valid dictionary; it is 3"),
        ('tokens.api = "two"', "symphony.config.toml:2: limits.tokens.api: 'two' is no amount: write a number from 0"),
    ],
)
def test_a_wrong_limit_is_named_with_its_file(text: str, told: str, tmp_path: Path):
    (tmp_path / "symphony.config.toml").write_text(f"[limits]\n{text}\n")

    with pytest.raises(UsageError) as caught:
        dict(environment_of(tmp_path).limits)
    assert str(caught.value) == told
