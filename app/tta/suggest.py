"""Learning sites that fit a request, with reasons; and requests of the same partner that look like it.

The comparison is the published one of `POST /v1/learning-sites/match`: the desk, a dry run and the public endpoint can
never disagree about why a site fits.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Invalid
from app.core.text import fold
from app.editions.snapshot import Entry, Snapshot
from app.sites.content import LEARNING_SITE, Setting, SiteKind, SiteStrength, SizeBand
from app.sites.matching import matchable, rank, weigh
from app.sites.terms import TERMS, Agency
from app.tta.choices import AgencyType, ProblemType, RequestKind
from app.tta.models import TTARequest
from app.tta.personal import Contact
from app.tta.plan import Asked

SUGGESTED, DUPLICATES = 5, 10
LOOK_BACK = timedelta(days=90)
_JURISDICTIONS: Mapping[str, SiteKind] = MappingProxyType({
    AgencyType.MUNICIPAL_POLICE: SiteKind.CITY,
    AgencyType.SHERIFF: SiteKind.COUNTY,
    AgencyType.CAMPUS_POLICE: SiteKind.CAMPUS,
})  # fmt: skip
_AIMS: Mapping[str, SiteStrength] = MappingProxyType({
    ProblemType.SAFETY: SiteStrength.CRISIS_RESPONSE,
    ProblemType.REPEAT_CALLS: SiteStrength.FOLLOW_UP,
    RequestKind.TRAINING: SiteStrength.TRAINING,
})  # fmt: skip


def described(asked: Mapping[str, Any]) -> Agency:
    """An agency as matching takes it, from the form without personal data."""
    agency = asked["agency"]
    campus = agency["type"] == AgencyType.CAMPUS_POLICE
    wanted = [*asked["problems"], asked["kind"]]
    return Agency(
        size=SizeBand(agency["size"]) if agency["size"] else None,
        setting=Setting.CAMPUS if campus else None,
        kind=_JURISDICTIONS.get(agency["type"]),
        state=agency["state"],
        program_types=frozenset(asked["program_types"]),
        aims=frozenset(_AIMS[word] for word in wanted if word in _AIMS),
    )


def suggested(shown: Snapshot, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sites that fit best, best first."""
    agency, sites = described(asked), matchable(shown)
    entries = shown[LEARNING_SITE.name].entries
    return [_told(entries[match.position], agency, match.terms) for match in rank(agency, sites, SUGGESTED)]


def why_matched(shown: Snapshot, request: TTARequest, slugs: Sequence[str], *, provider: bool) -> dict[str, Any]:
    """How well the named sites fit, as it is said at this moment; kept with the request."""
    collection = shown[LEARNING_SITE.name]
    unknown = [place for place, slug in enumerate(slugs) if slug not in collection.by_slug]
    if unknown:
        told = "No learning site has this slug; `GET /v1/learning-sites` lists them."
        raise Invalid([{"pointer": f"/sites/{place}", "detail": told} for place in unknown])
    if not slugs and not provider:
        raise Invalid([{"pointer": "/sites", "detail": "Name at least one learning site, or a provider."}])
    agency, sites = described(request.asked), matchable(shown)
    found = []
    for slug in slugs:
        site = sites[collection.by_slug[slug]]
        terms = [weigh(term, agency, site) for term in TERMS if term.asked(agency)]
        found.append(_told(collection.entries[site.position], agency, terms))
    return {"edition": shown.number, "sites": found}


def _told(entry: Entry, agency: Agency, terms: Sequence[Any]) -> dict[str, Any]:
    return {
        "slug": entry.slug,
        "title": entry.keys["title"],
        "href": entry.href,
        "score": sum(term.contribution for term in terms),
        "highest": sum(term.weight for term in TERMS if term.asked(agency)),
        "terms": [
            {"name": t.name, "contribution": t.contribution, "weight": t.weight, "reason": t.reason} for t in terms
        ],
    }


async def likely_duplicates(session: AsyncSession, asked: Asked) -> list[dict[str, Any]]:
    """The partner's own requests of late that look alike; another's are never looked at."""
    if asked.owner_id is None:
        return []
    agency, email = fold(asked.form.agency.name)[:240], asked.form.contact.email.casefold()
    r = TTARequest
    alike = or_(r.digest == asked.digest, r.agency_key == agency, Contact.email_key == email)
    wanted = (
        select(r, Contact.email_key)
        .join(Contact, Contact.request_id == r.id)
        .where(r.owner_id == asked.owner_id, r.received_at > asked.moment.now - LOOK_BACK, alike)
        .order_by(r.due_at.desc(), r.id.desc())
        .limit(DUPLICATES)
    )
    rows = (await session.execute(wanted)).all()
    return [
        {
            "id": row.id, "reference": row.reference, "href": f"/v1/tta-requests/{row.id}", "status": row.status,
            "received_at": row.received_at,
            "alike": [
                name
                for name, same in (
                    ("body", row.digest == asked.digest),
                    ("agency", row.agency_key == agency),
                    ("email", email_key == email),
                    ("topics", bool(set(row.asked["topics"]) & set(asked.form.topics))),
                )
                if same
            ],
        }
        for row, email_key in rows
    ]  # fmt: skip
