"""Damaged bytes are found, never served, and made anew by the next run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from symphony_tests_reliability import damage, small
from symphony_tests_reliability.project import Project, digests

from symphony.store.care import verify
from symphony.store.store import Store

Harm: TypeAlias = Callable[[Path], Any]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A project whose melody has run once, and the outputs."""
    project = Project(tmp_path_factory.mktemp("whole") / "p", small.FILES)
    done = project.call("run", "small.yaml", "--json")
    assert done.code == 0, done.err
    return project.folder, digests(done.document())


@pytest.fixture
def project(whole: tuple[Path, dict[str, str]], tmp_path: Path) -> Project:
    """A copy of it to damage."""
    shutil.copytree(whole[0] / ".symphony", tmp_path / "p" / ".symphony")
    return Project(tmp_path / "p", small.FILES)


def found(project: Project) -> list[str]:
    """What a look at everything finds damaged, by digest."""
    with Store.open(project.state) as store:
        return [damage.digest or damage.where for damage in verify(store)]


def run_well(project: Project, wanted: dict[str, str], *, tries: int = 1) -> None:
    """Run until it succeeds; what a run gives is right or nothing."""
    for _ in range(tries):
        done = project.call("run", "small.yaml", "--json")
        if done.code == 0:
            break
        assert done.code in (1, 4), done
    assert done.code == 0, done.err
    assert digests(done.document()) == wanted
    whole = done.document()["outputs"]["whole"]["path"]
    assert (project.folder / whole).read_bytes() == b"".join(b"%08d" % n * 20_000 for n in range(5))


def whole_again(project: Project) -> None:
    """Nothing is damaged any more, and everything is served."""
    assert found(project) == []
    counts = project.call("run", "small.yaml", "--json").document()["counts"]
    assert counts["cached"] == sum(counts.values()) > 0


def healed(project: Project, wanted: dict[str, str], *, tries: int = 1) -> None:
    """After runs that end well, and one more behind a look at what no run had read, everything is whole."""
    run_well(project, wanted, tries=tries)
    if found(project):
        run_well(project, wanted)
    whole_again(project)


@pytest.mark.parametrize("harm", damage.WAYS.values(), ids=damage.WAYS)
def test_every_damaged_object_is_found_and_made_anew(
    project: Project, whole: tuple[Path, dict[str, str]], harm: damage.Harm
) -> None:
    harmed = harm(damage.objects_of(project.state))
    assert len(harmed) == 6

    assert found(project) == sorted(harmed)
    run_well(project, whole[1])
    whole_again(project)


@pytest.mark.parametrize("harm", damage.WAYS.values(), ids=damage.WAYS)
def test_a_damaged_object_that_nobody_looked_for_is_never_served(
    project: Project, whole: tuple[Path, dict[str, str]], harm: damage.Harm
) -> None:
    """The code of the last step has changed, so that its inputs are read; a run that meets damage ends or heals."""
    players = project.folder / "players.py"
    players.write_text(players.read_text().replace('b"".join(parts)', 'b"".join([*parts])'))
    harmed = harm(damage.objects_of(project.state))

    healed(project, whole[1], tries=len(harmed) + 1)


def test_the_command_line_prints_each_damaged_digest_and_exits_with_1(project: Project) -> None:
    harmed = damage.flip_a_bit(damage.objects_of(project.state)) + damage.flip_small_values(project.state)

    first, second = project.call("store", "verify"), project.call("store", "verify")

    assert (first.code, first.out.split()) == (1, sorted(harmed))
    assert (second.code, second.out) == (0, "everything is whole\n")


@pytest.mark.parametrize("harm", [damage.ruin_header, damage.ruin_pages])
def test_damage_of_the_database_is_told_in_lines_of_their_own(project: Project, harm: Harm) -> None:
    """Not as a warning of Python, which names a file and a line of code."""
    harm(project.state)

    said = project.call("store", "verify").err

    assert f"warning: {project.state / 'symphony.db'} is damaged" in said
    assert "Warning" not in said
    assert ".py:" not in said


def test_the_command_line_names_damaged_parts_of_the_journal(
    project: Project, whole: tuple[Path, dict[str, str]]
) -> None:
    damage.flip_journal(project.state)

    shown, first, second = project.call("show", "last"), project.call("store", "verify"), project.call("store", "verify")

    assert "warning: a part of the journal of run" in shown.err
    assert ".py:" not in shown.err
    assert first.code == 1
    assert all(", part " in line for line in first.out.splitlines())
    assert any("count as not recorded any more" in line for line in first.err.splitlines())
    assert (second.code, second.out) == (0, "everything is whole\n")
    run_well(project, whole[1])
    whole_again(project)


@pytest.mark.parametrize("harm", [damage.flip_a_bit, damage.swap_two])
def test_a_damaged_object_that_another_process_reads_is_set_aside_and_made_anew(
    tmp_path: Path, harm: damage.Harm
) -> None:
    project = Project(tmp_path / "p", small.FILES)
    before = project.call("run", "apart.yaml", "--json")
    assert before.code == 0, before.err
    players = project.folder / "players.py"
    players.write_text(players.read_text().replace("len(part)", "len(part) + 0"))
    harmed = harm(damage.objects_of(project.state)[:2])

    for _ in harmed:
        after = project.call("run", "apart.yaml", "--json")
        assert after.code in (0, 4), after
    after = project.call("run", "apart.yaml", "--json")

    assert after.code == 0, after.err
    assert digests(after.document()) == digests(before.document())
    assert len(list((project.state / "quarantine").iterdir())) == len(harmed)
    assert found(project) == []


def test_damaged_small_values_are_found_and_made_anew(project: Project, whole: tuple[Path, dict[str, str]]) -> None:
    flipped = damage.flip_small_values(project.state)
    assert len(flipped) > 5

    assert found(project) == flipped
    run_well(project, whole[1])
    whole_again(project)


@pytest.mark.parametrize("harm", [damage.cut_packs, damage.delete_packs])
def test_lost_packs_are_found_and_made_anew(project: Project, whole: tuple[Path, dict[str, str]], harm: Harm) -> None:
    harm(project.state)

    assert len(found(project)) > 5
    run_well(project, whole[1])
    whole_again(project)


@pytest.mark.parametrize("harm", [damage.flip_small_values, damage.cut_packs, damage.delete_packs])
def test_damaged_small_values_that_nobody_looked_for_are_never_served(
    project: Project, whole: tuple[Path, dict[str, str]], harm: Harm
) -> None:
    harm(project.state)

    healed(project, whole[1], tries=12)


@pytest.mark.parametrize("harm", [damage.ruin_header, damage.ruin_pages])
def test_a_damaged_database_is_found_and_everything_made_anew(
    project: Project, whole: tuple[Path, dict[str, str]], harm: Harm
) -> None:
    harm(project.state)

    assert found(project) == ["symphony.db"]
    run_well(project, whole[1])

    assert list((project.state / "quarantine").glob("*-symphony.db"))
    whole_again(project)


@pytest.mark.parametrize("harm", [damage.ruin_header, damage.ruin_pages])
def test_a_run_that_meets_a_damaged_database_lets_the_next_one_end_well(
    project: Project, whole: tuple[Path, dict[str, str]], harm: Harm
) -> None:
    harm(project.state)

    run_well(project, whole[1], tries=2)

    whole_again(project)
