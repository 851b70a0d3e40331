"""What the files of settings may hold: the keys of an environment, their types, and what is wrong with a given file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from symphony.model.names import did_you_mean
from symphony.model.policy import Duration, Retry, Size

CACHE_MODES = ("read", "write", "readwrite", "off")
DURABILITIES = ("process", "power")
Place: TypeAlias = tuple[str | int, ...]


def _amount(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise ValueError(f"{value!r} is no amount: write a number from 0")
    return float(value)


Amount = Annotated[float, BeforeValidator(_amount), WithJsonSchema({"type": "number", "minimum": 0})]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A table of settings: closed, and strict about types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


class Limits(Section):
    """How much of each resource and token runs may use."""

    cpus: Annotated[Amount | None, Field(description="Processor cores.")] = None
    memory: Annotated[Size | None, Field(description="Memory, such as 8GB.")] = None
    gpus: Annotated[Amount | None, Field(description="Graphics processors.")] = None
    tokens: Annotated[dict[str, Amount], Field(description="How many of each token there are.")] = {}


class EnvironmentSection(Section):
    """The settings of one environment; at the top of the file they hold for every environment."""

    executor: Annotated[str | None, Field(min_length=1, description="Where calls run: pit, dask, prefect, …")] = None
    executor_options: Annotated[
        dict[str, Any], Field(description="What the executor is made with. Text secrets.NAME stands for a secret.")
    ] = {}
    workers: Annotated[Count | None, Field(description="How many calls at a time.")] = None
    processes: Annotated[Count | None, Field(description="How many calls at a time in processes of their own.")] = None
    store: Annotated[str | None, Field(description="The URL of the shared store of results; empty: none.")] = None
    store_options: Annotated[
        dict[str, Any], Field(description="What the file system of the store is opened with. secrets.NAME is a secret.")
    ] = {}
    cache: Annotated[
        Literal["read", "write", "readwrite", "off"] | None,
        Field(description="What may be done with the shared store: served from, written to, both, or neither."),
    ] = None
    durability: Annotated[
        Literal["process", "power"] | None, Field(description="What results survive: a kill, or a power cut too.")
    ] = None
    limits: Annotated[Limits | None, Field(description="How much of each resource and token there is.")] = None
    params: Annotated[
        dict[str, Any], Field(description="Values of parameters, by name, for melodies that have them.")
    ] = {}
    secrets: Annotated[
        tuple[str, ...] | None,
        Field(strict=False, description="Where secrets come from, in order: env, file:PATH, or an installed provider."),
    ] = None
    retry: Annotated[Retry | None, Field(description="For tasks whose melody and player say nothing of it.")] = None
    timeout: Annotated[Duration | None, Field(description="For tasks whose melody and player say nothing of it.")] = (
        None
    )


class Configuration(EnvironmentSection):
    """A whole file of settings: those for every environment, and those of each."""

    environment: Annotated[str | None, Field(description="The environment that is used when none is asked for.")] = None
    environments: Annotated[
        dict[str, EnvironmentSection], Field(description="Environments by name, chosen by --env NAME.")
    ] = {}


KEYS = tuple(EnvironmentSection.model_fields)


def read_configuration(data: Mapping[str, Any]) -> Configuration | list[tuple[Place, str]]:
    """The settings of a file, or everything that is wrong with it: where, and a sentence."""
    try:
        return Configuration.model_validate(dict(data))
    except ValidationError as error:
        return list(_problems(error))


def _problems(error: ValidationError) -> Iterator[tuple[Place, str]]:
    for found in error.errors(include_url=False):
        place = tuple(found["loc"])
        if found["type"] == "extra_forbidden":
            keys = _keys_at(place[:-1])
            yield place, f"there is no such key: {did_you_mean(str(place[-1]), keys, what='keys', limit=20)}"
            continue
        reason = found.get("ctx", {}).get("error")
        text = found["msg"]
        yield (
            place,
            str(reason) if reason is not None else f"{text[0].lower()}{text[1:]}; it is {_shown(found['input'])}",
        )


def _keys_at(place: Place) -> tuple[str, ...]:
    """The keys that a table may have."""
    fields = Configuration.model_fields
    if place[:1] == ("environments",):
        fields, place = EnvironmentSection.model_fields, place[2:]
    if place:
        fields = Limits.model_fields if place[0] == "limits" else Retry.model_fields
    return tuple(fields)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
