"""Players that build pages: every value of a stranger is escaped, every page stands alone."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest

from symphony.players import csv, html

EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'&"
ROWS: list[dict[str, Any]] = [{EVIL: EVIL, "n": i, "list": [EVIL], "map": {EVIL: 1}, "none": None} for i in range(12)]


def test_report_shows_rows_and_escapes_them(check_page: Any) -> None:
    page = check_page(html.report(ROWS, title=EVIL, note=EVIL))

    assert page.text.count("alert(1)") >= 12
    assert len(page.named("tr")) == 13
    assert "66" in page.text


def test_report_of_chosen_columns(read_page: Any) -> None:
    page = read_page(html.report([{"a": 1, "b": 2}], columns=["b"]))

    assert len(page.named("th")) == 1
    with pytest.raises(LookupError, match="no column 'c'"):
        html.report([{"a": 1}], columns=["c"])


def test_report_of_nothing_says_so(check_page: Any) -> None:
    assert "Nothing to show." in check_page(html.report([])).text


def test_policy_allows_only_the_script_of_the_page(read_page: Any) -> None:
    source = html.report(ROWS)
    script = re.search(r"<script>(.*?)</script>", source, re.S)
    policy = read_page(source).named("meta")[1]["content"]

    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert policy is not None
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_table_is_cut_at_its_limit_and_says_so(read_page: Any) -> None:
    source = html.table([{"n": i} for i in range(30)], limit=10, caption=EVIL)

    assert len(read_page(source).named("tr")) == 11
    assert "20 more rows" in source
    assert "<script>" not in source


def test_page_puts_pieces_together(check_page: Any) -> None:
    source = html.page([html.table([{"a": 1}]), html.markdown("# Hi"), html.escape(EVIL)], title=EVIL, subtitle=EVIL)

    page = check_page(source)
    assert len(page.named("section")) == 3


def test_profile_page_escapes_names_and_values(check_page: Any) -> None:
    rows = [
        {EVIL: EVIL if i % 2 else "x", "n": i % 5, "f": i / 7, "gone": None, "d": "2024-01-01", "b": i % 2 == 0}
        for i in range(30)
    ]

    page = check_page(html.profile(csv.profile(rows), title=EVIL))

    assert "30" in page.text
    assert len(page.named("svg")) == 5


def test_profile_of_an_empty_table_is_a_page(check_page: Any) -> None:
    assert "0" in check_page(html.profile(csv.profile([]))).text


def test_text_is_taken_out_of_a_page() -> None:
    source = (
        "<title>t</title><style>s</style><h1>Head</h1><p>One <b>two</b> &amp; three<script>no()</script></p>"
        "<table><tr><td>a<td>b</table>"
    )

    assert html.to_text(source) == "Head\nOne two & three\na b"
    assert html.to_text("") == ""


MARKDOWN = [
    ("# One #", "<h1>One</h1>"),
    ("a\nb\n\nc", "<p>a\nb</p>\n<p>c</p>"),
    ("**b** *i* `c<d` ~~x~~ a_b_c", "<p><strong>b</strong> <em>i</em> <code>c&lt;d</code> <del>x</del> a_b_c</p>"),
    ("- a\n- b\n  - c", "<ul><li>a</li><li>b\n<ul><li>c</li></ul></li></ul>"),
    ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
    ("> q\n> r", "<blockquote><p>q\nr</p></blockquote>"),
    ("```py\n<a>\n```", "<pre><code>&lt;a&gt;</code></pre>"),
    ("---", "<hr>"),
    (
        "| a | b |\n|---|--:|\n| 1 | 2 |",
        "<table><thead><tr><th>a</th><th class=n>b</th></tr></thead>"
        "<tbody><tr><td>1</td><td class=n>2</td></tr></tbody></table>",
    ),
    ("[x](https://e.org/a_b_(c))", '<p><a href="https://e.org/a_b_(c)" rel="noopener noreferrer">x</a></p>'),
    (
        "see https://e.org/x_y.",
        '<p>see <a href="https://e.org/x_y" rel="noopener noreferrer">https://e.org/x_y</a>.</p>',
    ),
    (r"\*no\*", "<p>*no*</p>"),
    ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
]


@pytest.mark.parametrize(("text", "wanted"), MARKDOWN, ids=[t[:12] for t, _ in MARKDOWN])
def test_markdown_becomes_html(text: str, wanted: str) -> None:
    assert html.markdown(text) == wanted


ATTACKS = [
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html,x)",
    "[x](vbscript:x)",
    '[x](https://e.org/"onmouseover="alert(1))',
    "![x](https://e.org/track.png)",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    '![" onerror="alert(1)](data:image/png;base64,AAAA)',
    "<img src=x onerror=alert(1)>",
    "`<script>`",
    "[<script>](#a)",
    "# <script>x</script>",
    "| <script> |\n|---|\n| <script> |",
    "\x000\x00",
    "[`a`](x)`<b>`",
    "```\n</code></pre><script>x</script>",
    'https://e.org/"onmouseover=alert(1)',
    "[x]( \x01javascript:alert(1))",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_markdown_of_a_stranger_cannot_act(read_page: Any, text: str) -> None:
    page = read_page(html.markdown(text))

    assert [d for d in page.dangers() if "http" not in d] == []
    assert page.named("script") == []
    assert not any((a.get("src") or "data:image").startswith("http") for a in page.named("img"))


def test_deep_and_long_markdown_is_read_in_time(read_page: Any) -> None:
    for text in (
        ">" * 5000 + "x",
        "- " * 2000 + "x",
        "[" * 5000,
        "*" * 5000,
        "`" * 4999,
        "![](" * 2000,
        "_a" * 3000,
        "<" * 9000,
    ):
        assert read_page(html.markdown(text)).named("script") == []
