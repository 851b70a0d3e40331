"""Fetching, against a server on this machine."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from symphony.errors import SurroundingsError, UsageError
from symphony.players import http

BODY = "grün\n".encode()


class Handler(BaseHTTPRequestHandler):
    """Answers by path, and notes the headers it was sent."""

    seen: list[tuple[str, dict[str, str]]] = []

    def do_GET(self) -> None:
        self.seen.append((self.path, dict(self.headers)))
        base, _, rest = self.path[1:].partition("/")
        if base == "redirect":
            left = int(rest.partition("?")[0] or 1)
            self.reply(302, b"", Location=f"/redirect/{left - 1}" if left > 1 else "/data")
        elif base == "away":
            self.reply(302, b"", Location=f"http://localhost:{self.server.server_port}/data")  # type: ignore[attr-defined]
        elif base == "scheme":
            self.reply(302, b"", Location="file:///etc/passwd")
        elif base == "status":
            self.reply(int(rest.partition("?")[0]), b"no")
        elif base == "json":
            self.reply(200, b'{"a": [1, 2]}')
        elif base == "endless":
            self.send_response(200)
            self.end_headers()
            for _ in range(200):
                self.wfile.write(b"x" * 10_000)
        elif base == "short":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"x" * 10)
        elif base == "silent":
            threading.Event().wait(2)
        else:
            self.reply(200, BODY)

    def reply(self, code: int, body: bytes, **headers: str) -> None:
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class Quiet(ThreadingHTTPServer):
    """A server that does not print when a client goes away."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients of these tests go away on purpose."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "*")
    with Quiet(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        Handler.seen.clear()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_bytes_text_json_and_files(server: str, ctx: Any) -> None:
    assert http.get(f"{server}/data") == BODY
    assert http.get_text(f"{server}/data") == "grün\n"
    assert http.get_json(f"{server}/json") == {"a": [1, 2]}
    assert http.download(f"{server}/files/my%20data.txt?x=1", ctx).name == "my data.txt"


def test_headers_and_token_are_sent(server: str) -> None:
    http.get(f"{server}/data", headers={"X-Own": "1"}, token="s3cret")

    headers = Handler.seen[0][1]
    assert (headers["X-Own"], headers["Authorization"]) == ("1", "Bearer s3cret")
    with pytest.raises(UsageError, match="'X' holds a line end"):
        http.get(f"{server}/data", headers={"X": "a\r\nHost: b"})


def test_redirects_are_followed_a_few_times(server: str) -> None:
    assert http.get(f"{server}/redirect/3") == BODY
    with pytest.raises((UsageError, SurroundingsError), match="redirect"):
        http.get(f"{server}/redirect/9")


def test_token_stays_with_its_host(server: str) -> None:
    http.get(f"{server}/away", token="s3cret", headers={"Cookie": "c"})

    (_, first), (_, second) = Handler.seen
    assert "Authorization" in first
    assert not {"authorization", "cookie"} & {n.lower() for n in second}


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "ftp://e.org/x",
        "data:text/plain,x",
        "e.org",
        "http://",
        "http://e.org/a b",
        "http://e.org:x/",
        "http://e.org/\r\nX: y",
    ],
)
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(UsageError, match="cannot be fetched"):
        http.get(address)


def test_redirect_to_another_scheme_is_refused(server: str) -> None:
    with pytest.raises(UsageError, match="file:/"):
        http.get(f"{server}/scheme")


@pytest.mark.parametrize(
    ("path", "code"), [("data", "has 6 bytes, more than max_bytes=5"), ("endless", "more than max_bytes=5")]
)
def test_too_large_an_answer_is_refused(server: str, path: str, code: str) -> None:
    with pytest.raises(UsageError, match=code):
        http.get(f"{server}/{path}", max_bytes=5)


@pytest.mark.parametrize(
    ("status", "error"), [(404, UsageError), (403, UsageError), (503, SurroundingsError), (429, SurroundingsError)]
)
def test_only_passing_troubles_are_tried_again(server: str, status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"/status/{status} answered {status}"):
        http.get(f"{server}/status/{status}?key=s3cret")
    retry = http.get.signature.retry
    assert retry is not None
    assert (retry.attempts, retry.on) == (3, ("SurroundingsError",))


def test_messages_hold_no_query_and_no_password(server: str) -> None:
    for address in (server + "/status/404?key=s3cret", server.replace("//", "//ada:s3cret@")):
        with pytest.raises(UsageError) as caught:
            http.get(address)
        assert "s3cret" not in str(caught.value)


def test_broken_and_silent_connections_can_be_tried_again(server: str) -> None:
    with pytest.raises(SurroundingsError, match=r"broke off after 10 of 100 bytes|IncompleteRead"):
        http.get(f"{server}/short")
    with pytest.raises(SurroundingsError, match="could not be fetched"):
        http.get(f"{server}/silent", timeout_s=0.3)
    with pytest.raises(SurroundingsError, match="could not be fetched"):
        http.get("http://127.0.0.1:9/", timeout_s=2)


def test_digest_is_checked(server: str, ctx: Any) -> None:
    digest = hashlib.sha256(BODY).hexdigest()

    assert http.get(f"{server}/data", sha256=digest.upper()) == BODY
    with pytest.raises(UsageError, match=f"has the SHA-256 {digest}"):
        http.download(f"{server}/data", ctx, sha256="0" * 64)


def test_answer_of_the_wrong_kind_is_named(server: str) -> None:
    with pytest.raises(UsageError, match="gave no JSON"):
        http.get_json(f"{server}/data")


def test_result_is_served_again_only_where_the_melody_says_how() -> None:
    """Semantics 2: http.get is uncached unless given max_age or sha256."""
    f = http.get.options["fingerprint"]

    assert f(url="http://e.org") != f(url="http://e.org")
    assert f(url="http://e.org", sha256="ab") == f(url="http://e.org", sha256="cd") == "pinned"
    day = timedelta(days=36_500)
    assert f(url="http://e.org", max_age=day) == f(url="http://e.org", max_age=day)
    assert f(url="http://e.org", max_age=timedelta()) != f(url="http://e.org", max_age=timedelta())
