"""The health report of a repository as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from symphony.players.page import charts
from symphony.players.page.charts import Point
from symphony.players.page.document import chart, document, section, tile
from symphony.players.page.tables import Column, meter, table
from symphony.players.page.wording import day, number, percent, short, size, span

Row = Mapping[str, Any]
Rows = Sequence[Row]
_SIGNS = {"look": "⚠", "note": "•", "good": "✓"}
_MOST_WEEKS = 170  # beyond, bars would be thinner than a pixel on small screens: months are drawn
_MOST_FILES = 1500
_MOST_POINTS = 600


def repository_page(health: Mapping[str, Any], title: str = "") -> str:
    """Build the page from what `code.health` gave. Everything in it is escaped."""
    about, history = health["repository"], health["history"]
    sections = [
        ("summary", "Summary", _summary(health)),
        ("hot-spots", "Hot spots", _hot_spots(health["hot_spots"], health["files"])),
        ("activity", "Activity", _activity(health["weeks"], history)),
        ("people", "People", _people(health["authors"], history)),
        ("languages", "Languages", _languages(health["languages"])),
        ("functions", "Functions", _functions(health)),
        ("age", "Age", _ages(health["ages"], about)),
        ("marks", "Open ends", _marks(health["marks"])),
        ("files", "Files", _files(health["files"])),
    ]
    return document(
        title or about["name"],
        "\n".join(html for _, _, html in sections),
        subtitle=_subtitle(about),
        lead=f'<div class="tiles">{_tiles(health)}</div>',
        links=[(anchor, name) for anchor, name, _ in sections],
        footer=_footer(history),
    )


def _subtitle(about: Row) -> str:
    if not about["commit"]:
        return "A repository without commits"
    branch = f"{about['branch']} at " if about["branch"] else ""
    changed = f" · {about['changed']:,} uncommitted changes" if about["changed"] else ""
    return f"{branch}{about['commit'][:10]} · {day(about['committed'])} · {about['subject'][:120]}{changed}"


def _footer(history: Row) -> str:
    whole = "the whole history" if history["whole"] else f"the history from {day(history['from'])} on"
    return (
        f"Made by Symphony's melody repo_report from the files in the work tree and {whole} "
        f"({history['commits']:,} commits). Complexity is the number of decisions: exact for Python, estimated from "
        "keywords for other languages. Generated files and code of others (vendor, third_party, …) count in Files and "
        "Languages only. Ages are seen from the newest commit."
    )


def _tiles(health: Mapping[str, Any]) -> str:
    about, totals = health["repository"], health["totals"]
    tiles = [
        (number(totals["files"]), f"files, {size(totals['bytes'])}"),
        (short(totals["code"]), f"lines of code in {totals['code_files']:,} files"),
        (number(about["commits"]), "commits"),
        (number(len(health["authors"])), "people"),
        (span(about["first"], about["committed"]), "of history"),
        (percent(totals["test_share"]), "of the code is tests"),
        (percent(totals["comment_share"]), "comments and docstrings"),
        (number(totals["marks"]), "open ends (TODO, …)"),
    ]
    return "".join(tile(value, name) for value, name in tiles)


def _summary(health: Mapping[str, Any]) -> str:
    items = "".join(
        f'<li class="{escape(f["level"])}"><a href="#{escape(f["section"])}">'
        f"<b>{_SIGNS.get(f['level'], '•')} {escape(f['title'])}.</b> {escape(f['text'])}</a></li>"
        for f in health["findings"]
    )
    return section(
        "summary",
        "What to know first",
        f'<ul class="findings">{items}</ul>' if items else '<p class="none">Too little to say anything yet.</p>',
    )


def path_html(path: str) -> str:
    """A path whose folders are paler than its name."""
    folder, slash, name = path.rpartition("/")
    breakable = escape(folder + slash).replace("/", "/<wbr>")
    return f'<span class="path"><i>{breakable}</i>{escape(name)}</span>'


def _path(row: Row) -> str:
    tags = [t for t in ("test", "generated", "foreign") if row.get(t)]
    return path_html(row["path"]) + "".join(f'<span class="tag">{t}</span>' for t in tags)


def _place(row: Row) -> str:
    return f'{path_html(row["path"])}<span class="path"><i>:{row["line"]}</i></span>'


def _day(key: str) -> Column:
    return Column(
        key,
        {"last": "last change", "first": "first commit"}.get(key, key),
        lambda r: escape(day(r[key])),
        right=True,
        by=lambda r: r[key][:10].replace("-", ""),
    )


def _hot_spots(spots: Rows, files: Rows) -> str:
    if not spots:
        return section(
            "hot-spots", "Hot spots", '<p class="none">No code was changed in the history that was read.</p>'
        )
    points = [
        Point(s["commits"], s["complexity"], s["path"], (s["score"] / 100) ** 0.5, 7 if s["test"] else 4) for s in spots
    ]
    named = {s["path"] for s in spots}
    others = [
        f
        for f in files
        if f["complexity"] and f["commits"] and f["path"] not in named and not f["generated"] and not f["foreign"]
    ]
    others.sort(key=lambda f: -f["complexity"] * f["commits"])
    points += [
        Point(f["commits"], f["complexity"], f["path"], 0.0, 7 if f["test"] else 1) for f in others[:_MOST_POINTS]
    ]
    drawing = charts.scatter(
        points, title="Complexity and number of commits of each file", x_name="commits", y_name="complexity"
    )
    columns = [
        Column("path", "file", _path),
        Column("score", "score", lambda r: meter(r["score"] / 100, f"{r['score']:.0f}", 4), right=True),
        Column("complexity", "complexity", right=True),
        Column("commits", "commits", right=True),
        Column("changed", "lines changed", right=True),
        Column("authors", "people", right=True),
        Column(
            "main_author",
            "mostly by",
            lambda r: f'{escape(r["main_author"])} <span class="sub">{percent(r["main_share"])}</span>',
        ),
        _day("last"),
    ]
    note = (
        "Code that is both involved and often changed: most bugs and most slow reviews start here. The score is "
        "complexity times commits, 100 for the hottest file. In the chart the hot spots are red, tests grey, all other "
        "code blue."
    )
    return section(
        "hot-spots", "Hot spots", chart(drawing) + table(spots, columns, caption="Hot spots", shown=20), note=note
    )


def _activity(weeks: Rows, history: Row) -> str:
    if not weeks:
        return section("activity", "Activity", '<p class="none">There are no commits yet.</p>')
    if len(weeks) <= _MOST_WEEKS:
        labels = [f"week of {day(w['week'])}" for w in weeks]
        starts, values, people = (
            [w["week"] for w in weeks],
            [w["commits"] for w in weeks],
            [w["authors"] for w in weeks],
        )
        unit = "week"
    else:
        starts, values, people = _months(weeks)
        labels, unit = [_month(s) for s in starts], "month"
    shown = _axis_dates(starts)
    commits = charts.bars(labels, values, title=f"Commits per {unit}", unit="commits", shown=shown)
    people_chart = charts.bars(
        labels, people, title=f"People per {unit}", unit="people", shown=shown, hue=2, height=150
    )
    busiest = max(range(len(values)), key=lambda i: values[i])
    most = f"Most in one {unit}: {values[busiest]:,} ({labels[busiest].removeprefix('week of ')})."
    note = f"Commits per {unit}, from {day(history['from'])} to {day(history['to'])}. {most}"
    head = "Most people active in one week, by month" if unit == "month" else "People per week"
    return section("activity", "Activity", f"{chart(commits)}<h3>{head}</h3>{chart(people_chart)}", note=note)


def _months(weeks: Rows) -> tuple[list[str], list[int], list[int]]:
    """Weeks as months; the people of a month are those of its busiest week, since a person counts once a week."""
    commits: dict[str, int] = {}
    people: dict[str, int] = {}
    for week in weeks:
        month = week["week"][:7]
        commits[month] = commits.get(month, 0) + week["commits"]
        people[month] = max(people.get(month, 0), week["authors"])
    return [f"{m}-01" for m in commits], list(commits.values()), list(people.values())


def _month(start: str) -> str:
    return day(start).partition(" ")[2]


def _axis_dates(starts: Sequence[str]) -> list[str]:
    """Years where there are several, else months, each at its first bar."""
    years = [s[:4] for s in starts]
    if len(set(years)) > 2:
        return charts.thinned_groups(years, 16)
    return charts.thinned_groups([_month(s) for s in starts], 14)


def _people(authors: Rows, history: Row) -> str:
    if not authors:
        return section("people", "People", '<p class="none">There are no commits yet.</p>')
    first = authors[:12]
    drawing = charts.rows(
        [a["author"] for a in first],
        [a["commits"] for a in first],
        title="Commits per author",
        unit="commits",
        width=1060,
        notes=[f"{a['commits']:,} · {percent(a['share'])}" for a in first],
    )
    columns = [
        Column("author", "author"),
        Column("commits", "commits", right=True),
        Column("share", "share", lambda r: meter(r["share"], percent(r["share"])), right=True),
        Column("added", "lines added", right=True),
        Column("deleted", "lines deleted", right=True),
        Column("files", "files touched", right=True),
        _day("first"),
        _day("last"),
    ]
    note = "Who made the commits. A person under several names counts as several, unless the .mailmap unites them."
    return section(
        "people", "People", chart(drawing) + table(authors, columns, caption="Authors", shown=10, most=500), note=note
    )


def _languages(languages: Rows) -> str:
    code = [x for x in languages if x["kind"] in ("code", "markup", "style") and x["code"]]
    first, rest = code[:7], code[7:]
    labels, values = [x["language"] for x in first], [x["code"] for x in first]
    if rest:
        labels, values = [*labels, "others"], [*values, sum(x["code"] for x in rest)]
    drawing = chart(charts.shares(labels, values, title="Lines of code per language")) if values else ""
    columns = [
        Column("language", "language"),
        Column("kind", "kind"),
        Column("files", "files", right=True),
        Column("code", "code", right=True),
        Column("comments", "comments", right=True),
        Column("blank", "blank", right=True),
        Column("bytes", "size", lambda r: size(r["bytes"]), right=True),
        Column(
            "comments",
            "comment share",
            lambda r: percent(r["comments"] / max(1, r["code"] + r["comments"])),
            right=True,
            by=lambda r: r["comments"] / max(1, r["code"] + r["comments"]),
        ),
    ]
    return section(
        "languages",
        "Languages",
        drawing + table(languages, columns, caption="Languages", shown=12),
        note="Shares of the lines of code; data and prose are in the table.",
    )


def _functions(health: Mapping[str, Any]) -> str:
    total = health["totals"]["functions"]
    if not total:
        return section(
            "functions",
            "Functions",
            '<p class="none">Functions are read from the syntax tree of Python files; there are none here.</p>',
        )

    def columns(key: str, most: int, hue: int) -> list[Column]:
        measured = Column(key, key, lambda r: meter(r[key] / most, number(r[key]), hue), right=True)
        other = "lines" if key == "complexity" else "complexity"
        return [
            Column(
                "function",
                "function",
                lambda r: f'<span class="path">{escape(r["function"]).replace(".", ".<wbr>")}</span>',
            ),
            Column("path", "where", _place),
            measured,
            Column(other, other, right=True),
            Column("parameters", "parameters", right=True),
        ]

    parts = []
    for key, name, title in (
        ("complexity", "complex_functions", "Most involved"),
        ("lines", "long_functions", "Longest"),
    ):
        found = health[name]
        most = max((f[key] for f in found), default=1)
        parts.append(
            f"<h3>{title}</h3>"
            + (
                table(found, columns(key, most, 5 if key == "lines" else 3), caption=title, shown=10)
                if found
                else '<p class="none">None beyond the limit.</p>'
            )
        )
    note = f"The functions of {total:,} (tests left out) that are hardest to read and to test."
    return section("functions", "Functions", "".join(parts), note=note)


def _ages(ages: Rows, about: Row) -> str:
    if not any(a["files"] for a in ages) or not about["commit"]:
        return section("age", "Age", '<p class="none">There is no history yet.</p>')

    def drawing(key: str, title: str, hue: int) -> str:
        return charts.rows(
            [a["age"] for a in ages], [a[key] for a in ages], title=title, unit=key, hues=[hue] * len(ages)
        )

    files = chart(drawing("files", "Files of code by age", 6), wide=False)
    lines = chart(drawing("code", "Lines of code by age", 2), wide=False)
    both = f'<div class="two"><div><h3>Files</h3>{files}</div><div><h3>Lines</h3>{lines}</div></div>'
    return section(
        "age",
        "Age",
        both,
        note=f"How long before the newest commit ({day(about['committed'])}) the files of code were last changed.",
    )


def _marks(marks: Rows) -> str:
    columns = [
        Column(
            "tag",
            "mark",
            lambda r: (
                f'<span class="tag{"" if r["tag"] == "TODO" else " hot"}" style="margin:0">{escape(r["tag"])}</span>'
            ),
        ),
        Column("text", "text"),
        Column("path", "where", _place),
    ]
    if not marks:
        return section("marks", "Open ends", '<p class="none">No comment holds a TODO, FIXME, XXX or HACK.</p>')
    return section(
        "marks",
        "Open ends",
        table(marks, columns, caption="Open ends", shown=12, most=1000),
        note="What comments say is still to be done.",
    )


def _files(files: Rows) -> str:
    ordered = sorted(files, key=lambda f: (-f["code"], f["path"]))
    columns = [
        Column(
            "path",
            "file",
            lambda r: _path(r) + (f'<br><span class="sub">{escape(r["problem"])}</span>' if r["problem"] else ""),
        ),
        Column("language", "language"),
        Column("code", "code", right=True),
        Column("comments", "comments", right=True),
        Column("complexity", "complexity", lambda r: number(r["complexity"]) if r["complexity"] else "", right=True),
        Column("bytes", "size", lambda r: size(r["bytes"]), right=True),
        Column("commits", "commits", right=True),
        _day("last"),
    ]
    return section(
        "files",
        "Files",
        table(ordered, columns, caption="Files", shown=15, most=_MOST_FILES),
        note="Every tracked file, the most code first. Click a heading to sort.",
    )
