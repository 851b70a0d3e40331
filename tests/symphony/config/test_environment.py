"""Settings in layers: which one counts, where it comes from, and what is wrong with a file."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from symphony.config.environment import Environment, environment_of
from symphony.config.schema_export import config_schema, main
from symphony.config.sections import EnvironmentSection
from symphony.config.sources import named_environments
from symphony.errors import ConfigurationError, UsageError

PROJECT = """\
[tool.symphony]
environment = "dev"
executor = "pit"
workers = 4
[tool.symphony.limits]
cpus = 2
[tool.symphony.params]
top = 1
name = "all"
[tool.symphony.environments.dev]
durability = "power"
[tool.symphony.environments.ci]
workers = 8
cache = "read"
retry = 3
timeout = "30s"
store = "s3://bucket/results"
store_options = {endpoint_url = "http://s3", secret = "secrets.S3"}
secrets = ["env", "file:secrets"]
[tool.symphony.environments.ci.limits]
tokens = {api = 3}
[tool.symphony.environments.ci.params]
top = 5
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with settings, and a home folder without."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text(PROJECT)
    return root


def of_user(root: Path, text: str) -> None:
    folder = root.parent / "home" / "symphony"
    folder.mkdir()
    (folder / "config.toml").write_text(text)


def test_without_settings_the_defaults_hold(tmp_path: Path) -> None:
    assert environment_of(tmp_path, variables={}) == Environment()


def test_the_project_says_which_environment_is_usual(root: Path) -> None:
    found = environment_of(root, variables={})

    assert (found.name, found.durability, found.workers) == ("dev", "power", 4)
    assert found.origin("environment") == "pyproject.toml:2"


def test_an_environment_wins_over_what_is_for_all_key_by_key(root: Path) -> None:
    found = environment_of(root, "ci", variables={})

    assert (found.workers, found.cache, found.timeout_s) == (8, "read", 30.0)
    assert found.retry is not None
    assert found.retry.attempts == 3
    assert found.params == {"top": 5, "name": "all"}
    assert found.limits == {"cpus": 2.0, "token:api": 3.0}
    assert found.secrets == ("env", f"file:{root / 'secrets'}")


def test_every_value_has_the_line_that_it_comes_from(root: Path) -> None:
    found = environment_of(root, "ci", variables={})

    keys = ("executor", "workers", "cache", "params.top", "params.name", "limits.tokens.api", "store_options.secret")
    assert [found.origin(key) for key in keys] == [
        "pyproject.toml:3", "pyproject.toml:13", "pyproject.toml:14", "pyproject.toml:23", "pyproject.toml:9",
        "pyproject.toml:21", "pyproject.toml:18",
    ]  # fmt: skip
    assert found.origin("processes") == "default"


def test_flags_win_over_variables_and_variables_over_files(root: Path) -> None:
    variables = {"SYMPHONY_WORKERS": "16", "SYMPHONY_CACHE": "off", "SYMPHONY_ENV": "ci"}

    found = environment_of(root, flags={"workers": 2, "processes": None}, variables=variables)

    assert (found.name, found.workers, found.cache, found.processes) == ("ci", 2, "off", None)
    assert [found.origin(k) for k in ("environment", "workers", "cache")] == [
        "$SYMPHONY_ENV", "--workers", "$SYMPHONY_CACHE",
    ]  # fmt: skip


def test_the_users_file_counts_where_the_project_says_nothing(root: Path) -> None:
    of_user(
        root, 'workers = 1\nprocesses = 3\n[params]\nname = "mine"\nmore = 1\n[environments.ci]\ndurability = "power"\n'
    )
    variables = {"XDG_CONFIG_HOME": str(root.parent / "home")}

    found = environment_of(root, "ci", variables=variables)

    assert (found.workers, found.processes, found.durability) == (8, 3, "power")
    assert found.params == {"top": 5, "name": "all", "more": 1}
    assert found.origin("processes") == f"{root.parent / 'home' / 'symphony' / 'config.toml'}:2"


def test_options_of_another_executor_are_left_out(root: Path) -> None:
    (root / "pyproject.toml").write_text(
        '[tool.symphony.environments.ci]\nexecutor = "dask"\nexecutor_options = {address = "tcp://x"}\n'
    )

    assert environment_of(root, "ci", variables={}).executor_options == {"address": "tcp://x"}
    assert environment_of(root, "ci", flags={"executor": "pit"}, variables={}).executor_options == {}


@pytest.mark.parametrize(
    ("mode", "read", "write"),
    [("read", True, False), ("write", False, True), ("readwrite", True, True)],
)
def test_a_cache_mode_says_what_may_be_done_with_the_shared_store(
    mode: str, read: bool, write: bool, root: Path
) -> None:
    shared = environment_of(root, "ci", flags={"cache": mode}, variables={}).shared_store({"secret": "hunter22"})

    assert shared is not None
    assert (shared.url, shared.read, shared.write) == ("s3://bucket/results", read, write)
    assert "hunter22" not in repr(shared)


def test_with_the_cache_off_there_is_no_shared_store_and_nothing_is_served(root: Path) -> None:
    found = environment_of(root, "ci", flags={"cache": "off"}, variables={})

    assert found.shared_store({}) is None
    assert not found.serves


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("excutor = 'pit'", "symphony.config.toml:1: excutor: there is no such key: did you mean 'executor'?"),
        ("workers = '4'", "symphony.config.toml:1: workers: input should be a valid integer; it is '4'"),
        ("workers = 0", "symphony.config.toml:1: workers: input should be greater than or equal to 1; it is 0"),
        (
            "[environments.ci]\n\ncache = 'rd'",
            "symphony.config.toml:3: environments.ci.cache: input should be 'read', 'write', 'readwrite' or 'off'; it is 'rd'",
        ),
        (
            "[environments.ci.retry]\ntries = 3",
            "symphony.config.toml:2: environments.ci.retry.tries: there is no such key: did you mean 'retry'?",
        ),
        (
            "[environments.ci]\nenvironment = 'x'",
            "symphony.config.toml:2: environments.ci.environment: there is no such key: ",
        ),
        ("timeout = 'soon'", "symphony.config.toml:1: timeout: 'soon' is no duration: write 20ms, 1s, 5m, 2h or 1d"),
        (
            "environment = 'ci'",
            "there is no environment 'ci' (symphony.config.toml:1): none is configured; write one: ",
        ),
        ("a = ", "symphony.config.toml cannot be read: "),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "symphony.config.toml").write_text(text)

    with pytest.raises(ConfigurationError) as caught:
        environment_of(tmp_path, variables={})

    expected = told if "tries" not in told else told.partition(": did")[0]
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("symphony.config.yaml", "executor: pit\nenvironments:\n  ci:\n    wrokers: 4\n"),
        ("symphony.config.json", '{"executor": "pit",\n "environments":\n  {"ci":\n   {"wrokers": 4}}}'),
    ],
)
def test_every_form_of_file_tells_lines(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(ConfigurationError, match=rf"^{name}:4: environments.ci.wrokers: there is no such key"):
        environment_of(tmp_path, variables={})


def test_settings_in_two_files_of_a_project_are_an_error(root: Path) -> None:
    (root / "symphony.config.toml").write_text("workers = 1\n")

    with pytest.raises(
        ConfigurationError, match=r"stand in symphony.config.toml and pyproject.toml: keep them in one file"
    ):
        environment_of(root, variables={})


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("SYMPHONY_WORKERS", "many", "SYMPHONY_WORKERS='many': input should be a valid integer; it is 'many'"),
        (
            "SYMPHONY_CACHE",
            "on",
            "SYMPHONY_CACHE='on': input should be 'read', 'write', 'readwrite' or 'off'; it is 'on'",
        ),
        ("SYMPHONY_ENV", "cii", "there is no environment 'cii' ($SYMPHONY_ENV): did you mean 'ci'?"),
    ],
)
def test_a_wrong_variable_is_named(name: str, text: str, told: str, root: Path) -> None:
    with pytest.raises(UsageError) as caught:
        environment_of(root, variables={name: text})

    assert str(caught.value) == told


def test_environments_are_named_in_their_order_with_their_executor(root: Path) -> None:
    (root / "pyproject.toml").write_text(PROJECT + '[tool.symphony.environments.lab]\nexecutor = "dask"\n')

    assert named_environments(root) == {"dev": "", "ci": "", "lab": "dask"}


def test_the_schema_is_fresh_and_accepts_what_the_reader_accepts() -> None:
    schema = jsonschema.Draft202012Validator(config_schema())
    good = {"executor": "pit", "retry": 3, "environments": {"ci": {"timeout": "3s", "limits": {"memory": "2GB"}}}}

    assert main(["--check"]) == 0
    schema.check_schema(config_schema())
    assert [e.message for e in schema.iter_errors(good)] == []
    for bad in ({"excutor": "pit"}, {"workers": 0}, {"environments": {"ci": {"cache": "x"}}}, {"limits": {"cpu": 1}}):
        assert not schema.is_valid(json.loads(json.dumps(bad)))


def test_every_key_is_described() -> None:
    assert [name for name, field in EnvironmentSection.model_fields.items() if not field.description] == []


def test_a_variable_of_the_job_wins_over_what_a_pull_request_writes_into_an_environment(root: Path) -> None:
    (root / "pyproject.toml").write_text("[tool.symphony.environments.ci]\ncache = 'readwrite'\nstore = 's3://b/c'\n")

    shared = environment_of(root, "ci", variables={"SYMPHONY_CACHE": "read"}).shared_store({})

    assert shared is not None
    assert not shared.write


def test_a_table_that_the_caller_gives_takes_the_place_of_that_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.symphony]\nexecutor = "dask"\n[tool.symphony.executor_options]\naddress = "tcp://a:1"\n'
    )

    found = environment_of(tmp_path, flags={"executor_options": {"threads": 2}}, variables={})

    assert dict(found.executor_options) == {"threads": 2}
