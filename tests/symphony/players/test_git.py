"""Players that read a git repository, on repositories made here with fixed dates."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from symphony.errors import SurroundingsError, UsageError
from symphony.players import git
from symphony.players.repository.history import parse_log

ODD = ("with space.py", "ünï.py", 'quo"te.py', "tab\there.py", "new\nline.py", "-dash.py", "<script>.py", "*.py")


def names(found: list[Path], root: Path) -> list[str]:
    return [p.relative_to(root).as_posix() for p in found]


def test_tracked_files_are_listed_in_order(repo: Any) -> None:
    assert names(git.list_files(repo.folder), repo.folder) == ["README.md", "logo.png", "src/engine.py"]


def test_untracked_and_deleted_files(repo: Any) -> None:
    repo.write({"new.py": "", ".gitignore": "ignored.py\n", "ignored.py": ""})
    (repo.folder / "logo.png").unlink()

    assert names(git.list_files(repo.folder), repo.folder) == ["README.md", "src/engine.py"]
    assert names(git.list_files(repo.folder, "*.py", untracked=True), repo.folder) == ["new.py", "src/engine.py"]


def test_odd_names_are_listed_as_they_are(make_repo: Callable[[str], Any]) -> None:
    repo = make_repo("odd")
    repo.commit("all", dict.fromkeys(ODD, "x = 1\n"))

    assert sorted(names(git.list_files(repo.folder), repo.folder)) == sorted(ODD)
    assert {f["path"] for f in git.history(repo.folder)[0]["files"]} == set(ODD)


def test_name_that_is_no_utf8_is_left_out(make_repo: Callable[[str], Any]) -> None:
    repo = make_repo("bytes")
    with open(os.fsencode(repo.folder) + b"/\xff.py", "wb"):
        pass
    repo.commit("all", {"a.py": ""})

    assert names(git.list_files(repo.folder), repo.folder) == ["a.py"]
    assert {f["path"] for f in git.history(repo.folder)[0]["files"]} == {"a.py", "\ufffd.py"}


def test_links_and_submodules_are_left_out(repo: Any, make_repo: Callable[[str], Any]) -> None:
    other = make_repo("other")
    other.commit("start", {"inner.py": ""})
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.folder), "sub")
    (repo.folder / "link.py").symlink_to("/etc/passwd")
    repo.commit("links", {})

    listed = names(git.list_files(repo.folder), repo.folder)

    assert listed == [".gitmodules", "README.md", "logo.png", "src/engine.py"]
    assert git.describe(repo.folder)["files"] == 4


def test_folder_inside_a_repository_is_read_alone(repo: Any) -> None:
    inside = repo.folder / "src"

    assert names(git.list_files(inside), inside) == ["engine.py"]
    assert [c["subject"] for c in git.history(inside)] == ["Rename the core", "fix: loop", "feat: start"]
    assert git.churn(git.history(inside))[0]["path"] == "engine.py"
    assert git.describe(inside)["name"] == "project/src"


def test_history_is_newest_first_with_its_files(repo: Any) -> None:
    history = git.history(repo.folder)

    assert [c["subject"] for c in history] == ["docs: words", "Rename the core", "fix: loop", "feat: start"]
    assert [c["author"] for c in history] == ["Ada", "Ada", "Bob", "Ada"]
    assert history[0]["date"] == "2024-03-01T12:00:00+00:00"
    assert history[0]["files"] == [{"path": "README.md", "added": 2, "deleted": 0}]
    assert {"path": "src/engine.py", "added": 0, "deleted": 0, "old": "src/core.py"} in history[1]["files"]
    assert {"path": "logo.png", "added": 0, "deleted": 0} in history[1]["files"]


@pytest.mark.parametrize(("since", "count"), [("", 4), ("2024-02-01", 2), ("9d", 1), ("4w", 2), ("1y", 4)])
def test_history_can_be_cut_by_date_or_span(repo: Any, since: str, count: int) -> None:
    """Spans count from the newest commit, so that the same HEAD gives the same rows on any day."""
    assert len(git.history(repo.folder, since=since)) == count


def test_history_can_be_cut_by_count_and_names_a_bad_date(repo: Any) -> None:
    assert len(git.history(repo.folder, limit=1)) == 1
    with pytest.raises(UsageError, match="'last week': write a date"):
        git.history(repo.folder, since="last week")


def test_message_cannot_pretend_to_be_an_entry(make_repo: Callable[[str], Any]) -> None:
    repo = make_repo("sly")
    repo.commit("\x1ecommit 1\t1\tx\n\n9\t9\tfake.py", {"real.py": "x\n"}, who="1\t2\tz")

    (commit,) = git.history(repo.folder)

    assert [f["path"] for f in commit["files"]] == ["real.py"]
    assert len(git.log_between(repo.folder)) == 1


def test_log_that_breaks_off_gives_what_is_whole() -> None:
    fields = b"\0\x1ecommit\0" + b"\0".join([b"c", b"Ada", b"a@b", b"1700000000", b"99999999999999999", b"", b"s"])

    (commit,) = parse_log(fields + b"\0\n1\t2\tx.py\0-\t-\ty.bin\0")

    assert commit["files"] == [{"path": "x.py", "added": 1, "deleted": 2}, {"path": "y.bin", "added": 0, "deleted": 0}]
    assert commit["committed"].startswith("9999")


def test_churn_follows_renames(repo: Any) -> None:
    rows = {r["path"]: r for r in git.churn(git.history(repo.folder))}

    engine = rows["src/engine.py"]
    assert "src/core.py" not in rows
    assert (engine["commits"], engine["added"], engine["authors"]) == (3, 9, 2)
    assert (engine["main_author"], engine["main_share"]) == ("Ada", 0.667)
    assert (engine["first"][:10], engine["last"][:10]) == ("2024-01-01", "2024-02-20")


def test_authors_are_united_by_mailmap(repo: Any) -> None:
    plain = git.authors(git.history(repo.folder))
    repo.commit("names", {".mailmap": "Ada <ada@example.org> Bob <bob@example.org>\n"}, date="2024-03-02")

    united = git.authors(git.history(repo.folder))

    assert [(a["author"], a["commits"], a["share"]) for a in plain] == [("Ada", 3, 0.75), ("Bob", 1, 0.25)]
    assert [(a["author"], a["commits"]) for a in united] == [("Ada", 5)]


def test_weeks_have_no_gaps(repo: Any) -> None:
    weeks = git.commits_per_week(git.history(repo.folder))

    assert [w["week"] for w in weeks][:2] == ["2024-01-01", "2024-01-08"]
    assert len(weeks) == 9
    assert sum(w["commits"] for w in weeks) == 4
    assert weeks[2] == {"week": "2024-01-15", "commits": 0, "added": 0, "deleted": 0, "authors": 0}
    assert git.commits_per_week([]) == []


def test_merges_count_as_commits_without_files(repo: Any) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.commit("side", {"side.py": ""}, date="2024-03-02")
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "Merge side", "side", date="2024-03-03T12:00:00+00:00")

    merge = git.history(repo.folder)[0]

    assert (merge["parents"], merge["files"]) == (2, [])


def test_describe_says_what_is_there(repo: Any) -> None:
    repo.write({"README.md": "changed"})

    about = git.describe(repo.folder)

    assert about["name"] == "project"
    assert (about["branch"], about["commits"], about["files"], about["changed"]) == ("main", 4, 3, 1)
    assert (about["first"][:10], about["committed"][:10], about["subject"]) == (
        "2024-01-01",
        "2024-03-01",
        "docs: words",
    )


def test_repository_without_commits(make_repo: Callable[[str], Any]) -> None:
    repo = make_repo("new")

    assert git.list_files(repo.folder) == []
    assert git.history(repo.folder) == []
    assert git.tags(repo.folder) == []
    assert git.describe(repo.folder)["commit"] == ""
    with pytest.raises(UsageError, match="'HEAD' names no commit"):
        git.log_between(repo.folder)


def test_detached_head_has_no_branch(repo: Any) -> None:
    repo.git("checkout", "-q", "HEAD~1")

    assert git.describe(repo.folder)["branch"] == ""


def test_tags_and_what_lies_between(repo: Any) -> None:
    repo.git("tag", "v1", "HEAD~2")
    repo.git("tag", "-a", "v2", "-m", "Second", "HEAD~1", date="2024-02-21T00:00:00+00:00")

    tags = git.tags(repo.folder)

    assert [(t["tag"], t["date"][:10], t["subject"]) for t in tags] == [
        ("v2", "2024-02-21", "Second"),
        ("v1", "2024-01-09", "fix: loop"),
    ]
    assert tags[0]["commit"] == repo.git("rev-parse", "HEAD~1")
    assert [c["subject"] for c in git.log_between(repo.folder)] == ["docs: words"]
    assert [c["subject"] for c in git.log_between(repo.folder, newer="v2")] == ["Rename the core"]
    assert [c["subject"] for c in git.log_between(repo.folder, older="v1")] == ["docs: words", "Rename the core"]
    assert len(git.log_between(repo.folder, newer="v1")) == 2
    assert git.tags(repo.folder, limit=1)[0]["tag"] == "v2"


@pytest.mark.parametrize("name", ["nope", "--all", "", "HEAD..main"])
def test_revision_that_is_none_is_named(repo: Any, name: str) -> None:
    with pytest.raises(UsageError, match="names no commit"):
        git.log_between(repo.folder, older="HEAD", newer=name)


def test_changes_are_grouped_by_kind() -> None:
    def commit(subject: str, body: str = "", parents: int = 1) -> dict[str, Any]:
        return {"commit": "c", "author": "Ada", "parents": parents, "subject": subject, "body": body}

    groups = git.group_changes(
        [
            commit("feat(core): add a"),
            commit("fix!: drop b"),
            commit("chore: c", body="BREAKING CHANGE: d"),
            commit("Fixed e"),
            commit("Bump f"),
            commit("Something else"),
            commit("Merge g", parents=2),
            commit("note: h"),
        ]
    )

    assert list(groups) == ["breaking", "features", "fixes", "other", "internal"]
    assert [e["text"] for e in groups["breaking"]] == ["drop b", "c"]
    assert groups["features"][0] == {"text": "add a", "scope": "core", "commit": "c", "author": "Ada"}
    assert [e["text"] for e in groups["other"]] == ["Something else", "note: h"]


def test_changed_files_are_those_since_the_branch_left(repo: Any) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.commit("side", {"side.py": ""}, date="2024-03-02")
    repo.git("checkout", "-q", "main")
    repo.commit("main goes on", {"main.py": ""}, date="2024-03-03")
    repo.git("checkout", "-q", "side")
    repo.write({"README.md": "edited", "fresh.py": ""})

    assert names(git.changed_files(repo.folder, base="main"), repo.folder) == ["README.md", "fresh.py", "side.py"]
    assert names(git.changed_files(repo.folder), repo.folder) == ["README.md", "fresh.py"]


def test_file_is_read_as_it_was(repo: Any) -> None:
    assert git.show_file(repo.folder, "README.md", revision="HEAD~1") == b"# Project\n"
    with pytest.raises(UsageError, match="no file 'nope'"):
        git.show_file(repo.folder, "nope")


@pytest.mark.parametrize(
    "call", [git.list_files, git.history, git.describe, git.tags, git.log_between, git.changed_files]
)
def test_folder_that_is_no_repository_is_named(tmp_path: Path, call: Any) -> None:
    (tmp_path / "plain").mkdir()

    with pytest.raises(UsageError, match="plain is no git repository"):
        call(tmp_path / "plain")
    with pytest.raises(UsageError, match="nowhere is not there"):
        call(tmp_path / "nowhere")


def test_bare_repository_has_a_history_and_no_files(repo: Any, tmp_path: Path) -> None:
    repo.git("clone", "-q", "--bare", str(repo.folder), str(tmp_path / "bare.git"))

    assert len(git.history(tmp_path / "bare.git")) == 4
    assert git.describe(tmp_path / "bare.git")["name"] == "bare"
    with pytest.raises(UsageError, match="bare repository"):
        git.list_files(tmp_path / "bare.git")


def test_missing_git_is_named(repo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(SurroundingsError, match="git is not installed"):
        git.history(repo.folder)


def test_environment_of_a_git_hook_leads_nowhere_else(
    repo: Any, make_repo: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_repo("other")
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.folder / ".git" / "index"))

    assert len(git.history(repo.folder)) == 4
    assert len(git.list_files(repo.folder)) == 3


def test_program_named_by_the_repository_is_not_run(repo: Any, tmp_path: Path) -> None:
    """Nothing of a stranger runs by being read."""
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    for name in ("core.fsmonitor", "core.pager", "diff.external", "gpg.program", "diff.trap.textconv"):
        repo.git("config", name, str(trap))
    repo.git("config", "log.showSignature", "true")
    repo.write({".git/info/attributes": "* diff=trap\n"})

    git.describe(repo.folder)
    git.history(repo.folder)
    git.list_files(repo.folder, untracked=True)
    git.changed_files(repo.folder)

    assert not (tmp_path / "sprung").exists()


def fingerprint(player: Any, **inputs: Any) -> Any:
    return player.options["fingerprint"](**inputs)


def test_fingerprints_change_with_what_is_read(repo: Any) -> None:
    """Semantics 2: git.* is run anew when HEAD, the index or the work tree changed in what the player reads."""

    def all_of_them() -> list[Any]:
        return [
            fingerprint(p, repo=repo.folder)
            for p in (git.list_files, git.history, git.describe, git.tags, git.log_between, git.changed_files)
        ]

    first = all_of_them()
    again = all_of_them()
    repo.write({"added.py": ""})
    repo.git("add", "-A")
    staged = all_of_them()
    repo.commit("more", {}, date="2024-04-01")
    repo.git("tag", "v9")
    after = all_of_them()

    assert first == again
    assert [a != b for a, b in zip(first, staged, strict=True)] == [True, False, True, False, False, True]
    assert [a != b for a, b in zip(staged, after, strict=True)] == [False, True, True, True, True, True]
