"""The languages that are told apart, by file name or first line, and how each writes its comments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["code", "markup", "style", "data", "prose", "other"]


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    Attributes:
        kind: only ``code`` has a complexity.
        line: what starts a comment that ends with its line.
        block: what opens and closes a longer comment; empty where there is none.
        branches: the grammar in `complexity` that counts decisions; empty where none fits.
    """

    name: str
    kind: Kind
    line: tuple[str, ...] = ()
    block: tuple[str, str] | tuple[()] = ()
    branches: str = ""


_C = (("//",), ("/*", "*/"))
_HTML = ((), ("<!--", "-->"))
# name, kind, (line comments, block comment), decisions, suffixes and whole file names
_TABLE: tuple[tuple[str, Kind, tuple[tuple[str, ...], tuple[str, ...]], str, str], ...] = (
    ("Python", "code", (("#",), ()), "python", ".py .pyi .pyw sconstruct sconscript"),
    ("Cython", "code", (("#",), ()), "python", ".pyx .pxd"),
    ("JavaScript", "code", _C, "c", ".js .mjs .cjs .jsx"),
    ("TypeScript", "code", _C, "c", ".ts .mts .cts .tsx"),
    ("C", "code", _C, "c", ".c .h"),
    ("C++", "code", _C, "c", ".cc .cpp .cxx .hpp .hh .hxx .ipp .tpp"),
    ("CUDA", "code", _C, "c", ".cu .cuh"),
    ("C#", "code", _C, "c", ".cs"),
    ("Java", "code", _C, "c", ".java"),
    ("Kotlin", "code", _C, "c", ".kt .kts"),
    ("Scala", "code", _C, "c", ".scala .sc"),
    ("Groovy", "code", _C, "c", ".groovy .gradle jenkinsfile"),
    ("Go", "code", _C, "c", ".go"),
    ("Rust", "code", _C, "c", ".rs"),
    ("Swift", "code", _C, "c", ".swift"),
    ("Dart", "code", _C, "c", ".dart"),
    ("Objective-C", "code", _C, "c", ".m .mm"),
    ("Zig", "code", (("//",), ()), "c", ".zig"),
    ("PHP", "code", (("//", "#"), ("/*", "*/")), "c", ".php"),
    ("Solidity", "code", _C, "c", ".sol"),
    ("Verilog", "code", _C, "c", ".v .sv .svh"),
    ("GLSL", "code", _C, "c", ".glsl .vert .frag .comp"),
    ("Protocol Buffers", "code", _C, "", ".proto"),
    ("Ruby", "code", (("#",), ("=begin", "=end")), "words", ".rb .rake .gemspec rakefile gemfile"),
    ("Perl", "code", (("#",), ()), "c", ".pl .pm .t"),
    ("Shell", "code", (("#",), ()), "shell", ".sh .bash .zsh .ksh .fish .bats"),
    ("PowerShell", "code", (("#",), ("<#", "#>")), "c", ".ps1 .psm1"),
    ("Batch", "code", (("rem ", "REM ", "::"), ()), "", ".bat .cmd"),
    ("R", "code", (("#",), ()), "c", ".r"),
    ("Julia", "code", (("#",), ("#=", "=#")), "words", ".jl"),
    ("Lua", "code", (("--",), ("--[[", "]]")), "words", ".lua"),
    ("Haskell", "code", (("--",), ("{-", "-}")), "words", ".hs"),
    ("OCaml", "code", ((), ("(*", "*)")), "words", ".ml .mli"),
    ("F#", "code", (("//",), ("(*", "*)")), "words", ".fs .fsx"),
    ("Elixir", "code", (("#",), ()), "words", ".ex .exs"),
    ("Erlang", "code", (("%",), ()), "words", ".erl .hrl"),
    ("Clojure", "code", ((";",), ()), "words", ".clj .cljs .cljc .edn"),
    ("Lisp", "code", ((";",), ("#|", "|#")), "words", ".lisp .el .scm .rkt"),
    ("Fortran", "code", (("!",), ()), "words", ".f90 .f95 .f03 .f .for"),
    ("Ada", "code", (("--",), ()), "words", ".adb .ads"),
    ("Pascal", "code", (("//",), ("{", "}")), "words", ".pas"),
    ("Assembly", "code", ((";", "#", "//"), ("/*", "*/")), "", ".s .asm"),
    ("SQL", "code", (("--",), ("/*", "*/")), "words", ".sql"),
    ("Nix", "code", (("#",), ("/*", "*/")), "", ".nix"),
    ("Terraform", "code", (("#", "//"), ("/*", "*/")), "", ".tf .hcl"),
    ("CMake", "code", (("#",), ()), "words", ".cmake cmakelists.txt"),
    ("Make", "code", (("#",), ()), "", ".mk makefile gnumakefile"),
    ("Dockerfile", "code", (("#",), ()), "", ".dockerfile dockerfile containerfile"),
    ("Starlark", "code", (("#",), ()), "python", ".bzl .bazel"),
    ("Vue", "markup", _HTML, "", ".vue"),
    ("Svelte", "markup", _HTML, "", ".svelte"),
    ("HTML", "markup", _HTML, "", ".html .htm .xhtml .jinja .j2 .jinja2"),
    ("XML", "markup", _HTML, "", ".xml .xsd .xsl .xslt .svg .plist .csproj .props"),
    ("CSS", "style", ((), ("/*", "*/")), "", ".css"),
    ("Sass", "style", _C, "", ".scss .sass .less"),
    ("JSON", "data", ((), ()), "", ".json .jsonl .ndjson .geojson .ipynb .webmanifest .map"),
    ("YAML", "data", (("#",), ()), "", ".yml .yaml"),
    ("TOML", "data", (("#",), ()), "", ".toml pipfile"),
    (
        "Configuration",
        "data",
        (("#", ";"), ()),
        "",
        ".ini .cfg .conf .env .properties .editorconfig .gitconfig .flake8",
    ),
    (
        "Lock file",
        "data",
        ((), ()),
        "",
        ".lock package-lock.json npm-shrinkwrap.json go.sum pnpm-lock.yaml composer.lock",
    ),
    ("Ignore list", "data", (("#",), ()), "", ".gitignore .dockerignore .gitattributes .npmignore .mailmap codeowners"),
    ("CSV", "data", ((), ()), "", ".csv .tsv"),
    ("GraphQL", "data", (("#",), ()), "", ".graphql .gql"),
    ("Markdown", "prose", _HTML, "", ".md .markdown .mdx .qmd"),
    ("reStructuredText", "prose", ((), ()), "", ".rst"),
    ("AsciiDoc", "prose", (("//",), ()), "", ".adoc .asciidoc"),
    ("TeX", "prose", (("%",), ()), "", ".tex .sty .cls .bib"),
    ("Translation", "prose", (("#",), ()), "", ".po .pot"),
    (
        "Text",
        "prose",
        ((), ()),
        "",
        ".txt .text license licence copying authors notice readme changelog changes news install",
    ),
)

OTHER = Language("Other", "other")
_BY_NAME: dict[str, Language] = {}
for _name, _kind, (_line, _block), _branches, _names in _TABLE:
    _BY_NAME.update(dict.fromkeys(_names.split(), Language(_name, _kind, _line, _block, _branches)))  # type: ignore[arg-type]
_BY_PROGRAM = {
    "python": ".py",
    "bash": ".sh",
    "sh": ".sh",
    "zsh": ".sh",
    "dash": ".sh",
    "ksh": ".sh",
    "fish": ".sh",
    "node": ".js",
    "deno": ".ts",
    "ruby": ".rb",
    "perl": ".pl",
    "lua": ".lua",
    "rscript": ".r",
    "php": ".php",
    "julia": ".jl",
}


def language_of(name: str, text: str = "") -> Language:
    """Tell the language of a file from its name, else from a first line such as ``#!/usr/bin/env python3``."""
    lower = name.lower()
    found = _BY_NAME.get(lower)
    at = lower.rfind(".")
    if found is None and at >= 0:
        found = _BY_NAME.get(lower[at:])
    if found is None and text.startswith("#!"):
        program = text[2:].partition("\n")[0].rpartition("/")[2].removeprefix("env").replace("-S", "").split()
        if program:
            found = _BY_NAME.get(_BY_PROGRAM.get(program[0].rstrip("0123456789.").lower(), "?"))
    if found is None and at > 0:  # README.fr, LICENSE.MIT
        found = _BY_NAME.get(lower[: lower.find(".")])
    return found or OTHER
