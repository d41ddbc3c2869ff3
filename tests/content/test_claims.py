"""No claim without a source, no source without a degree of confidence."""

import re
from itertools import pairwise

import pytest

from app.contents import KINDS
from app.editions.kinds import Confidence
from app.editions.render import CITATION, citations
from tests.content.prose import blocks, items, of_kind, sentences, texts

CLAIM = re.compile(
    r"\d|\b(percent(age)?s?|stud(y|ies)|surveys?|surveyed|majority|half of|twice|thirds?|quarters?|millions?|"
    r"thousands?|hundreds?|dozens?|research (shows?|finds?|found|suggests?)|evidence|statistics?)\b",
    re.IGNORECASE,
)
"""What makes a sentence a claim: a number, a year, or a word that leans on somebody's finding."""
GENERAL = re.compile(
    r"\b(tends?( to)?|often|usually|mostly|typically|commonly|rarely|seldom|in general|many|few|most|likely|"
    r"(more|less) than)\b",
    re.IGNORECASE,
)
"""Words that say how the world generally is."""
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


def said_in(content):
    """What a sentence claims: no titles of publications, for links name those, and no numbers to call."""
    return NUMBERS_TO_CALL.sub("", re.sub(r"\[([^\]]*)\]\([^)]*\)", "", CITATION.sub("", content)))


@pytest.mark.parametrize("kind", sorted({text.kind for text in texts()} - {"resource"}))
def test_what_is_said_of_the_world_has_its_source_beside_it(kind):
    """In its own sentence or the next one. A resource's abstract speaks of the resource, which is its source."""
    alone = []
    for text in texts():
        led = False
        for block in blocks(text.markdown):
            if block.kind == "paragraph":
                led = block.content.endswith(":") and bool(CITATION.search(block.content))  # speaks for its list
            if text.kind != kind or block.kind in ("heading", "header") or (block.kind == "item" and led):
                continue
            each = sentences(block.content)
            for sentence, after in pairwise([*each, ""]):
                claims = GENERAL.search(said_in(sentence)) or CLAIM.search(said_in(sentence))
                if claims and "?" not in sentence and not CITATION.search(sentence + after):
                    alone.append((text.where, sentence))
    assert alone == []


def test_sentences_keep_their_citations():
    assert sentences("In the U.S. it is so [^a]. Is it? [^b] **No.** It is not [^c][^d].") == [
        "In the U.S. it is so. [^a]", "Is it? [^b]", "**No.**", "It is not. [^c][^d]",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["topic", "page", "section", "faq"])
def test_every_listed_source_is_cited(kind):
    """Where the text is the whole item. Elsewhere one may stand for a list, a note or a figure that cannot cite."""
    (field,) = {text.field for text in texts() if text.kind == kind}
    for item in of_kind(kind):
        assert {source["id"] for source in item["sources"]} == set(citations(item[field])), item["slug"]


def test_citations_are_numbered_as_they_are_met():
    for kind in KINDS:
        for item in of_kind(kind.name):
            written = [item[f"{name}_html"] for name in kind.markdown]
            html = [text for value in written for text in (value if isinstance(value, list) else [value or ""])]
            marks = [int(number) for text in html for number in re.findall(r">\[(\d+)\]</a></sup>", text)]
            assert list(dict.fromkeys(marks)) == list(range(1, len(set(marks)) + 1)), (kind.name, item["slug"])
            numbers = {source["id"]: number for number, source in enumerate(item["sources"], 1)}
            for label, number in re.findall(r'<li id="source-([^"]+)" value="(\d+)">', "".join(html)):
                assert numbers[label] == int(number), (kind.name, item["slug"])


def test_a_source_that_was_seen_can_be_found_again():
    """By its address, or by a note that says where it was seen and that no address was kept."""
    seen = {source["id"] for item in items().values() for source in item["sources"]} - {"editorial", "this-service"}
    for source in of_kind("source"):
        if source["slug"] in seen and not source["url"]:
            assert re.fullmatch(r"Seen .+; no full address was kept\.", source["note"] or ""), source["slug"]


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


@pytest.mark.parametrize("fact", of_kind("fact"), ids=lambda fact: fact["slug"])
def test_a_fact_is_one_figure_and_its_bounds_can_be_computed_with(fact):
    value, low, high, told = fact["value"], fact["low"], fact["high"], fact["value_text"]
    assert sorted(n for n in (low, value, high) if n is not None) == [n for n in (low, value, high) if n is not None]
    if re.match(r"(more than|at least|over)\b", told):
        assert low == value
        assert high is None
    elif re.match(r"(less than|fewer than|under|up to)\b", told):
        assert high == value
        assert low is None
    elif ends := re.match(r"(\d+) to (\d+)", told):
        assert (low, high) == (float(ends[1]), float(ends[2]))
    else:
        assert len(re.findall(r"\d[\d,.]*", re.sub(r"\b1 in \d|\d+ of \d", "1", told))) <= 1, "two figures"


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
