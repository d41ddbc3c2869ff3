"""The form as a front end draws it: JSON Schema made from the model that validates, with labels, help, options, order.

Nothing is said twice: labels, help and limits are the model's own; topics, program types and learning sites are those
of the edition. References are inlined and choices are `oneOf` of `const` and `title`, which form libraries understand.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from app.core.references import written_out
from app.core.words import STATES
from app.editions.snapshot import Snapshot
from app.tta.form import FORM, RequestForm

DIALECT = "https://json-schema.org/draft/2020-12/schema"
GROUPS = (
    ("contact", "Whom to answer", ("/contact",)),
    ("agency", "Your agency", ("/agency",)),
    ("request", "What you ask", (
        "/kind", "/topics", "/program_types", "/description", "/problems", "/tried", "/outcome",
    )),
    ("how", "When and how", ("/timing", "/delivery_modes", "/learning_sites", "/group_size", "/share_with_site")),
    ("travel", "Travel support", ("/travel",)),
    ("background", "Background", ("/earlier", "/grant", "/heard_from", "/external_ref")),
)  # fmt: skip
"""The order in which a form shows its fields; a field that is not named here is not shown to people."""
LABELS = {
    "under_100": "Fewer than 100", "100_499": "100 to 499", "500_1999": "500 to 1,999", "2000_plus": "2,000 or more",
    "under_10k": "Fewer than 10,000", "10k_50k": "10,000 to 50,000", "50k_250k": "50,000 to 250,000",
    "250k_1m": "250,000 to 1 million", "over_1m": "More than 1 million",
    "start": "Start a program", "enhance": "Enhance a program", "visit": "Visit a learning site",
    "training": "Training", "question": "Ask a question",
    "transit_or_special_district": "Transit police or special district", "corrections_or_jail": "Corrections or jail",
    "emergency_communications": "911 or emergency communications", "court_or_prosecutor": "Court or prosecutor",
    "nonprofit_provider": "Non-profit provider", "state_agency": "State agency (administering or training)",
    "safety": "Safety of officers and the public", "repeat_calls": "Repeat calls to the same people",
    "resources": "Time and resources", "outcomes": "Poor outcomes for people",
    "routine": "No hurry", "soon": "Within a few months", "urgent": "Within weeks",
    "email_consultation": "Answers by e-mail", "remote_consultation": "Telephone or video call",
    "site_visit": "A visit to a learning site", "onsite_assistance": "Someone comes to us",
    "peer_exchange": "Exchange with a peer agency", "document_review": "Review of our documents",
    "resource_referral": "Materials", "jmhcp": "Justice and Mental Health Collaboration Program",
    "connect_and_protect": "Connect and Protect", "none": "No grant",
    **STATES,
}  # fmt: skip


def label(value: str) -> str:
    """What people read for a value of a choice."""
    return LABELS.get(value) or value.replace("_", " ").capitalize()


def version(edition: int) -> str:
    """The version of the form under an edition of the content."""
    return f"{FORM}.{edition}"


def skeleton() -> dict[str, Any]:
    """The schema without the options that an edition gives."""
    drawn: dict[str, Any] = _drawn(written_out(RequestForm.model_json_schema()))
    drawn["anyOf"] = [
        {"required": ["topics"], "properties": {"topics": {"minItems": 1}}},
        {"required": ["kind"], "properties": {"kind": {"not": {"type": "null"}}}},
    ]
    return {"$schema": DIALECT, **drawn}


def _drawn(node: Any) -> Any:
    """Fields in order, and choices with their labels."""
    if isinstance(node, list):
        return [_drawn(part) for part in node]
    if not isinstance(node, dict):
        return node
    if len(node.get("anyOf", ())) == 2 and node["anyOf"][1] == {"type": "null"}:
        inner = _drawn(node["anyOf"][0])
        rest = {key: _drawn(value) for key, value in node.items() if key != "anyOf"}
        return _or_null({**inner, **rest})
    drawn = {key: _drawn(value) for key, value in node.items()}
    if "properties" in drawn:
        drawn["properties"] = {
            name: {**field, "x-order": place} for place, (name, field) in enumerate(drawn["properties"].items())
        }
    return _choices(drawn)


def _or_null(node: dict[str, Any]) -> dict[str, Any]:
    if "oneOf" in node:
        return {**node, "oneOf": [*node["oneOf"], {"type": "null", "title": "Not said"}]}
    return {**node, "type": [node["type"], "null"]} if "type" in node else node


def _choices(node: dict[str, Any]) -> dict[str, Any]:
    if "enum" not in node or node.get("type") != "string":
        return node
    kept = {key: value for key, value in node.items() if key not in ("enum", "type", "minLength", "maxLength")}
    return {**kept, "oneOf": [{"const": value, "title": label(value)} for value in node["enum"]]}


def draw(snapshot: Snapshot) -> dict[str, Any]:
    """The schema with the options of an edition."""
    schema = skeleton()
    properties: dict[str, Any] = schema["properties"]
    for field in properties.values():
        kind = field.get("x-options")
        if kind:
            entries = snapshot[kind].entries
            options = [{"const": entry.slug, "title": entry.keys["title"]} for entry in entries]
            # `oneOf` of nothing is not a schema; before anything is published there is nothing to choose.
            field["items"] = {"oneOf": options} if options else False
    return schema


def personal_paths(schema: Mapping[str, Any] | None = None, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where the form may hold personal data."""
    for name, field in (schema or skeleton())["properties"].items():
        if field.get("x-personal"):
            yield (*above, name)
        elif "properties" in field:
            yield from personal_paths(field, (*above, name))


PERSONAL_PATHS = tuple(personal_paths())


def split(said: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take a form apart: what may be kept with the request, and what goes to the place for personal data."""
    asked = {key: {**value} if isinstance(value, dict) else value for key, value in said.items()}
    for part in ("address", "partner"):
        asked["agency"][part] = {**asked["agency"][part]}
    personal: dict[str, Any] = {}
    for *above, name in PERSONAL_PATHS:
        source, target = asked, personal
        for step in above:
            source, target = source[step], target.setdefault(step, {})
        target[name] = source.pop(name)
    return asked, personal


def join(asked: dict[str, Any], personal: dict[str, Any]) -> dict[str, Any]:
    """Put a form together again, in the model's own order."""
    merged = _merge(asked, personal)
    return {name: merged[name] for name in RequestForm.model_fields if name in merged}


def _merge(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {**one}
    for key, value in other.items():
        both[key] = _merge(both[key], value) if isinstance(both.get(key), dict) else value
    return both
