"""The steps of a GitHub Actions job as one bash script."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from symphony.define.importers.github_params import CHECKOUT, text_of
from symphony.define.importers.github_scope import Scope
from symphony.define.importers.report import Report
from symphony.define.importers.shell_text import comment, refusal
from symphony.define.yaml_task import SHELL_NAMES
from symphony.model.names import problem_with_identifier
from symphony.model.source import Path

_KNOWN = ("name", "id", "if", "run", "uses", "with", "env", "shell", "working-directory", "continue-on-error",
          "timeout-minutes")  # fmt: skip
_FILES = ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")
_PROVIDED = re.compile(r"\$\{?((?:GITHUB|RUNNER)_[A-Z_]+)")
_NEVER = ("failure()", "cancelled()")
_COPY = f'tar -C "${CHECKOUT}" --exclude=./.symphony -cf - . | tar -xf -'


@dataclass(frozen=True, slots=True)
class Defaults:
    """What steps that say nothing use."""

    shell: str | None = None
    folder: str | None = None


def defaults_of(data: Any, at: Path, before: Defaults, report: Report) -> Defaults:
    """Read the key ``defaults`` of a workflow or a job."""
    run = data.get("run") if isinstance(data, dict) else None
    if data is None:
        return before
    if not isinstance(run, dict) or set(data) != {"run"} or not set(run) <= {"shell", "working-directory"}:
        report.warning("defaults is understood as run: with shell and working-directory; the rest is left out", at)
    run = run if isinstance(run, dict) else {}
    folder = run.get("working-directory", before.folder)
    shell = run.get("shell", before.shell)
    return Defaults(None if shell is None else str(shell), None if folder is None else str(folder))


class StepWriter:
    """Writes the script of one job, step by step."""

    def __init__(self, job: str, scope: Scope, defaults: Defaults, report: Report) -> None:
        self.job, self.scope, self.defaults, self.report = job, scope, defaults, report
        self.files: list[str] = []
        self.works = False
        """Whether any step does something."""

    def script(self, steps: list[Any], at: Path, lead: list[str]) -> str:
        """The script of all steps behind the lines of `lead`."""
        blocks = [self._step(step, (*at, i), i) for i, step in enumerate(steps)]
        if not self.works:
            self.report.warning(
                "no step of this job could be taken over: the task fails until a command is written", at
            )
            blocks.append(refusal(f"nothing of the job {self.job} could be imported"))
        head = ["set +u +o pipefail", *(f'export {name}="$PWD/.{name.lower()}"' for name in self.files)]
        head += ['export GITHUB_WORKSPACE="$PWD"'] if self.scope.uses_workspace else []
        head += lead
        return "\n".join([*head, *blocks]) + "\n"

    def _step(self, step: Any, at: Path, index: int) -> str:
        if not isinstance(step, dict) or ("run" in step) == ("uses" in step):
            self.report.warning("a step is a map with either run or uses; it is left out", at)
            return comment(f"Left out: step {index + 1} has neither run nor uses.")
        for key in step:
            if key not in _KNOWN:
                self.report.warning(f"the key {key!r} of a step is not understood", (*at, key), key=True)
        if "run" in step and "with" in step:
            self.report.warning("with does not go with run; it is left out", (*at, "with"), key=True)
        if "timeout-minutes" in step:
            self.report.warning(
                "a step has no time limit of its own; set timeout on the task", (*at, "timeout-minutes")
            )
        title = str(step.get("name") or step.get("id") or step.get("uses") or f"Step {index + 1}")
        condition = self._condition(step.get("if"), (*at, "if"))
        if condition == "never":
            return comment(f"Left out, never runs unless something failed: {title}")
        body = self._uses(step, at) if "uses" in step else self._run(step, at)
        if body is None:
            return comment(f"Not imported: uses {text_of(step['uses'])}")
        self.works = True
        return f"{comment(title)}\n{self._guarded(body, condition, step, at)}"

    def _condition(self, data: Any, at: Path) -> str:
        """The condition of a step in bash; empty where it always runs, ``never`` where it does not."""
        source = text_of(data).strip().removeprefix("${{").removesuffix("}}").strip()
        if source in ("", "success()", "true"):
            return ""
        if source == "false":
            self.report.note("a step that never runs is left out", at)
            return "never"
        if source in _NEVER:
            self.report.warning(
                "a step for failures is left out: write a task with when: ${{ failed(tasks.NAME) }}", at
            )
            return "never"
        if source == "always()":
            self.report.warning("always() of a step is not kept: it does not run when a step before it fails", at)
            return ""
        return self.scope.condition(source, at)

    def _guarded(self, body: str, condition: str, step: dict[str, Any], at: Path) -> str:
        """A step in a shell of its own, as GitHub runs it: a folder or variable that it changes is its own affair."""
        tolerated = step.get("continue-on-error")
        if isinstance(tolerated, str):
            self.report.warning("an expression for continue-on-error is not understood", (*at, "continue-on-error"))
        text = f"(\nset -e\n{body}\n)" if tolerated is True else f"(\n{body}\n)"
        text = f"set +e\n{text}\nset -e" if tolerated is True else text
        return f"if {condition}; then\n{text}\nfi" if condition else text

    def _run(self, step: dict[str, Any], at: Path) -> str:
        text = text_of(step["run"]).rstrip()
        shell = step.get("shell", self.defaults.shell)
        if shell not in (None, "bash", "sh"):
            self.report.warning(f"the shell {shell!r} is not bash: the step fails until it is rewritten", (*at, "run"))
            return refusal(f"a step of {self.job} is written for {shell}, and was not imported")
        before = set(self.scope.visible)
        lines = ["set -o pipefail"] if shell == "bash" else []
        lines += self._folder(step.get("working-directory", self.defaults.folder), (*at, "working-directory"))
        lines += self._env(step.get("env"), (*at, "env"))
        self._provide(text, (*at, "run"))
        script = self.scope.script(text, (*at, "run"))
        self.scope.visible = before | (self.scope.visible & self.scope.inputs.keys())
        if script is None:
            return refusal(f"a step of {self.job} holds an expression where bash expands nothing, and was not imported")
        return "\n".join([*lines, script or ":"])

    def _folder(self, folder: Any, at: Path) -> list[str]:
        return [] if folder is None else [f"cd -- {self.scope.composed(text_of(folder), at)}"]

    def _env(self, data: Any, at: Path) -> list[str]:
        env, places = environment(data, at, self.report)
        lines = [f"export {name}={self.scope.composed(text, places[name])}" for name, text in env.items()]
        self.scope.visible |= env.keys()
        return lines

    def _provide(self, text: str, at: Path) -> None:
        """What GitHub sets by itself: files to write to, its workspace, and facts that become inputs."""
        for name in dict.fromkeys(_PROVIDED.findall(text)):
            if name in self.scope.visible or name == "GITHUB_TOKEN":
                continue
            if name in _FILES:
                self.report.warning(f"what is written to ${name} reaches no later step", at)
                self.files += [name] if name not in self.files else []
            else:
                context, _, rest = name.lower().partition("_")
                self.scope.provide(name, f"{context}.{rest}", at)

    def _uses(self, step: dict[str, Any], at: Path) -> str | None:
        """What an action does; None where that is not known."""
        action = text_of(step["uses"])
        options = step.get("with") or {}
        if action.partition("@")[0] == "actions/checkout" and isinstance(options, dict) and "repository" not in options:
            for key in options:
                tell = self.report.warning if key in ("ref", "path", "submodules") else self.report.note
                tell(f"{key!r} of actions/checkout is left out", (*at, "with", key), key=True)
            self.report.note(f"actions/checkout became a copy of the folder in the parameter {CHECKOUT}", (*at, "uses"))
            self.scope.inputs[CHECKOUT] = self.scope.params.checkout()
            return _COPY
        self.report.warning(f"the action {action} is not imported: write what it does as a command", (*at, "uses"))
        return None


def environment(data: Any, at: Path, report: Report) -> tuple[dict[str, str], dict[str, Path]]:
    """Read a map of environment variables as text, with the place of each."""
    if data is None:
        return {}, {}
    if not isinstance(data, dict):
        report.warning("env is no map; it is left out", at)
        return {}, {}
    env: dict[str, str] = {}
    for name, value in data.items():
        if isinstance(value, (dict, list)) or (problem_with_identifier(name) and not SHELL_NAMES.fullmatch(name)):
            report.warning(f"{name!r} is no environment variable with a text; it is left out", (*at, name))
        else:
            env[name] = text_of(value)
    return env, {name: (*at, name) for name in env}
