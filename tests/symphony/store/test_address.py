"""Where a store lies, as plain data that gives nothing away by being shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from symphony.errors import UsageError
from symphony.store.address import Shared, StoreAddress

SHARED = Shared("s3://bucket/x", {"secret": "canary", "client_kwargs": {"token": "canary"}}, write=False, patience_s=3)


@pytest.mark.parametrize(
    "address",
    [StoreAddress(), StoreAddress(Path("/tmp/x")), StoreAddress(None, SHARED)],
    ids=["none", "local", "shared"],
)
def test_an_address_comes_back_through_plain_data(address: StoreAddress) -> None:
    document = json.loads(json.dumps(address.to_document()))

    assert StoreAddress.from_document(document) == address


def test_an_address_can_be_hashed() -> None:
    assert len({StoreAddress(None, SHARED), StoreAddress(None, SHARED), StoreAddress()}) == 2


def test_options_are_never_shown() -> None:
    assert "canary" not in f"{SHARED!r} {SHARED} {StoreAddress(None, SHARED)!r}"


def test_a_password_in_the_url_is_not_in_its_name() -> None:
    assert Shared("ftp://anna:canary@host/x?token=canary").name == "ftp://host/x"


def test_a_url_is_needed() -> None:
    with pytest.raises(UsageError, match="needs a URL"):
        Shared("")


def test_patience_is_not_negative() -> None:
    with pytest.raises(UsageError, match="at least 0 seconds, not -1"):
        Shared("memory://x", patience_s=-1)
