"""What an author is told of a field that has not the shape it must have: what to write instead. Pure."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel

WORDS = {
    "missing": "this is required",
    "string_type": "write text; put quotes around what YAML takes for something else",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
    "list_type": "write a list",
    "model_type": "write a mapping of fields",
    "dict_type": "write a mapping of fields",
    "string_too_short": "this must not be empty",
}


def in_words(error: Any, model: type[BaseModel]) -> str:
    """One fault that Pydantic found in a record of that model."""
    if error["type"] == "extra_forbidden":
        return _no_such_field(error["loc"], model)
    if error["type"] == "string_pattern_mismatch":
        return f"this does not have the form {error['ctx']['pattern']}"
    said = str(WORDS.get(error["type"]) or error["msg"]).removeprefix("Value error, ")
    return said[:1].lower() + said[1:]


def _no_such_field(place: Sequence[Any], model: type[BaseModel]) -> str:
    inner: type[BaseModel] | None = model
    for part in place[:-1]:
        field = inner.model_fields.get(part) if inner is not None and isinstance(part, str) else None
        if field is not None:
            inner = _model_in(field.annotation)
        elif isinstance(part, str):
            inner = None  # one of several models, and nobody can say which was meant
    known = sorted(inner.model_fields) if inner is not None else []
    near = get_close_matches(str(place[-1]), known, n=1)
    meant = f"; is {near[0]} meant?" if near else "; leave it out."
    return f"there is no such field here{meant}" + (f" Known here: {', '.join(known)}" if known else "")


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The only model that an annotation such as `list[Model] | None` speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = {inner for inner in map(_model_in, get_args(annotation)) if inner is not None}
    return found.pop() if len(found) == 1 else None
