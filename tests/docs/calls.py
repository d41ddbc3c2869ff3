"""The calls whose answers the documentation shows. An operation without one fails `test_examples.py`.

A call names an operation and what to send; its answer is made by running it. A long answer is shortened by asking for
less, never by editing it. `GENERAL` are the refusals that are the same on every operation.

A call may use what an earlier one answered: `"$name.key"`, where `name` is the earlier call's.
"""

from typing import Any

from tests.docs.call import NOT_YET, Call, General
from tests.docs.partner_calls import PARTNER_CALLS

BAD_KEY = "pmhc_EXAMPLE00000_0000000000000000000000000000000000000000000000000"
SPARSE = {"fields": ["slug", "title", "summary"]}


def kind(plural: str, singular: str, slug: str, wrong: dict[str, Any], **shown: dict[str, Any]) -> list[Call]:
    """The four calls that every kind of content has in its documentation."""
    return [
        Call(f"list{plural}", "first", "The first, and where the list goes on", query={"limit": 1}),
        Call(f"list{plural}", "sparse", "Three fields of each of five", query={"limit": 5, **SPARSE}),
        *(Call(f"list{plural}", name, name.replace("_", " ").capitalize(), query=q) for name, q in shown.items()),
        Call(f"list{plural}", "refused", "A filter that names nothing", query=wrong, status=422),
        Call(f"list{plural}", "no_such_edition", NOT_YET, query={"edition": 999}, status=404),
        Call(f"get{singular}", "whole", "The whole item", path={"slug": slug}),
        Call(f"get{singular}", "sparse", "Three fields of it", path={"slug": slug}, query=SPARSE),
        Call(f"get{singular}", "not_found", "A slug that is not there", path={"slug": "no-such-slug"}, status=404),
        Call(f"get{singular}", "refused", "A field that is not there", path={"slug": slug},
             query={"fields": ["colour"]}, status=422),
    ]  # fmt: skip


AGENCY = {
    "sworn_officers": 180,
    "setting": "suburban",
    "state": "TX",
    "program_types": ["co-responder-team"],
    "aims": ["dispatch", "follow_up"],
}

CALLS: list[Call | str] = [
    Call("getService", "service", "What this is, and links to everything"),
    Call("listProblems", "problems", "Every kind of refusal"),
    Call("getProblem", "invalid", "What `/problems/invalid` says", path={"slug": "invalid"}),
    Call("getProblem", "not_found", "A kind that is not there", path={"slug": "no-such-kind"}, status=404),
    Call("getToolkit", "without_sections", "The tree, but for its sections and pages",
         query={"fields": ["title", "summary", "edition", "published_at", "featured", "counts", "links"]}),
    Call("getToolkit", "no_such_edition", NOT_YET, query={"edition": 999}, status=404),
    *kind("Pages", "Page", "introduction", {"kind": ["poster"]}, fact_sheets={"kind": ["fact_sheet"], **SPARSE}),
    *kind("Sections", "Section", "training", {"sort": "colour"}),
    *kind("Topics", "Topic", "mental-health-first-aid-training", {"section": ["no-such-section"]},
          of_a_section={"section": ["training"], **SPARSE}),
    *kind("ProgramTypes", "ProgramType", "tailored-approach", {"sort": "colour"}),
    *kind("EssentialElements", "EssentialElement", "organizational-support", {"sort": "colour"}),
    *kind("LearningSites", "LearningSite", "madison-police-department", {"state": ["XX"]},
          in_texas={"state": ["TX"], "fields": ["slug", "title", "city"]},
          near_a_place={"near": "29.76,-95.37", "radius_km": 500, "fields": ["slug", "title", "distance_km"]},
          as_geojson={"format": "geojson", "limit": 1, "fields": ["slug", "title"]}),
    Call("matchLearningSites", "suburban", "A suburban agency in Texas, the best match only", query={"limit": 1},
         body=AGENCY),
    Call("matchLearningSites", "no_such_edition", NOT_YET, query={"edition": 999}, body={}, status=404),
    Call("matchLearningSites", "refused", "Two mistakes, told at once", body={"setting": "moon", "colour": "red"},
         status=422),
    *kind("Resources", "Resource", "sapd-procedure-611", {"kind": ["poster"]},
          for_dispatchers={"audience": ["dispatch"], "limit": 3, **SPARSE}),
    *kind("Facts", "Fact", "violent-victimization-2012", {"group": ["astrology"]},
          on_the_infographic={"on_infographic": True, "fields": ["slug", "title", "value", "unit", "year"]}),
    *kind("FAQs", "FAQ", "who-should-come", {"topic": ["no-such-topic"]}),
    *kind("Measures", "Measure", "m25", {"goal": ["fame"]},
          outcomes={"kind": ["outcome"], "limit": 3, **SPARSE}),
    *kind("Sources", "Source", "bja-learning-page", {"sort": "colour"}),
    Call("searchToolkit", "typo", "A question with a typing error", query={"q": "crisis intervetion", "limit": 2}),
    Call("searchToolkit", "refused", "A question without words", query={"q": ""}, status=422),
    Call("searchToolkit", "no_such_edition", NOT_YET, query={"q": "dispatch", "edition": 999}, status=404),
    *kind("Synonyms", "Synonyms", "cit", {"slug": ["No Slug"]}),
    Call("listEditions", "newest", "The newest editions", query={"limit": 2}),
    Call("listEditions", "refused", "A number that is none", query={"before": 0}, status=422),
    Call("getEdition", "first", "The first edition", path={"number": 1}),
    Call("getEdition", "no_such_edition", NOT_YET, path={"number": 999}, status=404),
    Call("listChanges", "first", "The first change of all", query={"after": 0, "limit": 1}),
    Call("listChanges", "no_such_edition", NOT_YET, query={"after": 999}, status=404),
    Call("exportToolkit", "ndjson", "NDJSON: the first line of many", query={"format": "ndjson"}, first=1),
    Call("exportToolkit", "json", "JSON: the first item of many", query={"format": "json"}, first=1),
    Call("exportToolkit", "no_such_edition", NOT_YET, query={"edition": 999}, status=404),
    Call("resolvePath", "found", "A front end's path", query={"path": "/training/cit-training"}),
    Call("resolvePath", "not_found", "A path that never was", query={"path": "/no/such/place"}, status=404),
    Call("getLiveness", "alive", "The process answers"),
    Call("getVersion", "version", "Build, database schema and edition"),
    Call("getAccessMatrix", "first", "The first of each list", first=1),
    Call("listEventTypes", "first", "The first type of many", first=1),
    Call("getReadiness", "ready", "Everything that is needed is there"),
    Call("getMetrics", "first", "The first lines", first=3),
    *PARTNER_CALLS,
]  # fmt: skip

RETIRED = {
    ("page", "contact"): "Page",
    ("section", "training"): "Section",
    ("topic", "cit-training"): "Topic",
    ("program-type", "tailored-approach"): "ProgramType",
    ("essential-element", "organizational-support"): "EssentialElement",
    ("learning-site", "madison-police-department"): "LearningSite",
    ("resource", "sapd-procedure-611"): "Resource",
    ("fact", "violent-victimization-2012"): "Fact",
    ("faq", "who-should-come"): "FAQ",
    ("measure", "m25"): "Measure",
    ("source", "bja-learning-page"): "Source",
    ("synonyms", "cit"): "Synonyms",
}
"""What a second edition leaves out, and how operations call it."""
OF_WHAT_IS_GONE: list[Call] = [
    *(Call(f"get{name}", "retired", "What a later edition retired", path={"slug": slug}, status=410)
      for (_, slug), name in RETIRED.items()),
    Call("resolvePath", "retired", "The path of what was retired", query={"path": "/training/cit-training"},
         status=410),
]  # fmt: skip
"""Asked after that edition."""

GENERAL: list[General] = [
    General("malformed", "A body that is not JSON", "/v1/learning-sites/match", "POST",
            {"content-type": "application/json"}, b'{"setting": '),
    General("bad_key", "A key that was mistyped", "/v1/topics", headers={"authorization": f"Bearer {BAD_KEY}"}),
    General("not_found", "An address that is not there", "/v1/unicorns"),
    General("csv", "A format that is not offered", "/v1/topics", headers={"accept": "text/csv"}),
    General("too_large", "A body of half a megabyte", "/v1/learning-sites/match", "POST",
            {"content-type": "application/json"}, b" " * 500_000),
    General("too_long", "An address of nine thousand bytes", "/v1/topics?slug=" + "a" * 9_000),
    General("form", "A form in place of JSON", "/v1/learning-sites/match", "POST",
            {"content-type": "application/x-www-form-urlencoded"}, b"setting=urban"),
    General("unknown_parameter", "Two mistakes, told at once", "/v1/topics?colour=red&limit=0"),
    General("headers", "Headers of forty thousand bytes", "/v1/learning-sites/match", "POST",
            {"x-large": "a" * 40_000}, b"{}"),
    General("too_many", "One request too many", "/v1/topics?limit=2", broken="limit"),
    General("failed", "A fault of the server's own", "/v1/topics?limit=3", broken="program"),
    General("database_away", "The database is out of reach", "/v1/editions", broken="database"),
]  # fmt: skip

NOT_SHOWN = {
    "createWebhookEndpoint 409": "it takes fifty endpoints to be refused the next",
    "advanceSandboxClock 409": "it takes two moves at once",
    "submitContact 409": "it takes fifty submissions in a sandbox to be refused the next",
}
"""Refusals that are not shown, and why."""
WITHOUT_AN_ANSWER = {
    "streamEvents": "a stream has no end",
    "downloadAttachment": "the bytes of a file",
    "deleteSandbox": "nothing is answered",
    "deleteWebhookEndpoint": "nothing is answered",
}
"""Operations whose success is not shown, and why."""
