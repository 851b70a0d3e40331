"""Faults of a shared place: which of them pass, and what the others mean for whoever runs the machine."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from typing import Any

from symphony.errors import StoreError
from symphony.store.address import Shared

_PASSING_CODES = frozenset(
    {
        "SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "Throttling", "ThrottlingException",
        "OperationAborted", "RequestLimitExceeded", "BandwidthLimitExceeded", "ConditionalRequestConflict",
    }
)  # fmt: skip
_CREDENTIAL_CODES = frozenset(
    {
        "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired",
        "RequestTimeTooSkewed", "InvalidSecurity",
    }
)  # fmt: skip
_NO_CREDENTIALS = frozenset({"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"})
_PASSING_ERRNOS = frozenset(
    {
        errno.EBUSY, errno.EIO, errno.EAGAIN, errno.ETIMEDOUT, errno.ECONNRESET, errno.ECONNREFUSED, errno.ECONNABORTED,
        errno.EPIPE, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.ENETRESET,
        getattr(errno, "EREMOTEIO", errno.EIO), getattr(errno, "ESTALE", errno.EIO),
    }
)  # fmt: skip
_LASTING = (PermissionError, FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError)


def passes(error: Exception) -> bool:
    """Whether a fault passes by itself: a lost connection, a busy or restarting server."""
    for inner in _chain(error):
        code, status = _answer(inner)
        if code or status:
            return (status >= 500 and status != 501) or status == 429 or code in _PASSING_CODES
    for inner in _chain(error):
        name = type(inner).__name__
        if isinstance(inner, _LASTING) or name in _NO_CREDENTIALS:
            return False
        if isinstance(inner, (ConnectionError, TimeoutError)) or _is_of_the_network(type(inner)):
            return True
        if isinstance(inner, OSError) and inner.errno in _PASSING_ERRNOS:
            return True
    return False


def _is_of_the_network(kind: type) -> bool:
    """Whether a class comes from the libraries below s3fs; asked by name, since they may not be installed."""
    names = {c.__name__ for c in kind.__mro__}
    return bool(names & {"HTTPClientError", "ResponseParserError", "ClientPayloadError", "ClientConnectionError"})


def is_absent(error: Exception) -> bool:
    """Whether a fault only says that there is no such object. A missing bucket is not that."""
    return isinstance(error, FileNotFoundError) and _code(error) != "NoSuchBucket"


def is_there_already(error: Exception) -> bool:
    """Whether an object was not put because there is one already."""
    return isinstance(error, FileExistsError) or _code(error) in ("PreconditionFailed", "412")


def is_unknown_demand(error: Exception) -> bool:
    """Whether the server does not know what it was asked for, such as to put only what is absent."""
    return (isinstance(error, OSError) and error.errno == errno.ENOSYS) or _code(error) in ("NotImplemented", "501")


def place_fault(shared: Shared, error: Exception) -> StoreError:
    """The error for a shared place that cannot be used. Names where credentials came from, never what they are."""
    code = _code(error)
    kind = type(error).__name__
    kinds = {type(inner).__name__ for inner in _chain(error)}
    if code == "NoSuchBucket" or (isinstance(error, FileNotFoundError) and code in ("", "404")):
        return StoreError(f"{shared.name}: there is no such bucket or folder; make it, or correct the URL of the store")
    if kinds & _NO_CREDENTIALS or "ProfileNotFound" in kinds:
        return StoreError(
            f"{shared.name}: no credentials were found (looked at: {credential_source(shared)}). Set AWS_ACCESS_KEY_ID "
            "and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        )
    if isinstance(error, PermissionError) or code in _CREDENTIAL_CODES:
        what = "does not accept the credentials" if code in _CREDENTIAL_CODES else "denies access with the credentials"
        told = f" ({code})" if code else ""
        return StoreError(
            f"{shared.name} {what} from {credential_source(shared)}{told}. Correct them, or what they may do"
        )
    if passes(error):
        return StoreError(
            f"{shared.name} does not answer ({kind}), and was waited for up to {shared.patience_s:g} s. Nothing that was "
            "recorded is lost: once it answers, symphony resume goes on"
        )
    return StoreError(f"{shared.name} cannot be used: {kind}: {scrubbed(str(error), shared.options)}")


def credential_source(shared: Shared, environ: Mapping[str, str] | None = None) -> str:
    """Where the credentials for a place come from, in words."""
    env = os.environ if environ is None else environ
    options = shared.options
    if not shared.url.startswith(("s3:", "s3a:")):
        return f"the options {', '.join(sorted(options))} of the store" if options else "this account"
    if options.get("anon"):
        return "nowhere (the option anon)"
    for given in ("key", "username", "aws_access_key_id"):
        if options.get(given):
            return f"the option {given} of the store"
    if options.get("profile"):
        return f"the profile {options['profile']!r} (the option profile of the store)"
    for variable in ("FSSPEC_S3_KEY", "AWS_ACCESS_KEY_ID"):
        if env.get(variable):
            return f"the environment variable {variable}"
    if env.get("AWS_PROFILE"):
        return f"the profile {env['AWS_PROFILE']!r} (the environment variable AWS_PROFILE)"
    file = env.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"
    return f"the file {file}, or the role of this machine"


def scrubbed(text: str, options: Mapping[str, Any]) -> str:
    """A text of others in one line, without any value of an option in it."""
    for value in sorted(_texts(options), key=len, reverse=True):
        if len(value) >= 4:
            text = text.replace(value, "***")
    return " ".join(text.split())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)


def _code(error: BaseException) -> str:
    return next((code for inner in _chain(error) if (code := _answer(inner)[0])), "")


def _answer(error: BaseException) -> tuple[str, int]:
    """Code and HTTP status of a server's answer, where the error carries one."""
    response = getattr(error, "response", None)
    if not isinstance(response, Mapping):
        return "", 0
    status = (response.get("ResponseMetadata") or {}).get("HTTPStatusCode") or 0
    return str((response.get("Error") or {}).get("Code", "")), int(status)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what caused it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
