"""No claim without a source, no source without a degree of confidence."""

import re

import pytest

from app.editions.kinds import Confidence
from app.editions.render import CITATION
from tests.content.prose import blocks, items, of_kind, texts

CLAIM = re.compile(
    r"\d|\b(percent(age)?s?|stud(y|ies)|surveys?|surveyed|majority|half of|twice|thirds?|quarters?|millions?|"
    r"thousands?|hundreds?|dozens?|research (shows?|finds?|found|suggests?)|evidence|statistics?)\b",
    re.IGNORECASE,
)
"""What makes a sentence a claim: a number, a year, or a word that leans on somebody's finding."""
NUMBERS_TO_CALL = re.compile(r"\b(911|988)\b")
OF_OURSELVES = ("toolkit", "source", "synonyms")
"""Kinds that state no facts."""


@pytest.mark.parametrize("kind", sorted({text.kind for text in texts()}))
def test_no_claim_lacks_a_source(kind):
    bare = []
    for text in texts():
        for block in blocks(text.markdown):
            if text.kind != kind or block.kind in ("heading", "header"):
                continue
            said = re.sub(r"\[([^\]]*)\]\([^)]*\)", "", CITATION.sub("", block.content))  # links name titles
            if CLAIM.search(NUMBERS_TO_CALL.sub("", said)) and not CITATION.search(block.content):
                bare.append((text.where, block.content[:80]))
    assert bare == []


def test_every_item_has_a_source():
    without = [key for key, item in items().items() if not item["sources"] and key[0] not in OF_OURSELVES]
    assert without == []


def test_a_number_in_a_plain_field_is_covered_by_a_source_that_is_not_only_our_own():
    """Summaries, lists and notes cannot cite where they stand; the item's sources must."""
    for (kind, slug), item in items().items():
        if kind in OF_OURSELVES or item.get("basis") == ["editorial"]:  # a measure of our own says how we count
            continue
        plain = [item["summary"], *item.get("covers", []), *item.get("goals", []), *item.get("strengths", [])]
        if any(CLAIM.search(NUMBERS_TO_CALL.sub("", text)) for text in plain if isinstance(text, str)):
            assert any(s["confidence"] != Confidence.EDITORIAL for s in item["sources"]), (kind, slug)


def test_every_source_says_how_sure_we_are():
    known = {level.value for level in Confidence}
    for item in items().values():
        for source in item["sources"]:
            assert source["confidence"] in known
            assert source["title"]
            assert source["url"] is None or source["url"].startswith("https://")


def test_our_own_suggestions_are_never_passed_off_as_findings():
    for item in items().values():
        for source in item["sources"]:
            assert (source["confidence"] == "editorial") == (source["id"] == "editorial")


def test_labels_of_sources_are_words():
    for source in of_kind("source"):
        assert len(source["slug"]) <= 60
        assert not re.match(r"^([a-z]{1,2}\d|gk-)", source["slug"]), source["slug"]
        assert source["slug"] == "editorial" or "-" in source["slug"], source["slug"]


def test_no_publication_stands_in_the_registry_twice():
    seen = {}
    for source in of_kind("source"):
        key = (source["title"].lower(), source["publisher"], source["year"])
        assert key not in seen, (source["slug"], seen[key])
        seen[key] = source["slug"]


@pytest.mark.parametrize("fact", of_kind("fact"), ids=lambda fact: fact["slug"])
def test_a_fact_has_its_unit_population_year_and_source(fact):
    assert fact["unit"]
    assert fact["population"]
    assert fact["geography"]
    assert fact["value_text"]
    assert any(source["confidence"] != "editorial" for source in fact["sources"])
    # Where the source gives no year, none is made up, and the reader is told.
    undated = re.search(r"undated|\bno (survey )?year\b|without a (date|year)", fact["caveat"] or "")
    assert fact["year"] or undated


@pytest.mark.parametrize("site", of_kind("learning-site"), ids=lambda site: site["slug"])
def test_a_figure_of_a_site_has_its_date_and_source(site):
    labels = {source["id"] for source in site["sources"]}
    for figure in filter(None, site["figures"].values()):
        assert figure["as_of"]
        assert figure["sources"]
        assert set(figure["sources"]) <= labels


def test_no_mark_of_a_citation_or_link_is_left_in_the_html():
    for key, item in items().items():
        for name, value in item.items():
            if name.endswith("_html"):
                for html in value if isinstance(value, list) else [value or ""]:
                    assert "[^" not in html, (key, name)
                    assert not re.search(r"\]\(|href=\"[a-z-]+:(?!//|[^/])", html), (key, name)
                    assert "[?]" not in html, (key, name)
