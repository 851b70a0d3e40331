"""Faults of a shared place: which pass, and what the others say."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from symphony.store.address import Shared
from symphony.store.place_faults import (
    credential_source,
    is_absent,
    is_there_already,
    is_unknown_demand,
    passes,
    place_fault,
    scrubbed,
)


class ClientError(Exception):
    """As botocore's: it carries the answer of the server."""

    def __init__(self, code: str, status: int) -> None:
        self.response: dict[str, Any] = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        super().__init__(f"An error occurred ({code})")


class HTTPClientError(Exception):
    """As botocore's: the network failed."""


class EndpointConnectionError(HTTPClientError):
    pass


class NoCredentialsError(Exception):
    pass


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(111, "refused"), TimeoutError(), OSError(errno.EIO, "stale handle"), EndpointConnectionError(),
        caused(OSError(errno.EBUSY, "slow"), ClientError("SlowDown", 503)), ClientError("Odd", 500), ClientError("429", 429),
        caused(OSError("?"), ClientError("RequestTimeout", 400)),
    ],
    ids=repr,
)  # fmt: skip
def test_faults_of_the_network_and_busy_servers_pass(error: Exception) -> None:
    assert passes(error)


@pytest.mark.parametrize(
    "error",
    [
        PermissionError("no"), FileNotFoundError("x"), OSError(errno.ENOSPC, "full"), ValueError("x"), NoCredentialsError(),
        caused(PermissionError("x"), ClientError("SignatureDoesNotMatch", 403)), ClientError("NotImplemented", 501),
        caused(FileNotFoundError("x"), ClientError("NoSuchBucket", 404)),
    ],
    ids=repr,
)  # fmt: skip
def test_faults_of_rights_and_addresses_do_not_pass(error: Exception) -> None:
    assert not passes(error)


def test_an_object_that_is_absent_is_not_a_bucket_that_is() -> None:
    assert is_absent(FileNotFoundError("x"))
    assert not is_absent(caused(FileNotFoundError("x"), ClientError("NoSuchBucket", 404)))


def test_a_demand_that_is_not_met_is_not_one_that_is_unknown() -> None:
    unmet = caused(OSError(errno.EINVAL, "x"), ClientError("PreconditionFailed", 412))
    unknown = caused(OSError(errno.ENOSYS, "x"), ClientError("NotImplemented", 501))

    assert (is_there_already(unmet), is_unknown_demand(unmet)) == (True, False)
    assert (is_there_already(unknown), is_unknown_demand(unknown)) == (False, True)


S3 = Shared("s3://bucket/x")


@pytest.mark.parametrize(
    ("shared", "environ", "source"),
    [
        (Shared("s3://b", {"key": "canary", "secret": "canary"}), {"AWS_PROFILE": "p"}, "the option key of the store"),
        (Shared("s3://b", {"profile": "ci"}), {"AWS_ACCESS_KEY_ID": "canary"}, "the profile 'ci' (the option profile of the store)"),
        (S3, {"AWS_ACCESS_KEY_ID": "canary"}, "the environment variable AWS_ACCESS_KEY_ID"),
        (S3, {"AWS_PROFILE": "ci"}, "the profile 'ci' (the environment variable AWS_PROFILE)"),
        (S3, {"AWS_SHARED_CREDENTIALS_FILE": "/etc/aws"}, "the file /etc/aws, or the role of this machine"),
        (S3, {}, "the file ~/.aws/credentials, or the role of this machine"),
        (Shared("s3://b", {"anon": True}), {}, "nowhere (the option anon)"),
        (Shared("file:///x"), {}, "this account"),
        (Shared("ftp://x", {"password": "canary"}), {}, "the options password of the store"),
    ],
)  # fmt: skip
def test_the_source_of_credentials_is_named_and_never_their_value(
    shared: Shared, environ: dict[str, str], source: str
) -> None:
    assert credential_source(shared, environ) == source
    assert "canary" not in source


def test_refused_credentials_are_told_by_their_source() -> None:
    error = caused(PermissionError("canary"), ClientError("InvalidAccessKeyId", 403))

    told = str(place_fault(Shared("s3://bucket/x", {"key": "canary"}), error))

    assert told == (
        "s3://bucket/x does not accept the credentials from the option key of the store (InvalidAccessKeyId). "
        "Correct them, or what they may do"
    )


def test_a_bucket_that_is_absent_is_told() -> None:
    error = caused(FileNotFoundError("x"), ClientError("NoSuchBucket", 404))

    assert str(place_fault(S3, error)).startswith("s3://bucket/x: there is no such bucket or folder; make it")


def test_a_server_that_does_not_answer_is_told_with_what_to_do() -> None:
    assert "was waited for up to 60 s" in str(place_fault(S3, EndpointConnectionError()))
    assert "symphony resume goes on" in str(place_fault(S3, EndpointConnectionError()))


def test_missing_credentials_are_told_with_where_they_were_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "FSSPEC_S3_KEY"):
        monkeypatch.delenv(name, raising=False)

    assert "no credentials were found (looked at: the file ~/.aws/credentials" in str(
        place_fault(S3, NoCredentialsError())
    )


def test_values_of_options_are_taken_out_of_texts_of_others() -> None:
    options = {"secret": "canary", "client_kwargs": {"token": "canary2"}, "short": "b"}

    assert scrubbed("bad\n canary2 and canary by b", options) == "bad *** and *** by b"
