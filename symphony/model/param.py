"""Parameters of a melody: typed, bounded, with defaults."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from symphony.model.policy import ValueModel
from symphony.model.port_type import PortType, parse_port_type
from symphony.model.template import Value


def _type_text(text: str) -> str:
    return str(parse_port_type(text))


TypeText = Annotated[
    str,
    AfterValidator(_type_text),
    WithJsonSchema(
        {
            "type": "string",
            "description": "string integer number boolean bytes path json datetime duration, list[T], map[T] or a media type.",
            "examples": ["string", "integer", "list[path]", "text/html"],
        }
    ),
]
"""A port type as text, made canonical."""


class Param(ValueModel):
    """One parameter of a melody."""

    type: Annotated[TypeText, Field(description="The type of the value.")] = "string"
    default: Annotated[Value, Field(description="Used when the run gives none.")] = None
    required: Annotated[
        bool | None, Field(description="Whether a run must give it; default: when there is no default.")
    ] = None
    description: Annotated[str, Field(description="One line for people.")] = ""
    choices: Annotated[tuple[Any, ...] | None, Field(description="The values allowed.")] = None
    minimum: Annotated[float | int | None, Field(description="The least value allowed.")] = None
    maximum: Annotated[float | int | None, Field(description="The greatest value allowed.")] = None
    pattern: Annotated[str | None, Field(description="A regular expression that all of the text must match.")] = None
    secret: Annotated[bool, Field(description="Takes only secrets.NAME and is never shown.")] = False

    @property
    def port_type(self) -> PortType:
        """The type as a value."""
        return parse_port_type(self.type)

    @property
    def has_default(self) -> bool:
        """Whether a run may leave the parameter out."""
        return "default" in self.model_fields_set or self.required is False
