"""The settings in force: flags, variables, the project's file, the user's file and defaults in one value, with origins."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symphony.config.shared_store import SharedStoreSettings
from symphony.config.sources import Source, project_source, user_source
from symphony.errors import ConfigurationError
from symphony.model.frozen import EMPTY, FrozenMap, freeze
from symphony.model.names import did_you_mean
from symphony.model.policy import Retry
from symphony.model.resources import TOKEN

if TYPE_CHECKING:
    from symphony.config.sections import Configuration, EnvironmentSection

DEFAULT = "default"
DEFAULTS: Mapping[str, Any] = FrozenMap(
    executor="pit", workers=None, processes=None, store=None, cache="readwrite", durability="process",
    secrets=("env",), retry=None, timeout=None,
)  # fmt: skip
"""What holds where nothing is said. The other keys are tables, which are empty then."""
TABLES = ("executor_options", "store_options", "params", "limits")
VARIABLES: Mapping[str, str] = {
    "executor": "SYMPHONY_EXECUTOR", "workers": "SYMPHONY_WORKERS", "processes": "SYMPHONY_PROCESSES",
    "store": "SYMPHONY_STORE", "cache": "SYMPHONY_CACHE", "durability": "SYMPHONY_DURABILITY",
    "secrets": "SYMPHONY_SECRETS", "retry": "SYMPHONY_RETRY", "timeout": "SYMPHONY_TIMEOUT",
}  # fmt: skip
"""The variable of each setting that has one."""
ENVIRONMENT_VARIABLE = "SYMPHONY_ENV"
_BELONGS_TO = {"executor_options": "executor", "store_options": "store"}
"""Options say nothing of another executor or store than the one they stand beside."""
_NUMBERS = ("workers", "processes", "retry")


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings in force.

    Attributes:
        name: the environment that was chosen; empty: none.
        limits: amounts by resource, tokens as ``token:NAME``.
        params: plain values of parameters, for melodies that have them.
        secrets: providers of secrets, in order.
        retry, timeout_s: for tasks whose melody and player say nothing.
        origins: where each setting comes from, by key; entries of tables as ``params.top``.
    """

    name: str = ""
    executor: str = "pit"
    executor_options: FrozenMap[str, Any] = EMPTY
    workers: int | None = None
    processes: int | None = None
    store: str | None = None
    store_options: FrozenMap[str, Any] = EMPTY
    cache: str = "readwrite"
    durability: str = "process"
    limits: FrozenMap[str, float] = EMPTY
    params: FrozenMap[str, Any] = EMPTY
    secrets: tuple[str, ...] = ("env",)
    retry: Retry | None = None
    timeout_s: float | None = None
    origins: FrozenMap[str, str] = field(default=EMPTY, compare=False)

    @property
    def serves(self) -> bool:
        """Whether results may be served instead of computed."""
        return self.cache in ("read", "readwrite")

    def origin(self, key: str) -> str:
        """Where a setting comes from: a flag, a variable, a file with line, or ``default``."""
        return self.origins.get(key, DEFAULT)

    def shared_store(self, options: Mapping[str, Any]) -> SharedStoreSettings | None:
        """The shared store, opened with these options; None where there is none, or nothing may be done with it."""
        if not self.store or self.cache == "off":
            return None
        return SharedStoreSettings(self.store, FrozenMap(options), self.cache)


@dataclass(frozen=True, slots=True)
class _Place:
    """One table of settings: a whole file, or an environment of it."""

    source: Source
    path: tuple[str, ...]
    section: EnvironmentSection

    def has(self, key: str) -> bool:
        return key in self.section.model_fields_set and getattr(self.section, key) is not None

    def origin(self, *key: str) -> str:
        return self.source.place((*self.path, *key))


def environment_of(
    root: Path,
    name: str | None = None,
    *,
    flags: Mapping[str, Any] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Environment:
    """The settings in force for a project.

    Args:
        root: the folder of the project.
        name: the environment asked for; None: ``$SYMPHONY_ENV``, else the one that the files name, else none.
        flags: settings given by the caller, by key; None stands for not given. A table takes the place of the whole table.
        variables: environment variables; by default this process's.

    Raises:
        ConfigurationError: a file or a variable is wrong, or there is no such environment.
    """
    given = os.environ if variables is None else variables
    read = [(s, _configuration(s)) for s in (project_source(root), user_source(given)) if s is not None]
    chosen, origin = _chosen(name, given, read)
    places = list(_places(read, chosen))
    values, origins = _scalars({k: v for k, v in (flags or {}).items() if v is not None}, given, places, root)
    for key in TABLES:
        if (flags or {}).get(key) is not None:
            values[key] = FrozenMap((flags or {})[key])
            continue
        values[key], found = _table(key, places, values.get(_BELONGS_TO.get(key, "")))
        origins |= found
    if chosen:
        origins["environment"] = origin
    timeout_s = values.pop("timeout")
    return Environment(name=chosen, **values, timeout_s=timeout_s, origins=FrozenMap(origins))


def _configuration(source: Source) -> Configuration:
    from symphony.config.sections import Configuration, read_configuration  # models: kept from those without settings

    found = read_configuration(source.data)
    if isinstance(found, Configuration):
        return found
    told = [f"{source.place(path)}: {'.'.join(map(str, path))}: {problem}" for path, problem in found]
    raise ConfigurationError("\n".join(told))


def _chosen(
    name: str | None, variables: Mapping[str, str], read: Iterable[tuple[Source, Configuration]]
) -> tuple[str, str]:
    """The environment and what chose it."""
    read = list(read)
    asked = [(name, "--env"), (variables.get(ENVIRONMENT_VARIABLE), f"${ENVIRONMENT_VARIABLE}")]
    asked += [(c.environment, s.place(("environment",))) for s, c in read if c.environment is not None]
    chosen, origin = next(((n, o) for n, o in asked if n), ("", DEFAULT))
    known = list(dict.fromkeys(n for _, c in read for n in c.environments))
    if chosen and chosen not in known:
        hint = did_you_mean(chosen, known, what="environments")
        hint = hint or f"none is configured; write one: [tool.symphony.environments.{chosen}]"
        raise ConfigurationError(f"there is no environment {chosen!r} ({origin}): {hint}")
    return chosen, origin


def _places(read: Iterable[tuple[Source, Configuration]], chosen: str) -> Iterator[_Place]:
    """What counts, first come, first served: the project before the user, the environment before what is for all."""
    for source, configuration in read:
        if chosen in configuration.environments:
            yield _Place(source, ("environments", chosen), configuration.environments[chosen])
        yield _Place(source, (), configuration)


def _scalars(
    flags: Mapping[str, Any], variables: Mapping[str, str], places: list[_Place], root: Path
) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = dict(DEFAULTS)
    origins: dict[str, str] = {}
    of_variables = _of_variables(variables)
    for key in DEFAULTS:
        place = next((p for p in places if p.has(key)), None)
        if key in flags:
            values[key], origins[key] = flags[key], f"--{key}"
        elif key in of_variables:
            values[key], origins[key] = of_variables[key], f"${VARIABLES[key]}"
        elif place is not None:
            values[key], origins[key] = getattr(place.section, key), place.origin(key)
        if key == "secrets":
            folder = root if place is None or key in of_variables else place.source.file.parent
            values[key] = tuple(_absolute(spec, folder) for spec in values[key])
    values["store"] = values["store"] or None
    return values, origins


def _of_variables(variables: Mapping[str, str]) -> dict[str, Any]:
    """The settings that variables give, read and checked like those of a file."""
    texts = {key: variables[name] for key, name in VARIABLES.items() if variables.get(name)}
    data: dict[str, Any] = {
        k: int(v) if k in _NUMBERS and v.isdecimal() else v.split(",") if k == "secrets" else v
        for k, v in texts.items()
    }
    if not data:
        return {}
    from symphony.config.sections import Configuration, read_configuration  # models: kept from those without settings

    found = read_configuration(data)
    if isinstance(found, Configuration):
        return {key: getattr(found, key) for key in data}
    path, problem = found[0]
    raise ConfigurationError(f"{VARIABLES[str(path[0])]}={texts[str(path[0])]!r}: {problem}")


def _table(key: str, places: list[_Place], owner: Any) -> tuple[FrozenMap[str, Any], dict[str, str]]:
    """A table put together key by key, and the origin of each entry."""
    entries: dict[str, Any] = {}
    origins: dict[str, str] = {}
    belongs_to = _BELONGS_TO.get(key)
    for place in reversed(places):
        if belongs_to is not None and place.has(belongs_to) and getattr(place.section, belongs_to) != owner:
            continue
        for path, value in _entries(key, place):
            name = TOKEN + path[-1] if path[:-1] == ("tokens",) else path[0]
            entries[name] = freeze(value)
            origins[f"{key}.{'.'.join(path)}"] = place.origin(key, *path)
    return FrozenMap(entries), origins


def _entries(key: str, place: _Place) -> Iterator[tuple[tuple[str, ...], Any]]:
    if key != "limits":
        yield from (((name,), value) for name, value in getattr(place.section, key).items())
        return
    limits = place.section.limits
    if limits is None:
        return
    for name in ("cpus", "memory", "gpus"):
        if getattr(limits, name) is not None:
            yield (name,), float(getattr(limits, name))
    yield from ((("tokens", name), count) for name, count in limits.tokens.items())


def _absolute(spec: str, folder: Path) -> str:
    """A provider whose file is relative to what names it."""
    kind, colon, path = spec.strip().partition(":")
    return f"file:{folder / Path(path).expanduser()}" if kind == "file" and colon else spec.strip()
