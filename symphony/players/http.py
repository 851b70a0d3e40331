"""Players that fetch from the web.

What an address gives can change at any time. So a result is only served from the store when the melody says how: with
`max_age` for that long, with `sha256` for ever, since the bytes are then known. Without either, every run fetches anew.
"""

from __future__ import annotations

import datetime
import json
import time
import uuid
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from symphony.define.annotations import Json
from symphony.define.context import Context
from symphony.define.player import operator
from symphony.errors import UsageError
from symphony.players.fetching.request import fetch
from symphony.players.files import plain_name
from symphony.players.reading.decoding import decode

_RETRY = {"attempts": 3, "delay": "1s", "on": ["SurroundingsError"]}
_LIMIT = 50_000_000


def freshness(url: str, max_age: datetime.timedelta | None = None, sha256: str = "", **_: Any) -> str:
    """The fingerprint of a fetch: fixed for a known digest, one per span of `max_age`, else never the same twice.

    Spans are counted from 1970, so that all runs agree on them: a result is served for at most `max_age`, often less.
    """
    if sha256:
        return "pinned"
    if max_age and max_age.total_seconds() > 0:
        return f"span {int(time.time() // max_age.total_seconds())} of {max_age.total_seconds():g} s"
    return f"always anew: {uuid.uuid4().hex}"


def _headers(headers: dict[str, str] | None, token: str, accept: str = "*/*") -> dict[str, str]:
    built = {"User-Agent": "symphony", "Accept": accept, "Accept-Encoding": "identity", **(headers or {})}
    for name, value in built.items():
        if any(c in f"{name}{value}" for c in "\r\n\0"):
            raise UsageError(f"the header {name!r} holds a line end, which no header can")
    return built | ({"Authorization": f"Bearer {token}"} if token else {})


@operator(version="1.0.0", tags=("http", "web", "download", "fetch"), fingerprint=freshness, retry=_RETRY)
def get(
    url: str,
    headers: dict[str, str] | None = None,
    token: str = "",
    max_bytes: int = _LIMIT,
    timeout_s: float = 30.0,
    max_age: datetime.timedelta | None = None,
    sha256: str = "",
) -> bytes:
    """Fetch bytes from the web. Tried three times where that can help.

    Args:
        url: the address, http or https. At most five redirects are followed.
        headers: headers to send.
        token: sent as `Authorization: Bearer …`, and only to this host; give it a secret.
        max_bytes: the largest answer that is read.
        timeout_s: seconds without an answer after which an attempt fails.
        max_age: how long a result may be served again; left out: not at all.
        sha256: the digest the bytes must have; with it a result is served for ever.

    Raises:
        UsageError: the address is wrong, the answer is a refusal (such as 404), too large, or has another digest.
        SurroundingsError: no answer in time, the connection broke, or the server says to come back later.

    Example:
        ```yaml
        data:
          player: http.get
          with: {url: "https://example.org/data.csv", max_age: 1h}
        ```
    """
    sent = _headers(headers, token)
    return b"".join(fetch(url, headers=sent, timeout_s=timeout_s, max_bytes=max_bytes, sha256=sha256))


@operator(version="1.0.0", tags=("http", "web", "text", "fetch"), fingerprint=freshness, retry=_RETRY)
def get_text(
    url: str,
    headers: dict[str, str] | None = None,
    token: str = "",
    max_bytes: int = _LIMIT,
    timeout_s: float = 30.0,
    max_age: datetime.timedelta | None = None,
    sha256: str = "",
) -> str:
    """Fetch text from the web; its encoding is found out. Tried three times where that can help.

    Args:
        url: the address, http or https. At most five redirects are followed.
        headers: headers to send.
        token: sent as `Authorization: Bearer …`, and only to this host; give it a secret.
        max_bytes: the largest answer that is read.
        timeout_s: seconds without an answer after which an attempt fails.
        max_age: how long a result may be served again; left out: not at all.
        sha256: the digest the bytes must have; with it a result is served for ever.

    Raises:
        UsageError: as for `http.get`, or the answer is binary.
        SurroundingsError: as for `http.get`.

    Example:
        ```yaml
        page:
          player: http.get_text
          with: {url: "https://example.org/", max_age: 1d}
        ```
    """
    sent = _headers(headers, token)
    decoded = decode(b"".join(fetch(url, headers=sent, timeout_s=timeout_s, max_bytes=max_bytes, sha256=sha256)))
    if decoded is None:
        raise UsageError(f"{url.partition('?')[0]} gave binary data, not text. Fetch it with http.get")
    return decoded.text


@operator(version="1.0.0", tags=("http", "web", "json", "api", "fetch"), fingerprint=freshness, retry=_RETRY)
def get_json(
    url: str,
    headers: dict[str, str] | None = None,
    token: str = "",
    max_bytes: int = _LIMIT,
    timeout_s: float = 30.0,
    max_age: datetime.timedelta | None = None,
    sha256: str = "",
) -> Json:
    """Fetch JSON data from the web. Tried three times where that can help.

    Args:
        url: the address, http or https. At most five redirects are followed.
        headers: headers to send.
        token: sent as `Authorization: Bearer …`, and only to this host; give it a secret.
        max_bytes: the largest answer that is read.
        timeout_s: seconds without an answer after which an attempt fails.
        max_age: how long a result may be served again; left out: not at all.
        sha256: the digest the bytes must have; with it a result is served for ever.

    Raises:
        UsageError: as for `http.get`, or the answer is no JSON.
        SurroundingsError: as for `http.get`.

    Example:
        ```yaml
        release:
          player: http.get_json
          with: {url: "https://example.org/latest.json", max_age: 10m}
        ```
    """
    sent = _headers(headers, token, "application/json")
    body = b"".join(fetch(url, headers=sent, timeout_s=timeout_s, max_bytes=max_bytes, sha256=sha256))
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{url.partition('?')[0]} gave no JSON: {error}") from error


@operator(version="1.0.0", tags=("http", "web", "files", "download"), fingerprint=freshness, retry=_RETRY)
def download(
    url: str,
    ctx: Context,
    name: str = "",
    headers: dict[str, str] | None = None,
    token: str = "",
    max_bytes: int = 2_000_000_000,
    timeout_s: float = 60.0,
    max_age: datetime.timedelta | None = None,
    sha256: str = "",
) -> Path:
    """Download a file from the web, piece by piece. Tried three times where that can help.

    Args:
        url: the address, http or https. At most five redirects are followed.
        name: the name of the file; empty: the last part of the address.
        headers: headers to send.
        token: sent as `Authorization: Bearer …`, and only to this host; give it a secret.
        max_bytes: the largest file that is kept.
        timeout_s: seconds without an answer after which an attempt fails.
        max_age: how long a result may be served again; left out: not at all.
        sha256: the digest the file must have; with it a result is served for ever.

    Raises:
        UsageError: as for `http.get`.
        SurroundingsError: as for `http.get`.

    Example:
        ```yaml
        data:
          player: http.download
          with:
            url: https://example.org/data.zip
            sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
        ```
    """
    last = PurePosixPath(unquote(urlsplit(url).path)).name
    target = ctx.workdir / plain_name(name or last or "download")
    with target.open("wb") as out:
        for piece in fetch(
            url, headers=_headers(headers, token), timeout_s=timeout_s, max_bytes=max_bytes, sha256=sha256
        ):
            out.write(piece)
    return target
