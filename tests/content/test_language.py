"""Plain language, respect, and pages that everybody can read, with a screen reader too."""

import re
from itertools import pairwise
from statistics import mean

import pytest

from tests.content.prose import (
    PARSER,
    blocks,
    bodies,
    count_syllables,
    grade,
    items,
    of_kind,
    spoken,
    texts,
    words,
)

HARDEST, AVERAGE = 10.5, 9.0
ENOUGH = 40
"""Words from which on a grade says something about a text."""
UNKIND = (
    r"the mentally ill", r"mentally ill (people|persons?|individuals?|adults?|offenders?|inmates?|patients?)",
    r"suffer(s|ing|ed)? (from|with)", r"sufferers?", r"victims? of (a |an )?(mental|illness|disorder|depression)",
    r"commit(s|ted|ting)? suicide", r"EDPs?", r"emotionally disturbed", r"high[- ]utili[sz]ers?",
    r"frequent[- ](flyers?|fliers?|callers?)", r"crazy", r"insane", r"lunatics?", r"psychotics", r"schizophrenics?",
    r"addicts?", r"alcoholics", r"retard\w*", r"handicap\w*", r"wheelchair[- ]bound", r"mental patients?",
    r"(drug|substance) abusers?", r"normal people", r"homeless (people|persons?|man|men|woman|women)",
    r"the (homeless|disabled)(?! (adult|outreach|people|services?|team|unit))", r"offenders?", r"prisoners?",
    r"inmates?",
)  # fmt: skip
"""Words that put an illness or a situation before the person."""
NAMES = ("National Inmate Survey",)
"""Names that others gave and that nobody can change."""
NOWHERE = re.compile(
    r"(click |see |read |learn |find out )?(here|more|this|that|link|this (link|page|site|topic)|page|details?)",
    re.IGNORECASE,
)

AMOUNT = re.compile(r"(about|up to|at least|(more|less|fewer) than) \d|\d[\d,.]* (percent|of|in)\b", re.IGNORECASE)
"""A figure tells what is said, not where a link goes."""


def read_by_people():
    """Every string that is ours, with its place; titles of publications and what sources say are not."""
    for (kind, slug), item in items().items():
        if kind in ("source", "synonyms"):
            continue
        for name, value in item.items():
            ours = name not in ("sources", "former_slugs", "url") and not name.endswith("_html")
            if ours and not (kind == "resource" and name == "title"):
                yield from ((f"{kind}/{slug}.{name}", text) for text in strings(value, name))


def strings(value, name):
    if isinstance(value, str):
        # The notes under a body are titles of publications.
        yield re.sub(r"^\[\^[^\]]+\]: .*$", "", value, flags=re.MULTILINE)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(inner, key) if key not in ("sources", "slug", "url") else ()
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, name)


@pytest.mark.parametrize("text", bodies(), ids=lambda text: text.where)
def test_a_body_reads_at_grade_ten_or_below(text):
    assert grade(text.markdown) <= HARDEST


def test_so_does_every_other_text_of_some_length():
    hard = {t.where: grade(t.markdown) for t in texts() if words(t.markdown) >= ENOUGH}
    assert {where: found for where, found in hard.items() if found > HARDEST} == {}


def test_the_toolkit_as_a_whole_reads_more_easily_still():
    assert mean(grade(text.markdown) for text in bodies()) <= AVERAGE


@pytest.mark.parametrize(
    ("word", "count"),
    [("people", 2), ("collaboration", 5), ("police", 2), ("CIT", 3), ("co-responder", 4), ("trained", 1), ("needed", 2),
     ("911", 1), ("services", 3), ("calls", 1), ("table", 2), ("crisis", 2), ("situation", 4), ("agencies", 3)],
)  # fmt: skip
def test_syllables_are_counted_as_they_are_spoken(word, count):
    assert count_syllables(word) == count


def test_a_hard_text_is_found_to_be_hard():
    hard = "Interdisciplinary collaboration necessitates organizational accommodation of institutional heterogeneity."
    assert grade(hard) > 18
    assert grade("The cat sat on the mat. It was a good cat.") < 3


def test_a_topic_has_250_to_600_words():
    lengths = {topic["slug"]: words(topic["body"]) for topic in of_kind("topic")}
    assert {slug: n for slug, n in lengths.items() if not 250 <= n <= 600} == {}


def test_summaries_are_short_and_plain():
    for (kind, slug), item in items().items():
        if kind not in ("source", "synonyms"):
            assert 30 <= len(item["summary"]) <= 280, (kind, slug)
            assert not re.search(r"\[\^|\]\(|[*_`#]", item["summary"]), (kind, slug)


@pytest.mark.parametrize("word", UNKIND)
def test_the_person_comes_first(word):
    pattern = re.compile(rf"\b({word})\b", re.IGNORECASE)
    found = []
    for where, text in read_by_people():
        for name in NAMES:
            text = text.replace(name, "")  # noqa: PLW2901
        found += [(where, match[0]) for match in pattern.finditer(text)]
    assert found == []


def test_link_texts_say_where_they_go():
    for text in texts():
        targets: dict[str, set[str]] = {}
        for said, target in links(text.markdown):
            assert len(said) >= 4, (text.where, said)
            assert not NOWHERE.fullmatch(said), (text.where, said)
            assert not AMOUNT.match(said), (text.where, said)
            assert not re.search(r"https?:|www\.|\.(gov|org|com)\b", said), (text.where, said)
            targets.setdefault(said.lower(), set()).add(target)
        assert all(len(each) == 1 for each in targets.values()), (text.where, targets)


def test_no_bare_address_stands_in_a_text():
    for text in texts():
        for block in blocks(text.markdown):
            assert not re.search(r"https?:|www\.", re.sub(r"\]\([^)]*\)", "]", block.content)), text.where


def links(markdown):
    for token in PARSER.parse(markdown):
        inner = token.children or []
        for place, child in enumerate(inner):
            if child.type == "link_open":
                end = next(n for n in range(place, len(inner)) if inner[n].type == "link_close")
                yield "".join(part.content for part in inner[place + 1 : end]).strip(), child.attrs["href"]


def test_every_image_has_an_alternative_text():
    for text in texts():
        for token in PARSER.parse(text.markdown):
            for child in token.children or []:
                if child.type == "image":
                    assert len(child.content.split()) >= 3, text.where
    for (kind, slug), item in items().items():
        for name, value in item.items():
            if name.endswith("_html"):
                for html in value if isinstance(value, list) else [value]:
                    assert "<img" not in (html or "") or 'alt="' in html, (kind, slug)


def test_tables_have_headers_that_name_every_column():
    for text in texts():
        for block in blocks(text.markdown):
            if block.kind == "header":
                assert all(cell.strip() for cell in block.content.split(" | ")), text.where
    for (kind, slug), item in items().items():
        html = item.get("body_html") or item.get("answer_html") or ""
        assert html.count("<th") - html.count("<thead") == html.count('<th scope="col"'), (kind, slug)


def test_headings_begin_at_the_second_level_and_skip_none():
    for text in texts():
        found = [block for block in blocks(text.markdown) if block.kind == "heading"]
        levels = [1, *(heading.level for heading in found)]
        assert all(after <= before + 1 for before, after in pairwise(levels)), text.where
        assert all(level >= 2 for level in levels[1:]), text.where
        names = [spoken(heading.content) for heading in found]
        assert len(names) == len(set(names)), text.where
        assert all(name and name[-1] not in ".:;," for name in names), text.where
        if text.kind == "topic":
            assert len(found) >= 3, text.where


def test_a_heading_is_followed_by_something():
    for text in texts():
        for before, after in pairwise([*blocks(text.markdown), None]):
            deeper = after is not None and after.kind == "heading" and after.level > before.level
            assert before.kind != "heading" or (after is not None and (after.kind != "heading" or deeper)), text.where
