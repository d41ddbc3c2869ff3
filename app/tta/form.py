"""The form: what a request says. One model validates it, and the same model is served as the form's JSON Schema.

Only what is needed to answer is required: whom to answer, which agency, and what is asked. Values are normalised
before they are stored. A field marked `x-personal` may hold personal data; it is stored in the one place for that
(`personal.py`), and never enters events, logs, metrics or addresses.

Everything a rule needs beside the body itself (what is published, which day it is) is handed to `checks.py`.
"""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from app.core.reach import BlankIsAbsent, Email, Phone, Stripped, WebAddress, Zip
from app.core.web import In
from app.core.words import Printable, Slug, State
from app.sites.content import SizeBand
from app.tta.choices import (
    AgencyType,
    DeliveryMode,
    GrantProgram,
    PopulationBand,
    ProblemType,
    RequestKind,
    Urgency,
)

FORM = 1
"""Raised whenever the form changes; each edition gives it its options, so a version is `<form>.<edition>`."""
PERSONAL: dict[str, Any] = {"x-personal": True}


def _unique(values: list[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _lines(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\r", "\n")


def _no_time(value: object) -> object:
    if isinstance(value, (int, float)):
        raise ValueError("must be a date such as 2027-03-15")  # noqa: TRY004 - Pydantic takes no TypeError
    return value


def _empty(value: str) -> str:
    if value:
        raise ValueError("leave this field empty: it is there to stop programs that fill in forms by themselves")
    return value


AWARD = r"^(15P[A-Z]{3}-\d{2}-[A-Z]{2}-\d{5}-[A-Z]{4}|\d{4}-[A-Z0-9]{2}-[A-Z]{2}-[A-Z0-9]{3,4})$"
"""The two forms of BJA award numbers: 15PBJA-22-GG-03015-MENT since 2021, 2020-J1-BX-002 before."""

Name = Annotated[str, Field(min_length=1, max_length=120), Printable, Stripped]
Words = Annotated[str, Field(min_length=1, max_length=5_000), Printable, AfterValidator(_lines), Stripped]
Unsaid = BlankIsAbsent
Day = Annotated[date, BeforeValidator(_no_time), Stripped]
Count = Annotated[int, Field(ge=1, le=500, strict=True)]


class Part(In):
    """A part of the form."""

    model_config = ConfigDict(json_schema_extra={"x-group": True})


class Contact(Part):
    """Whom to answer."""

    name: Name = Field(title="Name", examples=["Jo Doe"], json_schema_extra=PERSONAL)
    title: Annotated[Name | None, Unsaid] = Field(
        None, title="Job title", examples=["Training sergeant"], json_schema_extra=PERSONAL
    )
    email: Email = Field(
        title="E-mail", description="Where the receipt and every answer go.", json_schema_extra=PERSONAL
    )
    phone: Annotated[Phone | None, Unsaid] = Field(
        None, title="Telephone", description="With the area code; an extension may follow as x12.",
        json_schema_extra=PERSONAL,
    )  # fmt: skip


class Address(Part):
    """Where the agency is."""

    street: Annotated[Name | None, Unsaid] = Field(None, title="Street", json_schema_extra=PERSONAL)
    city: Annotated[Name | None, Unsaid] = Field(None, title="City", json_schema_extra=PERSONAL)
    zip: Annotated[Zip | None, Unsaid] = Field(None, title="ZIP code", json_schema_extra=PERSONAL)


class Partner(Part):
    """A partner agency, usually of mental health, that asks with you."""

    name: Annotated[Name | None, Unsaid] = Field(None, title="Partner agency")
    contact_name: Annotated[Name | None, Unsaid] = Field(
        None, title="Whom we may speak to there", json_schema_extra=PERSONAL
    )
    email: Annotated[Email | None, Unsaid] = Field(None, title="Their e-mail", json_schema_extra=PERSONAL)
    phone: Annotated[Phone | None, Unsaid] = Field(None, title="Their telephone", json_schema_extra=PERSONAL)


class Agency(Part):
    """Who asks."""

    name: Name = Field(title="Agency", examples=["Springfield Police Department"])
    type: AgencyType = Field(title="Type of agency")
    state: Annotated[State, BeforeValidator(_upper)] = Field(title="State or territory")
    size: Annotated[SizeBand | None, Unsaid] = Field(None, title="Sworn officers")
    population: Annotated[PopulationBand | None, Unsaid] = Field(None, title="People served")
    website: Annotated[WebAddress | None, Unsaid] = Field(None, title="Web page")
    address: Address = Field(Address(), title="Address")
    partner: Partner = Field(Partner(), title="Partner agency")


class Timing(Part):
    """When help is wanted."""

    start_on: Annotated[Day | None, Unsaid] = Field(None, title="Not before")
    end_on: Annotated[Day | None, Unsaid] = Field(None, title="Not after")
    urgency: Urgency = Field(Urgency.ROUTINE, title="How soon")
    reason: Annotated[Words | None, Unsaid] = Field(
        None, title="What makes it urgent, or fixes the date", json_schema_extra=PERSONAL
    )


class Travel(Part):
    """Whether supplemental funds are asked for, so that people can visit a learning site."""

    needed: bool = Field(default=False, strict=True, title="We ask for help with the cost of travel")
    travellers: Annotated[Count | None, Unsaid] = Field(None, title="How many would travel")
    who: Annotated[Words | None, Unsaid] = Field(
        None, title="Who would travel", description="Roles are enough; include your mental health partner.",
        json_schema_extra=PERSONAL,
    )  # fmt: skip
    justification: Annotated[Words | None, Unsaid] = Field(
        None, title="Why a visit, and why funds", json_schema_extra=PERSONAL
    )
    estimate_usd: Annotated[Annotated[int, Field(ge=0, le=1_000_000, strict=True)] | None, Unsaid] = Field(
        None, title="Estimate in dollars", description="A rough figure is enough; it binds nobody."
    )


class Earlier(Part):
    """Training or technical assistance that the agency had before."""

    received: Annotated[bool | None, Unsaid] = Field(None, strict=True, title="We had TTA on this before")
    details: Annotated[Words | None, Unsaid] = Field(
        None, title="From whom, when, and what came of it", json_schema_extra=PERSONAL
    )


class Grant(Part):
    """A BJA grant behind the request. None is needed."""

    program: Annotated[GrantProgram | None, Unsaid] = Field(None, title="Grant program")
    award_number: Annotated[
        Annotated[
            str,
            Field(max_length=40, pattern=AWARD, examples=["15PBJA-22-GG-03015-MENT", "2020-J1-BX-002"]),
            BeforeValidator(_upper),
        ]
        | None,
        Unsaid,
    ] = Field(None, title="Award number")


class RequestForm(Part):
    """A request for training and technical assistance. Not for emergencies: call or text 988, or call 911."""

    contact: Contact = Field(title="Contact")
    agency: Agency = Field(title="Agency")
    kind: Annotated[RequestKind | None, Unsaid] = Field(
        None, title="What do you want to do?", description="Say this, or name at least one topic, or both."
    )
    topics: Annotated[list[Slug], Field(max_length=20), AfterValidator(_unique)] = Field(
        [], title="Topics", description="Slugs of the toolkit's topics.", json_schema_extra={"x-options": "topic"}
    )
    program_types: Annotated[list[Slug], Field(max_length=10), AfterValidator(_unique)] = Field(
        [], title="Program types", description="The approaches you have or think about.",
        json_schema_extra={"x-options": "program-type"},
    )  # fmt: skip
    description: Annotated[
        str, Field(min_length=20, max_length=10_000), Printable, AfterValidator(_lines), Stripped
    ] = Field(
        title="What do you ask for?",
        description="The situation, and what you would like to learn or change. Please name no one in crisis.",
        examples=["We want to start a co-responder team and would like to see how others share information."],
        json_schema_extra=PERSONAL,
    )
    problems: Annotated[list[ProblemType], Field(max_length=5), AfterValidator(_unique)] = Field(
        [], title="What drives the request"
    )
    tried: Annotated[Words | None, Unsaid] = Field(None, title="What was tried so far", json_schema_extra=PERSONAL)
    outcome: Annotated[Words | None, Unsaid] = Field(
        None, title="What would be a good outcome", json_schema_extra=PERSONAL
    )
    delivery_modes: Annotated[list[DeliveryMode], Field(max_length=8), AfterValidator(_unique)] = Field(
        [], title="How could we help", description="Any that would suit you."
    )
    learning_sites: Annotated[list[Slug], Field(max_length=10), AfterValidator(_unique)] = Field(
        [], title="Learning sites you would like to hear from", json_schema_extra={"x-options": "learning-site"}
    )
    group_size: Annotated[Count | None, Unsaid] = Field(None, title="How many people would take part")
    timing: Timing = Field(Timing(), title="When")
    travel: Travel = Field(Travel(), title="Travel support")
    earlier: Earlier = Field(Earlier(), title="Earlier assistance")
    grant: Grant = Field(Grant(), title="Grant")
    share_with_site: bool = Field(
        default=False, strict=True, title="A learning site may contact us directly",
        description="Without it, sites hear of you through us only.",
    )  # fmt: skip
    heard_from: Annotated[Name | None, Unsaid] = Field(
        None, title="How did you hear of us?", json_schema_extra=PERSONAL
    )
    external_ref: Annotated[
        Annotated[str, Field(max_length=100, pattern=r"^[!-~]+( [!-~]+)*$", examples=["CASE-4711"]), Stripped] | None,
        Unsaid,
    ] = Field(None, title="Your own reference", description="Unique among your requests; you can search by it.")
    fax: Annotated[str, AfterValidator(_empty), Field(json_schema_extra={"maxLength": 0})] | None = Field(
        None, title="Leave this empty",
        description="People do not see this field; programs that fill in everything do, and are refused.",
        json_schema_extra={"x-honeypot": True}, exclude=True,
    )  # fmt: skip
