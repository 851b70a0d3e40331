"""Secrets: where they come from, and that their values are found nowhere afterwards."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from symphony import bootstrap
from symphony.config.project import find_project
from symphony.errors import CompileError, ConfigurationError, SurroundingsError
from symphony.runtime.secret_providers import provider_named
from symphony.runtime.secrets import Secrets

CANARY = "canary-7d1f'\"\\ü-value"
"""With everything that is written differently between quotes."""
PLAYERS = """
import ctypes
import logging
import os
import subprocess
import sys
from symphony import Context, operator


def say(token: str) -> None:
    print("printed", token)
    print(repr(token), file=sys.stderr)
    logging.getLogger("say").warning("logged %s", token)
    os.write(1, f"written {token}\\n".encode())


@operator
def use(token: str, ctx: Context) -> str:
    say(token)
    ctx.log.info(f"told {token}")
    return f"got {token}"


@operator(isolation="process")
def use_apart(token: str, ctx: Context) -> str:
    say(token)
    ctx.log.info(f"told {token}")
    subprocess.run(["sh", "-c", 'echo "$0"; echo "$0" >&2', token], check=True)
    return f"got {token}"


@operator
def fail(token: str) -> str:
    raise KeyError(token)


@operator(isolation="process")
def fail_apart(token: str) -> str:
    raise ValueError(f"bad {token}", {"token": token})


@operator(isolation="process")
def die_apart(token: str) -> str:
    say(token)
    os._exit(3)


@operator(isolation="process", timeout="300ms")
def hang_apart(token: str) -> str:
    say(token)
    import time
    time.sleep(30)
    return token


@operator
async def use_later(token: str) -> str:
    print("later", token)
    return token
"""
MELODY = """\
melody: m
params: {given: {type: string, secret: true}}
tasks:
  a: {player: 'secret_players:use', with: {token: '${{ secrets.CANARY }}'}}
  b: {player: 'secret_players:use_apart', with: {token: '${{ secrets.CANARY }}'}}
  c: {player: 'secret_players:fail', with: {token: '${{ params.given }}'}}
  d: {player: 'secret_players:fail_apart', with: {token: '${{ params.given }}'}}
  e: {player: 'secret_players:die_apart', with: {token: '${{ secrets.CANARY }}'}}
  f: {player: 'secret_players:hang_apart', with: {token: '${{ secrets.CANARY }}'}}
  g: {player: 'secret_players:use_later', with: {token: '${{ secrets.CANARY }}'}}
  h: {run: 'echo "$token"; echo "$token" >&2', with: {token: '${{ secrets.CANARY }}'}}
  i: {run: 'echo "$token" >&2; exit 3', with: {token: '${{ params.given }}'}}
outputs: {a: '${{ tasks.a }}', b: '${{ tasks.b }}'}
"""
SETTINGS = """\
secrets = ["env", "file:vault"]
[environments.ci]
params = {given = "secrets.CANARY"}
"""


def forms(value: str) -> set[bytes]:
    """A value as it may stand in a file."""
    texts = {value, repr(value)[1:-1], json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    return {form for text in texts for form in (text.encode(), text.encode("utf-16-le"))}


def files_with(folder: Path, wanted: set[bytes]) -> list[str]:
    files = (Path(place) / name for place, _, names in os.walk(folder) for name in names)
    return sorted(str(file) for file in files if any(form in file.read_bytes() for form in wanted))


@pytest.mark.parametrize("source", ["vault", "variable"])
def test_a_secret_is_found_nowhere_after_a_recorded_run(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Semantics 50: not in the plan, a log, an event, an artifact or an error."""
    project, temporary, vault = tmp_path / "project", tmp_path / "tmp", tmp_path / "project" / "vault"
    vault.mkdir(parents=True)
    temporary.mkdir()
    monkeypatch.chdir(project)
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    if source == "vault":
        (vault / "CANARY").write_text(f"{CANARY}\n")
    else:
        monkeypatch.setenv("SYMPHONY_SECRET_CANARY", CANARY)
    (project / "symphony.config.toml").write_text(SETTINGS)
    (project / "secret_players.py").write_text(PLAYERS)
    (project / "m.yaml").write_text(MELODY)
    events: list[str] = []

    result = bootstrap.run("m.yaml", env="ci", on_event=lambda event: events.append(repr(event)), workers=2)
    bootstrap.open_project_store(find_project(project)).flush()
    (vault / "CANARY").unlink(missing_ok=True)

    states = {name: str(task.state) for name, task in result.tasks.items()}
    told = "\n".join(
        [*events, *(repr(t) for t in result.tasks.values()), repr(result.failures), *map(str, result.outputs)]
    )
    assert states == {**dict.fromkeys("abgh", "succeeded"), **dict.fromkeys("cdefi", "failed")}
    assert result.outputs["a"] == result.outputs["b"] == "got ***"
    assert "printed ***" in told
    assert "bad ***" in told
    assert [form for form in forms(CANARY) if form in told.encode()] == []
    assert files_with(tmp_path, forms(CANARY)) == []
    assert files_with(project / ".symphony", {b"printed ***"}) != []
    logged = repr(bootstrap.logs(*_store_and_run(project, result.run)))
    assert "written ***" in logged
    assert CANARY not in logged


def _store_and_run(project: Path, run: str) -> tuple[object, object]:
    store = bootstrap.open_project_store(find_project(project))
    return store, bootstrap.find_run(store, run)


def folder(path: Path, name: str, value: str) -> str:
    path.mkdir()
    (path / name).write_text(f"{value}\n")
    return f"file:{path}"


def lines(path: Path, name: str, value: str) -> str:
    path.write_text(f"# a comment\n\nOTHER=1\nexport {name}='{value}'\n")
    return f"file:{path}"


@pytest.mark.parametrize("make", [folder, lines])
def test_files_give_secrets(make: Callable[[Path, str, str], str], tmp_path: Path) -> None:
    secrets = Secrets([make(tmp_path / "secrets", "TOKEN", "abcdef")])

    assert secrets.get("TOKEN") == "abcdef"
    assert secrets.redact("x abcdef") == "x ***"
    with pytest.raises(SurroundingsError, match=rf"^the secret 'NONE' is not set: set {tmp_path / 'secrets'}$"):
        secrets.get("NONE")


def test_the_first_provider_that_has_a_secret_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMPHONY_SECRET_TOKEN", "of the variable")
    spec = folder(tmp_path / "secrets", "TOKEN", "of the file")

    assert Secrets(["env", spec]).get("TOKEN") == "of the variable"
    assert Secrets([spec, "env"]).get("TOKEN") == "of the file"


def test_a_file_that_is_not_there_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(SurroundingsError, match=rf"^the secrets of {tmp_path / 'none'} cannot be read: "):
        Secrets([f"file:{tmp_path / 'none'}"]).get("TOKEN")


def test_an_unknown_provider_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"there is no provider of secrets 'fil': did you mean 'file'?"):
        provider_named("fil:x")


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider of someone else, installed; it fails for one name with the value in its message."""
    facts = tmp_path / "lib" / "vault_provider-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: vault_provider\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[symphony.secret_providers]\nvault = vault_provider:Vault\n")
    (tmp_path / "lib" / "vault_provider.py").write_text(
        "class Vault:\n"
        "    def __init__(self, argument):\n"
        "        self.argument = argument\n\n"
        "    def get(self, name):\n"
        "        if name == 'BAD':\n"
        "            raise OSError('hunter22 was refused')\n"
        "        return f'{self.argument}/{name}' if name == 'TOKEN' else None\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))


def test_others_can_install_providers(vault: None) -> None:
    secrets = Secrets(["vault:team"])

    assert secrets.get("TOKEN") == "team/TOKEN"
    with pytest.raises(SurroundingsError, match=r"^the secret 'NONE' is not set: set vault:team$"):
        secrets.get("NONE")


def test_what_a_provider_says_of_its_failure_is_not_passed_on(vault: None) -> None:
    with pytest.raises(SurroundingsError) as caught:
        Secrets(["vault:team"]).get("BAD")

    assert str(caught.value) == "the provider 'vault:team' failed for the secret 'BAD': OSError"
    assert caught.value.__suppress_context__


def test_a_short_secret_of_a_file_is_refused_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder(tmp_path / "vault", "CANARY", "abc")
    (tmp_path / "symphony.config.toml").write_text(SETTINGS)
    (tmp_path / "m.yaml").write_text(
        "melody: m\ntasks:\n  a: {player: text.upper, with: {text: '${{ secrets.CANARY }}'}}\n"
    )

    with pytest.raises(
        SurroundingsError, match=r"'CANARY' is too short to be redacted: .*vault has fewer than 4 characters"
    ):
        bootstrap.run("m.yaml")
    assert bootstrap.runs(bootstrap.open_project_store(find_project(tmp_path)))["runs"] == []


def test_a_literal_for_a_secret_parameter_is_refused_under_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "symphony.config.toml").write_text("[environments.ci.params]\ngiven = 'hunter22'\n")
    (tmp_path / "m.yaml").write_text(
        "melody: m\nparams: {given: {type: string, secret: true}}\n"
        "tasks:\n  a: {player: text.upper, with: {text: '${{ params.given }}'}}\n"
    )

    with pytest.raises(CompileError) as caught:
        bootstrap.run("m.yaml", env="ci")

    assert [d.code for d in caught.value.diagnostics] == ["SYM194"]
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("player", ["use_apart", "die_apart", "hang_apart"])
def test_a_secret_that_only_a_process_takes_is_redacted_in_what_it_writes_past_python(
    player: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYMPHONY_SECRET_CANARY", CANARY)
    (tmp_path / "secret_players.py").write_text(PLAYERS)
    (tmp_path / "symphony.config.toml").write_text("")
    (tmp_path / "m.yaml").write_text(
        f"melody: m\ntasks:\n  a: {{player: 'secret_players:{player}', with: {{token: '${{{{ secrets.CANARY }}}}'}}}}\n"
    )

    result = bootstrap.run("m.yaml", on_event=lambda event: None)

    store = bootstrap.open_project_store(find_project(tmp_path))
    store.flush()
    lines = [line["message"] for line in bootstrap.logs(store, bootstrap.find_run(store, result.run))]
    assert "written ***" in lines
    assert files_with(tmp_path, forms(CANARY)) == []
