"""Gives the names of a Python melody: imports step aside where a parameter or task has the same name."""

from __future__ import annotations

from collections.abc import Iterable

HOMES = {
    **dict.fromkeys(("each", "melody", "param", "product", "secret"), "symphony"),
    **dict.fromkeys(("call", "env", "expr", "index", "item", "shell", "submelody"), "symphony.define.tracing"),
    "Any": "typing", "Path": "pathlib", "UUID": "uuid", "Decimal": "decimal",
    **dict.fromkeys(("date", "datetime", "time", "timedelta"), "datetime"),
}  # fmt: skip
"""Where the names that a melody may use are imported from."""
PLAYERS = "symphony.players"


class Imports:
    """The imports of one file, collected while it is written.

    Args:
        taken: names that mean something else in the file: its parameters, tasks and function.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._names: dict[tuple[str, str], str] = {}

    def use(self, name: str, module: str = "") -> str:
        """Note an import and give the name it goes by."""
        key = (module or HOMES[name], name)
        if key not in self._names:
            own = name
            while own in self._taken:
                own += "_"
            self._taken.add(own)
            self._names[key] = own
        return self._names[key]

    def lines(self) -> list[str]:
        """The import statements, standard library first, then Symphony, then the project."""
        modules: dict[str, list[str]] = {}
        renamed: dict[str, list[str]] = {}
        for (module, name), own in sorted(self._names.items()):
            modules.setdefault(module, []).extend([name] if own == name else [])
            renamed.setdefault(module, []).extend([] if own == name else [f"{name} as {own}"])
        groups: dict[int, list[str]] = {}
        for module, names in modules.items():
            statements = groups.setdefault(_rank(module), [])
            statements += [f"from {module} import {', '.join(names)}"] if names else []
            statements += [f"from {module} import {name}" for name in renamed[module]]
        return [line for rank in sorted(groups) for line in [*groups[rank], ""]]


def _rank(module: str) -> int:
    if module in ("typing", "pathlib", "uuid", "decimal", "datetime"):
        return 0
    return 1 if module == "symphony" or module.startswith("symphony.") else 2


class TaskNames:
    """Gives each task a variable, and says where tracing would call the task otherwise.

    Tracing names a task after the variable, underscores at both ends left out, and counts repetitions.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._traced: set[str] = set()
        self._counts: dict[str, int] = {}

    def variable(self, task: str, *, usable: bool) -> str:
        """The variable of a task: its id, or something near where that is not `usable` or taken."""
        name = task if usable else f"{task}_"
        while name in self._taken:
            name = f"{name.rstrip('_')}_task" if not name.endswith("_task") else f"{name}_"
        self._taken.add(name)
        return name

    def needs_naming(self, task: str, variable: str) -> bool:
        """Whether tracing the tasks in this order would not call this one `task` by itself."""
        wanted = variable.strip("_") or "task"
        count = self._counts.get(wanted, 0) + 1
        name = wanted if count == 1 else f"{wanted}_{count}"
        while name in self._traced:
            count += 1
            name = f"{wanted}_{count}"
        self._counts[wanted] = count
        self._traced.add(task)
        return name != task
