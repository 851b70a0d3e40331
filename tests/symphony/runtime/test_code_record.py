"""The code behind an identity comes back as it was kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from symphony.compiler.identity import identity_of
from symphony.model.module_source import FixedSources, ModuleSource
from symphony.runtime.code_record import CodeRecord, code_changes, keep_code, load_code
from symphony.store.store import Store

OLD = "LIMIT = 3\n\n\ndef helper(x):\n    return x + LIMIT\n\n\ndef player(x):\n    return helper(x)\n"


def code(text: str) -> tuple[str, CodeRecord]:
    sources = FixedSources(ModuleSource("tools", "tools.py", text))
    identity = identity_of("tools", "player", sources)
    assert identity.digest is not None
    return identity.digest, CodeRecord(identity.reached, sources)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path)


def test_what_was_kept_comes_back(store: Store) -> None:
    digest, record = code(OLD)
    keep_code(store, digest, lambda: record)
    keep_code(store, digest, lambda: pytest.fail("it is kept already"))

    found = load_code(store, digest)

    assert found is not None
    assert found.reached == record.reached
    assert found.sources.module("tools") == record.sources.module("tools")
    assert load_code(store, "0" * 64) is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (OLD.replace("x + LIMIT", "x - LIMIT"), "tools.helper() line 5"),
        (OLD.replace("LIMIT = 3", "LIMIT = 4"), "tools.LIMIT line 1"),
        (OLD.replace("x + LIMIT", "x"), "tools.helper() line 5"),
    ],
    ids=["helper", "global", "no longer reached"],
)
@pytest.mark.parametrize("ran", [True, False])
def test_the_change_between_two_codes_is_said(changed: str, said: str, ran: bool, store: Store) -> None:
    old, old_record = code(OLD)
    new, new_record = code(changed)
    keep_code(store, old, lambda: old_record)
    if ran:
        keep_code(store, new, lambda: new_record)

    assert code_changes(store, lambda: {new: new_record})(old, new) == said


def test_without_a_record_nothing_is_said(store: Store) -> None:
    assert code_changes(store)("0" * 64, "1" * 64) is None
