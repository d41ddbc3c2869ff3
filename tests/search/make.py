"""Small editions for tests of the index, without a database, and the ranking done the slow way."""

import json
import math
from datetime import UTC, datetime
from itertools import pairwise

from app.contents import KINDS
from app.editions.snapshot import Collection, Snapshot, make_entry
from app.search import ranking
from app.search.documents import search_form
from app.search.index import RAREST
from app.search.words import name_of, pair

NOW = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
BY_NAME = {kind.name: kind for kind in KINDS}


def faq(slug, title, summary="A summary.", answer="An answer.", **more):
    """A document as publishing would store it, as far as searching is concerned."""
    document = {"type": "faq", "slug": slug, "title": title, "summary": summary, "href": f"/v1/faqs/{slug}"}
    return json.dumps({**document, "path": f"/faqs/{slug}", "position": 1, "answer": answer, **more})


def synonyms(*terms):
    document = {"type": "synonyms", "slug": name_of(terms[0]).replace(" ", "-"), "title": terms[0], "summary": "-"}
    return json.dumps({**document, "href": "-", "path": "-", "terms": terms})


def edition(number, documents, before=None):
    """The edition with these documents; what did not change since `before` is shared, as the shelf does."""
    entries = {name: [] for name in BY_NAME}
    for (kind, slug), document in documents.items():
        standing = before.get(kind, slug) if before else None
        same = standing is not None and json.loads(standing.stored()) == json.loads(document)
        entries[kind].append(standing if same else make_entry(BY_NAME[kind], document, number, NOW))
    collections = {name: Collection(BY_NAME[name], found) for name, found in entries.items()}
    return Snapshot(number, NOW, f"digest {number}", collections)


def slow_search(index, text):
    """The ranking as its formula says, item by item: what the sums over bits must agree with."""
    question = index.understand(text)
    found = _slowly(index, question, ranking.SHARE)
    if not found and question.said:
        found = _slowly(index, question.loosely(), ranking.LOOSE_SHARE)
    return [(-score, index.entries[slot].slug) for score, slot in sorted(found)]


def _slowly(index, question, share):
    forms = {slot: search_form(entry, index.groups.pairs).strengths for slot, entry in index.entries.items()}
    typed_in_order = [word.stem for word in question.words]
    others = {stem: [] for stem in typed_in_order}
    for said in question.said:
        for stem in typed_in_order[said.start : said.end]:
            others[stem] += [other.stems for other in said.others]
    best, rarity = {}, {}
    for stem, phrases in others.items():
        for slot, form in forms.items():
            typed = form.get(stem, 0)
            also = max((_in_a_row(form, phrase) for phrase in phrases), default=0)
            if typed or also:
                best[slot, stem] = also * ranking.SYNONYM if also > typed else typed * ranking.TYPED
        having = sum(1 for _, each in best if each == stem)
        rarity[stem] = _rarity(having, len(forms))
    asked = sum(rarity[stem] for stem in others if any(each == stem for _, each in best))
    had = {slot: sum(rarity[stem] for stem in others if (slot, stem) in best) for slot in forms}
    enough = {slot for slot in forms if had[slot] and had[slot] >= math.ceil(asked * share)}
    named = _named(index, question)
    found = []
    for slot in (enough or {slot for slot in forms if had[slot]}) | set(named):
        score = ranking.LEANING.get(index.entries[slot].kind.name, ranking.OTHERS) + named.get(slot, 0)
        score += sum(rarity[stem] * best.get((slot, stem), 0) for stem in others)
        for one, other in dict.fromkeys(pairwise(typed_in_order)):
            score += (rarity[one] + rarity[other]) * forms[slot].get(pair(one, other), 0) * ranking.PAIR
        found.append((-score, slot))
    return found


def _in_a_row(form, phrase):
    terms = [pair(one, other) for one, other in pairwise(phrase)] or [phrase[0]]
    return form.get(terms[0], 0) if all(term in form for term in terms) else 0


def _rarity(having, items):
    return max(1, round(RAREST * math.log(1 + items / having) / math.log(1 + items))) if having else RAREST


def _named(index, question):
    """What each item gains for how it is called."""
    whole = [said for said in question.said if said.end - said.start == len(question.words)]
    also = [name_of(other.label) for said in whole for other in said.others]
    gains = {}
    for names, gain in (
        ([question.name], ranking.CALLED), (also, ranking.ALSO_CALLED), (index.beginning(question.name), 0),
    ):  # fmt: skip
        for slot in {slot for name in names for slot in index.names.get(name, ())}:
            gains.setdefault(slot, []).append(gain or ranking.CALLED_SO_FAR)
    # What is called just so gains nothing more; a synonym's name and a beginning may add up.
    return {slot: gain[0] if gain[0] == ranking.CALLED else sum(gain) for slot, gain in gains.items()}
