"""One HTTP request, streamed, with limits."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import IO, Any
from urllib.parse import urlsplit

from symphony.errors import SurroundingsError, UsageError

_CHUNK = 1 << 16
_MOST_REDIRECTS = 5
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that another attempt may mend."""
_PRIVATE = ("authorization", "cookie", "proxy-authorization")


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = _MOST_REDIRECTS
    max_repeats = _MOST_REDIRECTS

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        check_address(newurl)
        if urlsplit(req.full_url).scheme == "https" and urlsplit(newurl).scheme == "http":
            raise UsageError(f"{_shown(req.full_url)} leads from https to http at {_shown(newurl)}: not followed")
        followed = super().redirect_request(req, fp, code, msg, headers, newurl)
        if followed is not None and _origin(req.full_url) != _origin(newurl):
            for name in list(followed.headers):  # another host must not see them
                if name.lower() in _PRIVATE:
                    followed.remove_header(name)
        return followed


def _origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port


def check_address(address: str) -> None:
    """Check that an address can be fetched.

    Raises:
        UsageError: it has another scheme than http or https, no host, or a user and password in it.
    """
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or any(c.isspace() or ord(c) < 32 for c in address):
        raise UsageError(
            f"{_shown(address)!r} cannot be fetched: an address starts with http:// or https:// and a host"
        )
    if "@" in parts.netloc:
        raise UsageError(
            f"{_shown(address)} has a user in its address, which is not sent: give a secret to the port token"
        )


def _shown(address: str) -> str:
    """An address for a message: without user, password and query, which may be secret."""
    try:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{host}{parts.path}" if host else address.partition("?")[0]
    except ValueError:
        return address.partition("?")[0]


def fetch(
    address: str, *, headers: Mapping[str, str], timeout_s: float, max_bytes: int, sha256: str
) -> Iterator[bytes]:
    """Fetch the body piece by piece. The digest is checked before the last piece is given.

    Raises:
        UsageError: the address is wrong, the answer is one that another attempt does not mend, is too large, or has
            another digest.
        SurroundingsError: no answer in time, the connection broke, or the server says to come back later.
    """
    check_address(address)
    opener = urllib.request.build_opener(_Redirects)
    try:
        with opener.open(urllib.request.Request(address, headers=dict(headers)), timeout=timeout_s) as answer:
            yield from _body(answer, address, max_bytes, sha256.strip().lower())
    except urllib.error.HTTPError as error:
        error.close()
        kind = SurroundingsError if error.code in _PASSING else UsageError
        raise kind(f"{_shown(address)} answered {error.code} {error.reason}") from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise SurroundingsError(f"{_shown(address)} could not be fetched: {reason or type(error).__name__}") from error


def _body(answer: Any, address: str, max_bytes: int, sha256: str) -> Iterator[bytes]:
    said = answer.headers.get("Content-Length", "")
    expected = int(said) if said.isdigit() else None
    if expected is not None and expected > max_bytes:
        raise UsageError(
            f"{_shown(address)} has {expected} bytes, more than max_bytes={max_bytes}. Raise max_bytes if that is meant"
        )
    digest, count, held = hashlib.sha256(), 0, b""
    while piece := answer.read(_CHUNK):
        count += len(piece)
        if count > max_bytes:
            raise UsageError(
                f"{_shown(address)} has more than max_bytes={max_bytes} bytes. Raise max_bytes if that is meant"
            )
        digest.update(piece)
        if held:
            yield held
        held = piece
    if expected is not None and count < expected:
        raise SurroundingsError(f"{_shown(address)} broke off after {count} of {expected} bytes")
    if sha256 and digest.hexdigest() != sha256:
        raise UsageError(
            f"{_shown(address)} has the SHA-256 {digest.hexdigest()}, not {sha256}: it is another file than expected"
        )
    yield held
