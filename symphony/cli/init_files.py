"""The files of a new project, as text."""

from __future__ import annotations

MELODY = """\
melody: first
version: 0.1.0
description: Greets, and counts the letters of the greeting
params:
  name: {type: string, default: World, description: Who is greeted}
tasks:
  greeting:
    player: players:greet
    with:
      name: ${{ params.name }}
  letters:
    player: players:count_letters
    with:
      text: ${{ tasks.greeting }}
outputs:
  greeting: ${{ tasks.greeting }}
  letters: ${{ tasks.letters }}
"""

PLAYERS = '''\
"""The players of this project: plain functions with types, which melodies call as tasks."""

from symphony import operator


@operator
def greet(name: str) -> str:
    """Greet someone."""
    return f"Hello, {name}!"


@operator
def count_letters(text: str) -> int:
    """Count the letters of a text."""
    return sum(character.isalpha() for character in text)
'''

TEST = '''\
"""The melody as a whole, and a player alone."""

from players import count_letters


def test_the_melody_greets_by_name(run_melody):
    result = run_melody("first", {"name": "Ada"})

    result.assert_outputs(greeting="Hello, Ada!", letters=8)


def test_letters_are_counted_whatever_the_greeting(run_melody):
    result = run_melody("first", stubs={"players:greet": lambda name: f"Hi {name}"})

    assert result.outputs["letters"] == 7
    result.stubs["players:greet"].assert_called_with(name="World")


def test_a_player_is_a_plain_function():
    assert count_letters("a b, c!") == 3
'''

CASES = """\
# Tests without Python: symphony test runs them, and pytest too.
melody: first
cases:
  - name: it greets by name
    params: {name: Ada}
    expect:
      outputs:
        greeting: Hello, Ada!
        letters: 8
  - name: it counts the letters of any greeting
    stubs:
      players:greet: {returns: Good evening!}
    expect:
      outputs:
        greeting: {matches: evening}
        letters: 11
      calls:
        players:greet: 1
"""

PROJECT = """\
[project]
name = "{name}"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["symphony"]

[project.optional-dependencies]
test = ["pytest"]

[tool.symphony]

[tool.pytest.ini_options]
pythonpath = ["."]
testpaths = ["tests"]
"""

WORKFLOW = """\
name: symphony
on: [push, pull_request]
permissions:
  contents: read
jobs:
  melodies:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      - run: pip install symphony pytest
      - run: symphony check --format github melodies
      - run: symphony run first --junit report/symphony.xml
      - run: pytest
      - name: What this change means for the plan
        if: github.event_name == 'pull_request'
        run: |
          git fetch --depth=1 origin "$GITHUB_BASE_REF"
          symphony diff --format markdown FETCH_HEAD:melodies/first.yaml melodies/first.yaml >> "$GITHUB_STEP_SUMMARY" || [ $? -eq 3 ]
"""

GITLAB = """\
melodies:
  image: python:3.11
  script:
    - pip install symphony pytest
    - symphony check melodies
    - symphony run first --junit report/symphony.xml
    - pytest --junitxml report/pytest.xml
  artifacts:
    when: always
    reports:
      junit: report/*.xml
  cache:
    key: symphony
    paths:
      - .symphony/
"""

IGNORED = """\
.symphony/
report/
__pycache__/
.venv/
.pytest_cache/
"""


def files_for(name: str) -> dict[str, str]:
    """The files of a project with the given name, by path."""
    return {
        "melodies/first.yaml": MELODY,
        "players.py": PLAYERS,
        "tests/first.test.yaml": CASES,
        "tests/test_first.py": TEST,
        "pyproject.toml": PROJECT.replace("{name}", name),
        ".github/workflows/symphony.yml": WORKFLOW,
        ".gitlab-ci.yml": GITLAB,
        ".gitignore": IGNORED,
    }
