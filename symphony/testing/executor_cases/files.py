"""Cases of files: kept from the work folder, folders, lists of files, paths of the project, shell steps."""

# In a melody references stand for values, which a type checker cannot follow.
# mypy: disable-error-code="call-arg,arg-type,untyped-decorator"

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from symphony.define.annotations import Media
from symphony.define.context import Context
from symphony.define.player import operator
from symphony.define.tracing import call, each, expr, melody, shell
from symphony.testing.executor_cases.case import Cases, Road
from symphony.testing.executor_cases.stage import Stage, must, must_equal
from symphony.testing.executor_cases.values import plain_size

cases = Cases()
CsvFile = Annotated[Path, Media("text/csv")]
_ALL = tuple(Road)
_SCRIPTS = (Road.RECORDED, Road.MEMORY)
"""Scripts run outside of the engine on every road."""


@operator(version="1.0.0")
def write(name: str, text: str, ctx: Context) -> Path:
    """Write a file."""
    file = ctx.workdir / name
    file.write_text(text)
    return file


@operator(version="1.0.0")
def program(ctx: Context) -> Path:
    """Write a file that can be run."""
    file = ctx.workdir / "hello.sh"
    file.write_text("#!/bin/sh\necho hello\n")
    file.chmod(0o755)
    return file


@operator(version="1.0.0")
def read(file: Path) -> str:
    """The text of a file."""
    return file.read_text()


@operator(version="1.0.0")
def name_of(file: Path) -> str:
    """The name of a file."""
    return file.name


@operator(version="1.0.0")
def can_be_run(file: Path) -> bool:
    """Whether the owner may run a file."""
    return bool(file.stat().st_mode & 0o100)


@operator(version="1.0.0")
def make_folder(ctx: Context) -> Path:
    """Make a folder with a file at the top and one inside another folder."""
    folder = ctx.workdir / "site"
    (folder / "deep").mkdir(parents=True)
    (folder / "index.txt").write_text("top")
    (folder / "deep" / "leaf.txt").write_text("leaf")
    return folder


@operator(version="1.0.0")
def files_in(folder: Path) -> list[str]:
    """The files below a folder, relative to it."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@operator(version="1.0.0")
def write_several(n: int, ctx: Context) -> list[Path]:
    """Write some files."""
    found = [ctx.workdir / f"{i}.txt" for i in range(n)]
    for i, file in enumerate(found):
        file.write_text(f"file {i}")
    return found


@operator(version="1.0.0")
def write_csv(ctx: Context) -> CsvFile:
    """Write a table."""
    file = ctx.workdir / "t.csv"
    file.write_text("a,b\n1,2\n")
    return file


@operator(version="1.0.0")
def read_table(file: CsvFile) -> str:
    """The text of a table."""
    return file.read_text()


@operator(version="1.0.0", cache=False)
def own_folder(ctx: Context) -> str:
    """Where the work folder is, which must be empty and writable."""
    if list(ctx.workdir.iterdir()):
        raise ValueError("the work folder is not empty")
    (ctx.workdir / "scratch").write_text("x")
    return str(ctx.workdir)


@melody
def a_file() -> Any:
    file = write(name="note.txt", text="kept")
    return {"text": read(file=file), "name": name_of(file=file), "file": file}


@melody
def a_program() -> Any:
    return can_be_run(file=program())


@melody
def a_folder() -> Any:
    folder = make_folder()
    return {"files": files_in(folder=folder), "folder": folder}


@melody
def list_of_files() -> Any:
    files = write_several(n=3)
    return read(file=each(files))


@melody
def files_of_elements() -> Any:
    files = call(write, with_={"name": "same.txt", "text": expr("item")}, each=["one", "two"])
    return {"texts": read(file=each(files)), "files": files}


@melody
def a_typed_file() -> Any:
    return read(file=write_csv())


@melody
def paths_of_the_project(given: Path = Path("data/a.txt")) -> Any:
    written = read(file="data/b.txt")
    return {"given": read(file=given), "written": written, "all": read(file=each(["data/a.txt", "data/b.txt"]))}


@melody
def a_folder_given(folder: Path) -> Any:
    return files_in(folder=folder)


@melody
def work_folders() -> Any:
    return [own_folder(), own_folder()]


@melody
def script_with_files(word: str = "hi; echo no") -> Any:
    said = shell(
        'printf "%s" "$word" > out.txt; echo done; echo aside >&2', with_={"word": word}, outputs={"log": "out.txt"}
    )
    return {"log": said.log, "text": read(file=said.log), "stdout": said.stdout, "stderr": said.stderr}


@melody
def script_with_typed_output() -> Any:
    table = shell("printf 'a,b\\n' > t.csv", outputs={"rows": {"path": "t.csv", "type": "text/csv"}})
    return {"text": read_table(file=table.rows), "lines": read(file=table.rows)}


@melody
def script_with_inputs() -> Any:
    return shell('echo "$n $xs $flag"', with_={"n": 3, "xs": [1, 2], "flag": True}).stdout


@melody
def script_reads_a_file() -> Any:
    file = write(name="in.txt", text="from a player")
    return shell('cat "$file"', with_={"file": file}).stdout


@melody
def scripts_over_a_list() -> Any:
    lines = shell('echo "<$x>"', with_={"x": expr("item")}, each=["a", "b"])
    return lines.stdout


@melody
def script_that_fails() -> Any:
    bad = shell("echo oh dear >&2; exit 3")
    return {"bad": bad.stdout, "size": plain_size(text=bad.stdout)}


@melody
def script_without_its_file() -> Any:
    bad = shell("true", outputs={"log": "missing.txt"})
    return bad.log


cases.expect("a-program-stays-one", a_program, outputs={"out": True})
cases.expect("a-list-of-files", list_of_files, outputs={"out": ["file 0", "file 1", "file 2"]})
cases.expect("a-file-of-a-media-type", a_typed_file, outputs={"out": "a,b\n1,2\n"})
cases.expect("a-script-gets-inputs-as-text", script_with_inputs, outputs={"out": "3 [1, 2] true\n"}, roads=_SCRIPTS)
cases.expect("a-script-reads-a-file-of-a-player", script_reads_a_file, outputs={"out": "from a player"}, roads=_SCRIPTS)
cases.expect("scripts-over-a-list", scripts_over_a_list, outputs={"out": ["<a>\n", "<b>\n"]}, roads=_SCRIPTS)
cases.expect(
    "a-typed-output-of-a-script", script_with_typed_output, outputs={"text": "a,b\n", "lines": "a,b\n"}, roads=_SCRIPTS
)
cases.expect(
    "a-script-without-its-file-fails", script_without_its_file, state="failed", tasks={"bad": "failed"}, roads=_SCRIPTS
)


@cases.scenario(a_file, roads=_ALL)
def a_file_in_the_work_folder_is_kept(stage: Stage) -> None:
    outputs = stage.run(a_file).result.outputs
    must_equal("its text in a body", outputs["text"], "kept")
    must_equal("its name in a body", outputs["name"], "note.txt")
    must_equal("its text here", outputs["file"].read_text(), "kept")
    must_equal("its name here", outputs["file"].name, "note.txt")


@cases.scenario(a_folder, roads=_ALL)
def a_folder_in_the_work_folder_is_kept(stage: Stage) -> None:
    outputs = stage.run(a_folder).result.outputs
    must_equal("what bodies see", outputs["files"], ["deep/leaf.txt", "index.txt"])
    must_equal("what is here", (outputs["folder"] / "deep" / "leaf.txt").read_text(), "leaf")


@cases.scenario(files_of_elements, roads=_ALL)
def elements_write_files_of_one_name(stage: Stage) -> None:
    outputs = stage.run(files_of_elements).result.outputs
    must_equal("the texts", outputs["texts"], ["one", "two"])
    must_equal("the files here", [f.read_text() for f in outputs["files"]], ["one", "two"])


@cases.scenario(paths_of_the_project, roads=_ALL)
def paths_start_at_the_project(stage: Stage) -> None:
    _data(stage)
    given = {"given": stage.folder / "data" / "a.txt"}
    outputs = stage.run(paths_of_the_project, given).result.outputs
    must_equal("a parameter", outputs["given"], "A")
    must_equal("a path in the melody", outputs["written"], "B")
    must_equal("paths in a list", outputs["all"], ["A", "B"])


@cases.scenario(a_folder_given, roads=_ALL)
def a_folder_as_a_parameter(stage: Stage) -> None:
    _data(stage)
    outputs = stage.run(a_folder_given, {"folder": stage.folder / "data"}).result.outputs
    must_equal("the files", outputs["out"], ["a.txt", "b.txt"])


def _data(stage: Stage) -> None:
    (stage.folder / "data").mkdir()
    (stage.folder / "data" / "a.txt").write_text("A")
    (stage.folder / "data" / "b.txt").write_text("B")


@cases.scenario(work_folders, roads=_ALL)
def every_call_has_an_empty_work_folder_that_is_removed(stage: Stage) -> None:
    folders = stage.run(work_folders).result.outputs["out"]
    must_equal("different folders", len(set(folders)), 2)
    must(not any(Path(folder).exists() for folder in folders), "a work folder is still there")


@cases.scenario(script_with_files, roads=_SCRIPTS)
def a_script_gives_files_and_what_it_said(stage: Stage) -> None:
    outputs = stage.run(script_with_files).result.outputs
    must_equal("the file here", outputs["log"].read_text(), "hi; echo no")
    must_equal("the file in a body", outputs["text"], "hi; echo no")
    must_equal("what it said", (outputs["stdout"], outputs["stderr"]), ("done\n", "aside\n"))


@cases.scenario(script_that_fails, roads=_SCRIPTS)
def a_script_that_fails_fails_with_its_status_and_last_words(stage: Stage) -> None:
    played = stage.run(script_that_fails)
    played.must_be("failed", {"bad": "failed", "plain_size": "skipped"}, {})
    message = str(played.error_of("bad")["message"])
    must("status 3" in message and "oh dear" in message, f"the message is {message!r}")
