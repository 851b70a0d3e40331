"""What the expressions of one job read: each becomes a shell variable that an input of the step feeds."""

from __future__ import annotations

from typing import Any

from symphony.define.importers.bash_quotes import Place, places_of
from symphony.define.importers.github_expressions import Found, find, path_of, whole
from symphony.define.importers.github_matrix import Matrix
from symphony.define.importers.github_params import Parameters, declared_input
from symphony.define.importers.github_tests import read_tests
from symphony.define.importers.new_names import NewNames
from symphony.define.importers.report import Report
from symphony.define.importers.shell_text import quoted, variable_wish
from symphony.define.yaml_task import SHELL_NAMES
from symphony.model.expression import Expression
from symphony.model.names import problem_with_identifier
from symphony.model.source import Path, Span

_WORKSPACE = "GITHUB_WORKSPACE"


class Scope:
    """The variables of one job.

    Attributes:
        inputs: the inputs of the step that the job becomes, by name.
        visible: the names of environment variables that are set at this point.
    """

    def __init__(self, env_names: set[str], matrix: Matrix, params: Parameters, report: Report) -> None:
        self.matrix, self.params, self.report = matrix, params, report
        self.inputs: dict[str, Any] = {}
        self.visible = set(env_names)
        self.uses_workspace = False
        self._names = NewNames({*env_names, _WORKSPACE})

    def variable(self, source: str, at: Path, span: Span | None = None) -> str:
        """The shell variable that holds the value of an expression."""
        steps = path_of(source)
        if len(steps) == 2 and steps[0] == "env" and steps[1] in self.visible:
            return steps[1]
        if steps == ("github", "workspace"):
            self.uses_workspace = True
            return _WORKSPACE
        name = self._names.of(source, variable_wish(source, "value"))
        if name not in self.inputs:
            self.inputs[name] = self._value(source, steps, at, span)
        return name

    def condition(self, source: str, at: Path) -> str:
        """The condition of a step in bash: tests of values, else a parameter that says whether it holds."""
        tests = read_tests(source)
        if tests is not None:
            return tests.in_shell(lambda value: self.variable(value, at))
        name = self._names.of(f"if {source}")
        self.inputs[name] = self.params.condition(source, at)
        return f"[[ ${name} == true ]]"

    def provide(self, variable: str, source: str, at: Path) -> None:
        """Make the value of an expression known under the name of an environment variable."""
        if variable == _WORKSPACE:
            self.uses_workspace = True
        elif variable not in self.visible:
            self.visible.add(variable)
            self.inputs[variable] = self._value(source, path_of(source), at, None)

    def set_for_job(self, env: dict[str, str], places: dict[str, Path]) -> list[str]:
        """Make inputs of a job's environment; gives the lines of script for what cannot be an input."""
        lines = []
        for name, text in env.items():
            found = whole(text)
            mixed = "${{" in text if found is None else path_of(found.source)[0:1] == ("env",)
            if SHELL_NAMES.fullmatch(name) or mixed:
                lines.append(f"export {name}={self.composed(text, places[name])}")
            elif found is None:
                self.inputs[name] = text
            else:
                at = places[name]
                self.inputs[name] = self._value(found.source, path_of(found.source), at, self._span(found, at))
        return lines

    def composed(self, text: str, at: Path) -> str:
        """A word of shell for a text with expressions in it."""
        word, done = "", 0
        for found in find(text):
            word += quoted(text[done : found.start]) if found.start > done else ""
            word += f'"${{{self.variable(found.source, at, self._span(found, at))}}}"'
            done = found.end
        return word + (quoted(text[done:]) if done < len(text) or not text else "")

    def script(self, text: str, at: Path) -> str | None:
        """A script with its expressions replaced by variables; None where one stands in text that is not expanded."""
        expressions = find(text)
        around = places_of(text, [(f.start, f.end) for f in expressions])
        result, done = "", 0
        for found, place in zip(expressions, around, strict=True):
            if place is Place.LITERAL:
                message = (
                    f"{found.source} stands in text that bash does not expand: the step fails until it is rewritten"
                )
                self.report.warning(message, at, span=self._span(found, at))
                return None
            result += text[done : found.start] + self._replacement(found, place, at)
            done = found.end
        if "${{" in text[done:]:
            self.report.warning("${{ is never closed: the step fails until it is rewritten", at)
            return None
        return result + text[done:]

    def _replacement(self, found: Found, place: Place, at: Path) -> str:
        if place is Place.COMMENT:
            return "{ " + found.source + " }"
        name = self.variable(found.source, at, self._span(found, at))
        return f"'\"${{{name}}}\"'" if place is Place.SINGLE else f"${{{name}}}"

    def _value(self, source: str, steps: tuple[str, ...], at: Path, span: Span | None) -> Any:
        found: Expression | None = None
        if len(steps) == 2 and steps[0] == "secrets" and problem_with_identifier(steps[1]) is None:
            found = Expression.reference("secrets", steps[1])
        elif steps == ("github", "token"):
            found = Expression.reference("secrets", "GITHUB_TOKEN")
        elif steps[:1] == ("matrix",):
            found = self.matrix.item(steps[1:])
        elif declared_input(steps):
            found = self.params.input(declared_input(steps))
        return found if found is not None else self.params.required(source, at, span=span)

    def _span(self, found: Found, at: Path) -> Span | None:
        places = self.report.places
        return None if places is None else places.characters(at, found.start, found.end)
