"""The index of an edition: exact sums, the same whether made at once or step by step, and never changed."""

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.search import bits
from app.search.building import SPARE, make_index
from app.search.documents import unpack
from app.search.ranking import search
from tests.search.make import edition, faq, slow_search, synonyms

WORDS = ("crisis", "team", "training", "officers", "calls", "CIT", "co-responder", "jail", "sharing", "Houston")
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
documents = st.builds(lambda title, summary, answer: (title, summary, answer), title=texts, summary=texts, answer=texts)
slugs = st.sampled_from([f"question-{n}" for n in range(6)])
contents = st.dictionaries(slugs, documents, max_size=6)
GROUPS = {
    ("synonyms", "cit"): synonyms("CIT", "crisis team", "crisis intervention team"),
    ("synonyms", "jail"): synonyms("jail", "calls"),
}


def as_documents(content):
    return {("faq", slug): faq(slug, *fields) for slug, fields in content.items()} | GROUPS


def answers(index, text, kinds=(), offset=0, limit=50):
    found = search(index, text, kinds, offset, limit)
    return found.total, found.counts, [(hit.entry.slug, hit.score, unpack(hit.text)) for hit in found.hits]


@example(content={"question-0": ("crisis", "crisis", "crisis")}, text="CIT")
@given(content=contents, text=texts)
def test_sums_over_bits_are_the_formula(content, text):
    index = make_index(edition(1, as_documents(content)))
    assert [(h.score, h.entry.slug) for h in search(index, text, (), 0, 50).hits] == slow_search(index, text)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(history=st.lists(contents, min_size=1, max_size=5), text=texts)
def test_an_index_made_step_by_step_answers_as_one_made_at_once(history, text):
    shown, standing, told = None, None, []
    for number, content in enumerate(history, 1):
        shown = edition(number, as_documents(content), shown)
        standing = make_index(shown, standing)
        at_once = make_index(shown)
        assert standing.spelled == at_once.spelled
        assert standing.ordered == at_once.ordered
        assert standing.postings.keys() == at_once.postings.keys()
        assert answers(standing, text) == answers(at_once, text)
        told.append((standing, answers(standing, text)))
    for index, then in told:
        index._spread.clear()
        assert answers(index, text) == then


@given(content=contents, text=texts, limit=st.integers(1, 4))
def test_pages_in_a_row_are_the_whole_list(content, text, limit):
    index = make_index(edition(1, as_documents(content)))
    total, _, whole = answers(index, text)
    pages = [hit for offset in range(0, total, limit) for hit in answers(index, text, (), offset, limit)[2]]
    assert pages == whole
    assert len(whole) == total


def test_only_what_changed_is_read_again():
    documents = {("faq", f"question-{n}"): faq(f"question-{n}", f"Question {n}") for n in range(50)} | GROUPS
    first = edition(1, documents)
    before = make_index(first)
    changed = {**documents, ("faq", "question-7"): faq("question-7", "Another title")}
    del changed["faq", "question-9"]
    after = make_index(edition(2, changed, first), before)
    kept = [slot for slot, text in after.texts.items() if text is before.texts.get(slot)]
    assert len(kept) == 48
    assert after.postings["8"] is before.postings["8"]
    assert [hit.entry.slug for hit in search(after, "another title", (), 0, 5).hits] == ["question-7"]
    assert [search(index, "9", (), 0, 5).total for index in (before, after)] == [1, 0]


def test_many_changes_do_not_make_an_index_grow_without_end():
    shown = edition(1, {("faq", "question"): faq("question", "Title 1")})
    index, widest = make_index(shown), 0
    for number in range(2, SPARE + 100):
        shown = edition(number, {("faq", "question"): faq("question", f"Title {number}")}, shown)
        index = make_index(shown, index)
        widest = max(widest, index.width)
    assert SPARE < widest <= SPARE + 2
    assert index.width < 100
    assert index.postings.keys() == make_index(shown).postings.keys()


def test_other_synonyms_are_looked_for_in_what_did_not_change():
    documents = {("faq", "a"): faq("a", "Title", answer="A warm handoff to care."), **GROUPS}
    first = edition(1, documents)
    before = make_index(first)
    assert search(before, "bridging", (), 0, 5).total == 0
    more = {**documents, ("synonyms", "bridging"): synonyms("bridging", "warm handoff")}
    after = make_index(edition(2, more, first), before)
    assert [hit.entry.slug for hit in search(after, "bridging", (), 0, 5).hits] == ["a"]


def test_an_empty_edition_is_searched_in_vain():
    found = search(make_index(edition(0, {})), "crisis", (), 0, 50)
    assert (found.total, found.hits) == (0, [])
    assert set(found.counts.values()) == {0}


@pytest.mark.parametrize(("asked", "expected"), [("m07", "m07"), ("M07", "m07"), ("transfer time", "m07")])
def test_a_code_and_a_title_are_names(asked, expected):
    measures = {
        ("measure", f"m{n:02}"): json.dumps(
            json.loads(faq(f"m{n:02}", title))
            | {"type": "measure", "code": f"M{n:02}", "definition": "M07 transfer time"}
        )
        for n, title in ((6, "Transfer time at night, and more"), (7, "Transfer time"), (8, "Something else"))
    }
    assert search(make_index(edition(1, measures)), asked, (), 0, 5).hits[0].entry.slug == expected


masks = st.integers(0, 2**70 - 1)


@given(st.lists(st.tuples(masks, st.integers(0, 900)), max_size=8), masks, st.integers(0, 2000), st.integers(0, 70))
def test_bits_do_arithmetic(terms, items, threshold, count):
    planes = []
    for mask, number in terms:
        bits.add(planes, mask, number)
    numbers = [sum(number for mask, number in terms if mask >> slot & 1) for slot in range(70)]
    assert bits.numbers(planes, range(70), 9) == numbers
    held = [slot for slot in range(70) if items >> slot & 1]
    assert list(bits.slots_of(items)) == held
    assert list(bits.slots_of(bits.at_least(planes, threshold, items))) == [s for s in held if numbers[s] >= threshold]
    ranked = sorted(sorted(held, key=lambda slot: (-numbers[slot], slot))[:count])
    assert list(bits.slots_of(bits.best(planes, items, count))) == ranked


@given(st.lists(st.tuples(st.integers(0, 31), st.integers(0, 31)), min_size=1, max_size=40))
def test_bits_compare(pairs):
    size = (len(pairs) + 7) // 8
    left, right = (
        bits.spread([slot << bits.STRENGTH_BITS | each[side] for slot, each in enumerate(pairs)], size)
        for side in (0, 1)
    )
    better = bits.greater(left, right)
    assert [better >> slot & 1 for slot in range(len(pairs))] == [int(one > other) for one, other in pairs]
    chosen = bits.choose(better, left, right)
    assert bits.numbers(chosen, range(len(pairs)), size) == [max(each) for each in pairs]
