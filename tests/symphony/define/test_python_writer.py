"""Writing melodies as Python: the text reads well, and traced it gives the same melody and the same plan."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symphony.compiler.compile import compile_melody
from symphony.define.player import Player
from symphony.define.python_writer import to_python
from symphony.define.tracing import MelodyFunction
from symphony.define.yaml_emit import emit
from symphony.define.yaml_reader import read_yaml
from symphony.define.yaml_splice import plain_data
from symphony.errors import MelodyError
from symphony.model.melody import Melody
from symphony.model.signature import FixedCatalog, Signature

REPORT = """\
melody: repo-report
version: 1.0.0
description: Health report of a git repository
params:
  repo: {type: path, default: "."}
  top: {type: integer, default: 20, minimum: 1, description: How many rows.}
  mode: {type: string}
  kinds: {type: "list[string]", default: [py, c]}
  page: {type: text/html}
env: [API_URL]
tasks:
  files:
    player: git.list_files
    with:
      repo: ${{ params.repo }}
  stats:
    player: code.measure
    each: ${{ tasks.files }}
    with:
      file: ${{ item }}
      label: ${{ item.name + "!" }}
    retry: {attempts: 3, delay: 2s}
    timeout: 5m
    resources: {cpus: 2, memory: 1GiB}
  html:
    player: html.report
    needs: [files]
    when: ${{ size(tasks.stats) > 0 }}
    with:
      rows: ${{ tasks.stats }}
      first: ["${{ tasks.stats[0].path }}", "${{ tasks.files }}"]
      token: ${{ secrets.TOKEN }}
      url: ${{ env.API_URL }}
    description: The page.
  lint:
    run: |
      cd "$repo"
      ruff check > out.txt
    with: {repo: "${{ params.repo }}"}
    outputs: {log: out.txt}
  pairs:
    player: steps:pair
    each: {product: {a: [1, 2], b: "${{ tasks.files }}"}}
    with: {a: "${{ item.a }}", b: "${{ item.b }}", title: x}
  names:
    player: steps:name
    each: ${{ tasks.files }}
    with: {name: "${{ item.name }}"}
  child:
    melody: ./other.yaml
    with: {top: "${{ params.top + 1 }}"}
outputs:
  report: ${{ tasks.html }}
  log: ${{ tasks.lint.log }}
"""

WRITTEN = '''\
from __future__ import annotations

from pathlib import Path
from typing import Any

from symphony import each, melody, param, product, secret
from symphony.define.tracing import call, env, expr, item, shell, submelody
from symphony.players import code, git
from symphony.players import html as html_

from steps import name, pair


@melody(name="repo-report", version="1.0.0", env=("API_URL",))
def repo_report(
    *,
    repo: Path = Path("."),
    top: int = param(20, description="How many rows.", minimum=1),
    mode: str,
    kinds: list[str] = param(["py", "c"]),
    page=param(type="text/html"),
) -> dict[str, Any]:
    """Health report of a git repository"""
    files = git.list_files(repo=repo)
    stats = code.measure(file=each(files), label=expr('item.name + "!"')).options(
        retry={"attempts": 3, "delay": "2s"},
        timeout="5m",
        cpus=2,
        memory="1GiB",
    )
    html = (
        html_.report(
            rows=stats,
            first=[stats[0].path, files],
            token=secret("TOKEN"),
            url=env("API_URL"),
        )
        .when(expr("size(tasks.stats) > 0"))
        .after(files)
        .described("The page.")
    )
    lint = shell(
        'cd "$repo"\\n'
        "ruff check > out.txt\\n",
        with_={"repo": repo},
        outputs={"log": "out.txt"},
    )
    pairs = pair(**product(a=[1, 2], b=files), title="x")
    names = call(name, with_={"name": item.name}, each=files)
    child = submelody("./other.yaml", top=expr("params.top + 1"))
    return {"report": html, "log": lint.log}
'''

STEPS = """
from typing import Any
from symphony.define.player import operator

@operator
def one(a: Any = None, b: Any = None, c: Any = None) -> Any: ...

@operator
def many(a: Any = None, item: Any = None, each: Any = None) -> list[Any]: ...

@operator
def text(a: Any = None, b: Any = None) -> str: ...
"""


def melody_of(text: str) -> Melody:
    draft = read_yaml(text, "m.yaml")
    assert draft.diagnostics == ()
    assert draft.melody is not None
    return draft.melody


def trace(text: str, folder: Path) -> Melody:
    """Run the text as a module and trace the one melody in it."""
    file = folder / f"traced_{abs(hash(text))}.py"
    file.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module  # annotations are resolved through it
    try:
        spec.loader.exec_module(module)
        (found,) = {id(v): v for v in vars(module).values() if isinstance(v, MelodyFunction)}.values()
        return found.trace()
    finally:
        del sys.modules[file.stem]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "steps.py").write_text(STEPS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "steps", raising=False)
    return tmp_path


def plan_hash(melody: Melody) -> str:
    import steps  # type: ignore[import-not-found]  # written by the fixture

    catalog = FixedCatalog(v.signature for v in vars(steps).values() if isinstance(v, Player))
    compilation = compile_melody(melody, catalog, lambda _: _Identity())
    assert compilation.plan is not None, [d.one_line() for d in compilation.diagnostics]
    return compilation.plan.hash


class _Identity:
    digest = "0" * 64
    imports: tuple[str, ...] = ()
    notes: tuple[Any, ...] = ()


def test_a_melody_is_written_as_people_write_it() -> None:
    assert to_python(melody_of(REPORT)) == WRITTEN


def test_the_catalog_tells_where_a_player_lives() -> None:
    melody = melody_of("melody: m\ntasks: {a: {player: files.list, with: {folder: x}}}")
    catalog = FixedCatalog([Signature("files.list", "symphony.players.files", "list_")])

    assert '    a = files.list_(folder="x")\n' in to_python(melody, catalog)
    assert '    a = call("files.list", with_={"folder": "x"})\n' in to_python(melody)


TASKS: dict[str, Any] = plain_data((Path(__file__).parent / "round_trips.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", TASKS)
def test_tasks_traced_again_give_the_same_melody_and_plan(name: str, folder: Path) -> None:
    melody = melody_of(emit({"melody": "m", "env": ["HOME"], "tasks": TASKS[name]}))
    text = to_python(melody)
    traced = trace(text, folder)

    assert traced == melody
    assert plan_hash(traced) == plan_hash(melody)


PARAMS = """\
melody: m
version: 2.0.0-rc.1
params:
  a: {type: integer}
  b: {type: path, default: ./x}
  c: {type: path, default: y/z}
  d: {type: "list[map[integer]] | null", default: null}
  e: {type: json, default: {k: [1, 2.5]}}
  f: {type: any}
  g: {type: string, default: null, required: false, choices: [a, "b"], pattern: "[a-z]\\\\d*"}
  h: {type: text/html, default: <p>}
  i: {type: number, minimum: -1, maximum: 1.5, default: .5}
  j: {type: duration, default: 5m}
  k: {type: "tuple[integer, ...]"}
  l: {type: "literal[1, 2]", default: 1}
  m: {type: string, secret: true}
  tasks: {type: datetime, required: true}
  n: {type: "map[integer, string]", default: {}}
  o: {type: "file[text/csv]"}
  p: {type: boolean, default: false, description: "Whether \\"p\\"."}
"""


def test_parameters_traced_again_are_the_same_in_the_same_order(folder: Path) -> None:
    melody = melody_of(PARAMS)
    traced = trace(to_python(melody), folder)

    assert traced == melody
    assert list(traced.params) == list(melody.params)
    assert [p.has_default for p in traced.params.values()] == [p.has_default for p in melody.params.values()]


@pytest.mark.parametrize(
    "head",
    ["melody: m\non_failure: stop",
     "melody: my-melody\ndescription: 'with \"quotes\"'", "melody: class\nversion: 1.2.3", "melody: _x\nenv: [A, B]",
     "melody: m\noutputs: {out: 1}", "melody: m\noutputs: {out: {a: 1}}",
     "melody: m\noutputs: {a: '${{ params.x }}'}\nparams: {x: any}", "melody: m"],
    ids=["on_failure", "hyphen", "keyword", "env", "out", "map", "outputs", "nothing"],
)  # fmt: skip
def test_the_frame_of_a_melody_traced_again_is_the_same(head: str, folder: Path) -> None:
    melody = melody_of(head + "\n")
    traced = trace(to_python(melody), folder)

    assert traced == melody


def test_a_parameter_that_python_reserves_is_refused() -> None:
    with pytest.raises(MelodyError, match="the parameter 'class' is a word of Python"):
        to_python(melody_of("melody: m\nparams: {class: string}"))


def test_a_task_that_waits_for_no_task_is_refused() -> None:
    with pytest.raises(MelodyError, match="needs 'b'"):
        to_python(melody_of("melody: m\ntasks: {a: {player: p, needs: [b]}}"))


NAMES = ["a", "a_", "_a", "a_2", "a_task", "b", "one", "text", "item", "index", "each", "expr", "call", "class",
         "None_", "float", "melody", "m", "Any", "steps", "param"]  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "x", 'q"', "it's", "a\\b", "l\nm", "é"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["k", "a b"]), inner, max_size=2),
    max_leaves=4,
)


@given(names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=8, unique=True), data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_names_and_links_survive(names: list[str], data: st.DataObject, folder: Path) -> None:
    documents: dict[str, Any] = {}
    for i, name in enumerate(names):
        links = [f"${{{{ tasks.{n} }}}}" for n in names[:i]] + ["${{ params.a }}", "${{ params.item + 1 }}"]
        inputs = data.draw(st.dictionaries(st.sampled_from("abc"), values | st.sampled_from(links), max_size=3))
        documents[name] = {"player": "steps:one", "with": inputs}
    melody = melody_of(emit({"melody": "one", "params": {"a": "any", "item": "integer"}, "tasks": documents}))
    text = to_python(melody)
    ast.parse(text)

    assert trace(text, folder) == melody


# through the command line ---------------------------------------------------------------------------------------------

ROOT = Path(__file__).resolve().parents[3]
EVERYTHING = """
melody: every-thing
version: 1.2.3
description: Says everything there is to say
env: [GREETING]
params:
  top: {type: integer, default: 20, minimum: 1, description: "how many"}
  name: {type: string, choices: [a, b], default: a}
  token: {type: string, secret: true}
tasks:
  xs: {player: flow.numbers, with: {count: "${{ params.top + 1 }}"}, retry: {attempts: 3, delay: 1s}}
  call:
    player: flow.echo
    each: {product: {a: "${{ tasks.xs }}", b: [1, 2]}}
    with: {value: {x: "${{ item.a }}", y: ["${{ item.b }}", null]}}
    description: crossed
  name: {player: flow.echo, each: "${{ tasks.xs }}", when: "${{ item % 2 == 0 }}", with: {value: "${{ index }}"}}
  step:
    run: |
      echo "$word" > out.txt
    with: {word: "${{ 'x' + params.name }}", greeting: "${{ env.GREETING }}"}
    needs: [xs]
    outputs: {log: out.txt, rows: {path: r.csv, type: text/csv}}
    priority: 3
  notice: {player: flow.echo, with: {value: oh}, when: "${{ failed(tasks.later) }}", cache: false}
  later: {player: flow.echo, with: {value: 'it''s "quoted" ${{ params.top }} times'}}
outputs: {log: "${{ tasks.step.log }}", names: "${{ tasks.name }}", plain: [1, 2.5, null, text]}
"""


def symphony(folder: Path, *words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "symphony", *words], cwd=folder, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def compiled_hash(folder: Path, file: str) -> str:
    symphony(folder, "compile", file, "-o", "plan.json")
    return next(line for line in (folder / "plan.json").read_text().split("\n") if '"hash"' in line)


@pytest.mark.parametrize("name", ["everything", *(p.stem for p in sorted(ROOT.glob("melodies/*.yaml")))])
def test_to_python_and_back_keeps_the_plan(name: str, tmp_path: Path) -> None:
    (tmp_path / "symphony.config.toml").touch()
    text = EVERYTHING if name == "everything" else (ROOT / "melodies" / f"{name}.yaml").read_text()
    (tmp_path / "first.yaml").write_text(text)
    symphony(tmp_path, "convert", "first.yaml", "--to", "python", "-o", "second.py")
    symphony(tmp_path, "convert", "second.py", "--to", "yaml", "-o", "third.yaml")

    hashes = {compiled_hash(tmp_path, file) for file in ("first.yaml", "second.py", "third.yaml")}

    assert len(hashes) == 1
