"""What can happen: every type of event, said once, beside the feature that records it.

`define` names a type, says in one sentence when it happens, gives the shape of its data, and whether partners are
told. From this come the validation of what is recorded, `GET /v1/event-types`, and the `webhooks` of `openapi.json`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from app.core.references import written_out


class Data(BaseModel):
    """Parent of every event's data: thin, without personal data."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)


@dataclass(frozen=True, slots=True)
class FactType:
    """One type of event."""

    name: str
    summary: str
    data: type[Data]
    public: bool
    """Whether the owner of the subject is told; otherwise it is for staff and the audit trail alone."""

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its data, whole in itself."""
        return written_out(self.data.model_json_schema(mode="serialization"))


_DEFINED: dict[str, FactType] = {}
FACTS: Mapping[str, FactType] = MappingProxyType(_DEFINED)


def define(name: str, summary: str, data: type[Data] = Data, *, public: bool = True) -> FactType:
    """Name a type of event."""
    if name in _DEFINED:
        raise ValueError(f"the event type {name} is defined twice")
    _DEFINED[name] = FactType(name, summary, data, public)
    return _DEFINED[name]


def public_types() -> list[FactType]:
    """The types that partners are told of, by name."""
    return sorted((fact for fact in FACTS.values() if fact.public), key=lambda fact: fact.name)
