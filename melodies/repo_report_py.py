"""The melody `repo_report`, written in Python: the same tasks, the same plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from symphony import each, melody, param
from symphony.players import code, git, html


@melody(version="1.0.0")
def repo_report(
    repo: Path = param(Path("."), description="The repository, or a folder in it."),
    top: int = param(20, minimum=1, description="How many hot spots and functions are listed."),
    since: str = param(
        "", description="How far back the history is read - a date, or a span such as 2y; empty, all of it."
    ),
    limit: int = param(20000, minimum=0, description="The most commits that are read; 0, all."),
    title: str = param("", description="The heading; empty, the name of the repository."),
) -> dict[str, Any]:
    """Health report of a git repository, as one page that stands alone and as JSON."""
    about = git.describe(repo)
    files = git.list_files(repo)
    stats = code.measure(file=each(files))  # one call per file: only changed files are measured again
    inventory = code.inventory(files, stats, root=repo)

    history = git.history(repo, since=since, limit=limit)
    churn = git.churn(history)
    authors = git.authors(history)
    weeks = git.commits_per_week(history)

    languages = code.languages(inventory)
    hot_spots = code.hot_spots(inventory, churn, top=top)
    complex_functions = code.complex_functions(inventory, top=top)
    long_functions = code.long_functions(inventory, top=top)
    marks = code.marks(inventory)
    ages = code.ages(inventory, churn, about)

    data = code.health(
        about=about,
        inventory=inventory,
        history=history,
        churn=churn,
        authors=authors,
        weeks=weeks,
        hot_spots=hot_spots,
        languages=languages,
        complex_functions=complex_functions,
        long_functions=long_functions,
        marks=marks,
        ages=ages,
    )
    page = html.repository(data, title=title)
    return {"report": page, "data": data}
