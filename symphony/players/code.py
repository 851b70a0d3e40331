"""Players that measure source code and say where it needs care."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from symphony.define.annotations import ByName, Json, Table
from symphony.define.player import operator
from symphony.players.git import Repository
from symphony.players.source.health import COMPLEX, LONG, health_of
from symphony.players.source.inventory import (
    ages_of,
    functions_of,
    hot_spots_of,
    languages_of,
    marks_of,
    take_inventory,
)
from symphony.players.source.measuring import FileStats, measure_file

Name = Annotated[Path, ByName]


def _nothing(**_: Any) -> None:
    """The fingerprint of a player that uses paths as names and opens none of them."""


@operator(version="1.0.0", tags=("code", "files", "metrics", "complexity", "lines"))
def measure(file: Path, max_bytes: int = 2_000_000) -> FileStats:
    """Measure a source file: language, lines of code, comments, complexity, functions, TODO marks.

    Never fails for what is in a file: binary, huge, oddly encoded and broken files are measured as far as that goes,
    and `problem` says why not further. Nothing in the file is run.

    Args:
        file: the file.
        max_bytes: larger files are only weighed.

    Returns:
        `name language kind bytes lines code comments blank complexity exact functions marks longest_line generated
        encoding problem`. Python's complexity is exact (cyclomatic, from the syntax tree); that of other languages is
        an estimate from their keywords.

    Example:
        ```yaml
        stats:
          player: code.measure
          each: ${{ tasks.files }}
          with:
            file: ${{ item }}
        ```
    """
    return measure_file(file, max_bytes=max_bytes)


@operator(version="1.0.0", tags=("code", "files", "metrics", "table"), fingerprint=_nothing)
def inventory(files: list[Name], stats: list[FileStats], root: Name) -> Table:
    """Put measured files into one table, each with its path.

    Args:
        files: the files, in the order of `stats`.
        stats: what `code.measure` gave for each.
        root: the folder that paths start at.

    Raises:
        ValueError: there are not as many measurements as files.

    Returns:
        The rows of `code.measure` with `path` in front, and `test` and `foreign` (code of others, such as `vendor/`).

    Example:
        ```yaml
        inventory:
          player: code.inventory
          with:
            files: ${{ tasks.files }}
            stats: ${{ tasks.stats }}
            root: ${{ params.repo }}
        ```
    """
    return take_inventory(files, stats, root)


@operator(version="1.0.0", tags=("code", "languages", "statistics"))
def languages(inventory: Table) -> Table:
    """Add up files and lines per language.

    Args:
        inventory: what `code.inventory` gave.

    Returns:
        Rows with `language kind files bytes lines code comments blank complexity`, the most code first.

    Example:
        ```yaml
        languages:
          player: code.languages
          with:
            inventory: ${{ tasks.inventory }}
        ```
    """
    return languages_of(inventory)


@operator(version="1.0.0", tags=("code", "git", "hot spots", "complexity", "churn"))
def hot_spots(inventory: Table, churn: Table, top: int = 20) -> Table:
    """Find the code that is both involved and often changed: where simplifying pays back most.

    Args:
        inventory: what `code.inventory` gave.
        churn: what `git.churn` gave.
        top: the most rows; 0: all.

    Returns:
        Rows with `path language complexity code commits changed authors main_author main_share last test score`; the
        score is complexity times commits, 100 for the hottest. Generated code and code of others is left out.

    Example:
        ```yaml
        hot_spots:
          player: code.hot_spots
          with:
            inventory: ${{ tasks.inventory }}
            churn: ${{ tasks.churn }}
        ```
    """
    return hot_spots_of(inventory, churn, top=top)


@operator(version="1.0.0", tags=("code", "functions", "complexity"))
def complex_functions(inventory: Table, over: int = COMPLEX, top: int = 20, tests: bool = False) -> Table:
    """Find the functions with the highest cyclomatic complexity.

    Args:
        inventory: what `code.inventory` gave.
        over: leave out functions up to this complexity.
        top: the most rows; 0: all.
        tests: whether functions of tests are listed too.

    Returns:
        Rows with `path function line lines complexity parameters test`, the most involved first.

    Example:
        ```yaml
        involved:
          player: code.complex_functions
          with:
            inventory: ${{ tasks.inventory }}
        ```
    """
    return functions_of(inventory, by="complexity", over=over, top=top, tests=tests)


@operator(version="1.0.0", tags=("code", "functions", "length"))
def long_functions(inventory: Table, over: int = LONG, top: int = 20, tests: bool = False) -> Table:
    """Find the longest functions.

    Args:
        inventory: what `code.inventory` gave.
        over: leave out functions up to this many lines.
        top: the most rows; 0: all.
        tests: whether functions of tests are listed too.

    Returns:
        Rows with `path function line lines complexity parameters test`, the longest first.

    Example:
        ```yaml
        long:
          player: code.long_functions
          with:
            inventory: ${{ tasks.inventory }}
            over: 100
        ```
    """
    return functions_of(inventory, by="lines", over=over, top=top, tests=tests)


@operator(version="1.0.0", tags=("code", "todo", "fixme", "comments"))
def marks(inventory: Table) -> Table:
    """List every TODO, FIXME, XXX and HACK that stands in a comment.

    Args:
        inventory: what `code.inventory` gave.

    Returns:
        Rows with `path line tag text`, in the order of the files.

    Example:
        ```yaml
        todo:
          player: code.marks
          with:
            inventory: ${{ tasks.inventory }}
        ```
    """
    return marks_of(inventory)


@operator(version="1.0.0", tags=("code", "git", "age", "statistics"))
def ages(inventory: Table, churn: Table, about: Repository) -> Table:
    """Count files and lines of code by the time since their last change, seen from the newest commit.

    Args:
        inventory: what `code.inventory` gave.
        churn: what `git.churn` gave.
        about: what `git.describe` gave.

    Returns:
        Rows with `age files code`, the youngest first.

    Example:
        ```yaml
        ages:
          player: code.ages
          with:
            inventory: ${{ tasks.inventory }}
            churn: ${{ tasks.churn }}
            about: ${{ tasks.about }}
        ```
    """
    return ages_of(inventory, churn, now=about["committed"])


@operator(version="1.0.0", tags=("code", "git", "report", "health", "json"))
def health(
    about: Repository,
    inventory: Table,
    history: Table,
    churn: Table,
    authors: Table,
    weeks: Table,
    hot_spots: Table,
    languages: Table,
    complex_functions: Table,
    long_functions: Table,
    marks: Table,
    ages: Table,
) -> Json:
    """Put everything known of a repository into one JSON document, with the findings to read first.

    Args:
        about: what `git.describe` gave.
        inventory: what `code.inventory` gave.
        history: what `git.history` gave.
        churn: what `git.churn` gave.
        authors: what `git.authors` gave.
        weeks: what `git.commits_per_week` gave.
        hot_spots: what `code.hot_spots` gave.
        languages: what `code.languages` gave.
        complex_functions: what `code.complex_functions` gave.
        long_functions: what `code.long_functions` gave.
        marks: what `code.marks` gave.
        ages: what `code.ages` gave.

    Returns:
        `format repository history totals findings languages hot_spots complex_functions long_functions marks weeks
        authors ages files`. A finding has `level` (look, note, good), `title`, `text` and `section`.

    Example:
        ```yaml
        data:
          player: code.health
          with:
            about: ${{ tasks.about }}
            inventory: ${{ tasks.inventory }}
            history: ${{ tasks.history }}
            churn: ${{ tasks.churn }}
            authors: ${{ tasks.authors }}
            weeks: ${{ tasks.weeks }}
            hot_spots: ${{ tasks.hot_spots }}
            languages: ${{ tasks.languages }}
            complex_functions: ${{ tasks.complex_functions }}
            long_functions: ${{ tasks.long_functions }}
            marks: ${{ tasks.marks }}
            ages: ${{ tasks.ages }}
        ```
    """
    return health_of(
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
