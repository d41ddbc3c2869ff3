"""The five program types and the ten essential elements."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.core.words import Line
from app.editions.kinds import HTML, BodyHTML, Fields, Filter, Item, Kind, Lines, Markdown, Record, Slugs


class ClinicianOnScene(StrEnum):
    """Whether a clinician comes to the scene."""

    NO = "no"
    YES = "yes"
    BY_APPOINTMENT = "by_appointment"
    VARIES = "varies"


class Proactive(StrEnum):
    """Whether the program acts before a crisis."""

    NO = "no"
    PARTLY = "partly"
    YES = "yes"
    VARIES = "varies"


class ClinicianEmployer(StrEnum):
    """Who employs the clinician."""

    NONE = "none"
    PROVIDER = "provider"
    POLICE = "police"
    PROVIDER_OR_POLICE = "provider_or_police"
    MIXED = "mixed"


class Degree(StrEnum):
    """A rough degree."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    VARIES = "varies"


class ProgramAttributes(Fields):
    """What sets the types apart, at a glance. The editors' summary, not an official rating."""

    clinician_on_scene: ClinicianOnScene
    proactive: Proactive
    officer_training: Line
    clinician_employer: ClinicianEmployer
    cost: Degree
    rural_fit: Degree


class ProgramTypeFields(Fields):
    """What a program type says."""

    position: int = Field(ge=1, le=1000)
    definition: Markdown
    goals: Lines
    training: Markdown
    organizational_structure: Markdown
    staffing: Markdown
    suits: Markdown = Field(description="Which agencies and places it suits.")
    strengths: Lines
    limits: Lines
    attributes: ProgramAttributes
    examples: Slugs = Field(default=[], description="Learning sites that work this way.")
    topics: Slugs = []
    resources: Slugs = []
    measures: Slugs = []


class ProgramTypeRecord(Record, ProgramTypeFields):
    """One record of `seed_data/program_types.yaml`."""


class ProgramType(Item, ProgramTypeFields):
    """One of the five approaches to a police-mental health collaboration."""

    definition_html: HTML
    training_html: HTML
    organizational_structure_html: HTML
    staffing_html: HTML
    suits_html: HTML


class ElementCard(Fields):
    """What a list tells of an essential element."""

    number: int = Field(ge=1, le=1000)
    definition: Markdown
    covers: Annotated[list[Line], Field(max_length=12)]
    topics: Slugs = Field(default=[], description="Topics that go deeper.")
    resources: Slugs = []
    measures: Slugs = []


class ElementFields(ElementCard):
    """What an essential element says."""

    body: Markdown


class ElementRecord(Record, ElementFields):
    """One record of `seed_data/essential_elements.yaml`."""


class ElementBrief(Item, ElementCard):
    """An essential element without its body."""

    definition_html: HTML


class EssentialElement(Item, ElementFields):
    """One of the ten essential elements of a specialized law enforcement-based program."""

    definition_html: HTML
    body_html: BodyHTML


PROGRAM_TYPE = Kind(
    name="program-type",
    plural="program-types",
    file="program_types",
    record=ProgramTypeRecord,
    item=ProgramType,
    order=("position",),
    path=lambda item: f"/learning/types-of-pmhc-programs/{item['slug']}",
    markdown=("definition", "training", "organizational_structure", "staffing", "suits"),
    filters={
        "learning_site": Filter("examples", "learning-site"),
    },
    links={"examples": "learning-site", "topics": "topic", "resources": "resource", "measures": "measure"},
    prose=("definition", "training", "organizational_structure", "staffing", "suits", "goals", "strengths", "limits"),
)

ESSENTIAL_ELEMENT = Kind(
    name="essential-element",
    plural="essential-elements",
    file="essential_elements",
    record=ElementRecord,
    item=EssentialElement,
    order=("number",),
    path=lambda item: f"/learning/essential-elements/{item['slug']}",
    markdown=("definition", "body"),
    heavy=("body", "body_html"),
    filters={"topic": Filter("topics", "topic")},
    links={"topics": "topic", "resources": "resource", "measures": "measure"},
    prose=("definition", "covers", "body"),
)
