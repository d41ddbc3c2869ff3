"""Every letter, word by word; text and HTML say the same; the HTML can be read by everybody.

The letters are kept in `golden/`. After a change that is meant: `REWRITE_LETTERS=1 .venv/bin/pytest tests/mail`, and
read the difference.
"""

import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from app.core.notices import Recipient
from app.core.words import STATES
from app.mail.render import Place, UnknownKind, kinds, render
from app.mail.samples import DUE, SAMPLES, TO_STAFF, request_facts
from app.mail.times import ZONES, told
from app.tta import states
from tests.mail.reading import contrast, grade, page, words_of_page, words_of_text

GOLDEN = Path(__file__).parent / "golden"
PLACE = Place("https://toolkit.example", answers_reach_us=True)
SILENT_PLACE = Place("https://toolkit.example", answers_reach_us=False)


LATE = {
    "match": {"promise": "match", "status": "in_review"},
    "new time": {"new_due_at": DUE + timedelta(hours=14)},
    "new time for the match": {"promise": "match", "status": "in_review", "new_due_at": DUE + timedelta(days=20)},
    "met meanwhile": {"status": "confirmed", "standing": "met"},
    "ended meanwhile": {"status": "withdrawn", "standing": "ended"},
}


def cases():
    """Every kind as its sample, and every turn that a template can take."""
    made = {kind: (kind, sample.facts, PLACE, False) for kind, sample in SAMPLES.items()}
    made["tta.receipt, through a partner, from a sandbox"] = (
        "tta.receipt", request_facts("receipt", partner="Springfield CAD"), SILENT_PLACE, True,
    )  # fmt: skip
    made["tta.confirmation, late, without a match"] = (
        "tta.confirmation",
        request_facts(
            "confirmation", confirmed_at=DUE + timedelta(hours=5), match_due_at=None, helper="", next_step=""
        ),
        PLACE,
        False,
    )
    made["tta.question, through a partner"] = (
        "tta.question", request_facts("question", partner="Springfield CAD"), SILENT_PLACE, False,
    )  # fmt: skip
    made["tta.match, provider, without words"] = (
        "tta.match",
        request_facts(
            "match",
            sites=[{"name": "A provider near you", "url": "/v1/resources/essential-elements-report"}],
            reasons=[],
            next_step=None,
        ),
        PLACE,
        False,
    )
    made["tta.schedule, bare"] = (
        "tta.schedule", request_facts("schedule", ends_at=None, plan=[], note=None), PLACE, False,
    )  # fmt: skip
    made["tta.referral, bare"] = (
        "tta.referral", request_facts("referral", referred_url=None, reason=None), SILENT_PLACE, False,
    )  # fmt: skip
    made["tta.withdrawal, by staff"] = (
        "tta.withdrawal", request_facts("withdrawal", by_staff=True, reason="You asked twice."), PLACE, False,
    )  # fmt: skip
    made["tta.decline, bare"] = ("tta.decline", request_facts("decline", reason=""), SILENT_PLACE, False)
    made["tta.apology, without words"] = ("tta.apology", request_facts("apology", message=None), SILENT_PLACE, False)
    made["tta.apology, confirmed meanwhile"] = (
        "tta.apology",
        request_facts("apology", status="confirmed", met_at=DUE + timedelta(hours=3)),
        PLACE,
        False,
    )
    made["tta.apology, match"] = (
        "tta.apology",
        request_facts("apology", status="in_review", promise="match", new_due_at=DUE + timedelta(days=20)),
        PLACE,
        False,
    )
    for turn, changes in LATE.items():
        for letter_ in ("breach", "escalation"):
            more = {"step": 100} if letter_ == "escalation" else {}
            made[f"tta.{letter_}, {turn}"] = (f"tta.{letter_}", request_facts(letter_, **changes, **more), PLACE, False)
    changes_ = {
        "resume": ("in_review", None),
        "start": ("in_progress", "Come to the front."),
        "close": ("closed", None),
    }
    for change, (status, note) in changes_.items():
        made[f"tta.change, {change}"] = (
            "tta.change",
            request_facts("change", change=change, status=status, note=note, stands_still=False),
            SILENT_PLACE,
            False,
        )
    made["tta.change, hold without a clock"] = (
        "tta.change", request_facts("change", reason="other", stands_still=False), PLACE, False,
    )  # fmt: skip
    made["tta.delivery, bare"] = ("tta.delivery", request_facts("delivery", note=None), PLACE, False)
    made["tta.question, after the match"] = (
        "tta.question", request_facts("question", stands_still=False), PLACE, False,
    )  # fmt: skip
    made["tta.answer, after the match"] = ("tta.answer", request_facts("answer", runs=False), PLACE, False)
    made["tta.answer, a message"] = ("tta.answer", request_facts("answer", question=False), PLACE, False)
    made["tta.arrived, through a partner"] = (
        "tta.arrived", request_facts("arrived", partner="Springfield CAD"), PLACE, False,
    )  # fmt: skip
    for step in (50, 75, 100):
        made[f"tta.escalation, {step}"] = (
            "tta.escalation", request_facts("escalation", step=step, assignee="Maria Lopez"), PLACE, False,
        )  # fmt: skip
    made["webhook.disabled, gone"] = (
        "webhook.disabled",
        replace(SAMPLES["webhook.disabled"].facts, details={"reason": "gone", "disabled_at": DUE}),
        PLACE,
        False,
    )
    return made


CASES = cases()


def letter(case):
    kind, facts, place, sandbox = CASES[case]
    return render(kind, facts, place, SAMPLES[kind].recipient, sandbox=sandbox)


each = pytest.mark.parametrize("case", CASES)


@each
def test_a_letter_reads_as_it_is_kept(case):
    words = letter(case)
    name = re.sub(r"[ ,]+", "-", case)
    for file, content in (
        (GOLDEN / f"{name}.txt", f"Subject: {words.subject}\n\n{words.text}"),
        (GOLDEN / f"{name}.html", words.html + "\n"),
    ):
        if os.environ.get("REWRITE_LETTERS"):
            file.write_text(content, encoding="utf-8")
        assert file.read_text(encoding="utf-8") == content


def test_no_letter_is_kept_that_nobody_writes():
    names = {re.sub(r"[ ,]+", "-", case) for case in CASES}
    assert {path.stem for path in GOLDEN.glob("*.txt")} == names == {path.stem for path in GOLDEN.glob("*.html")}


@each
def test_text_and_html_say_the_same_words_in_the_same_order(case):
    words = letter(case)
    assert words_of_page(words.html) == words_of_text(words.text)


@each
def test_the_page_has_the_shape_that_reading_programs_need(case):
    words = letter(case)
    root = page(words.html)
    (html,) = root.all("html")
    assert html.attributes["lang"] == "en"
    assert root.all("title")[0].text == words.subject
    (article,) = (e for e in root.all("div") if e.attributes.get("role") == "article")
    # Web mail drops <html>; what is inside must name its language itself.
    assert article.attributes["lang"] == "en"
    ids = [e.attributes["id"] for e in root.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    assert {e.attributes["aria-labelledby"] for e in root.all() if "aria-labelledby" in e.attributes} <= set(ids)
    levels = [int(e.tag[1]) for e in root.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for lists in root.all("ul", "ol"):
        assert {e.tag for e in lists.children if not isinstance(e, str)} == {"li"}
    for pairs in root.all("dl"):
        tags = [e.tag for e in pairs.children if not isinstance(e, str)]
        assert tags == ["dt", "dd"] * (len(tags) // 2)
    for element in root.all("h1", "h2", "p", "li", "dt", "dd", "a", "blockquote"):
        assert element.text.strip(), f"an empty <{element.tag}>"


@each
def test_every_link_says_where_it_goes(case):
    targets = {}
    for link in page(letter(case).html).all("a"):
        text, href = " ".join(link.text.split()), link.attributes["href"]
        assert href.startswith(("https://", "tel:", "sms:"))
        assert len(text) >= 8
        assert "http" not in text
        assert not re.search(r"\b(here|click|link|more)\b", text, re.IGNORECASE)
        assert targets.setdefault(text, href) == href, "one text, two targets"
        assert link.style["text-decoration"] == "underline", "colour alone must not tell a link"


@each
def test_colours_stand_out_and_letters_are_large_enough(case):
    for element in page(letter(case).html).all("h1", "h2", "p", "li", "dt", "dd", "a", "blockquote"):
        colour, ground = element.inherited("color"), element.inherited("background-color")
        assert contrast(colour, ground) >= 7, element.tag
        assert float(element.inherited("font-size").removesuffix("px")) >= 16


@each
def test_nothing_is_loaded_when_a_letter_is_read(case):
    html = letter(case).html
    tags = {e.tag for e in page(html).all()}
    assert not tags & {"img", "link", "script", "iframe", "object", "svg", "video", "audio", "form", "table", "style"}
    assert "url(" not in html
    assert "@import" not in html


@each
def test_lines_are_short_and_subjects_fit(case):
    words = letter(case)
    assert len(words.subject) <= 78
    for line in words.text.split("\n"):
        assert len(line) <= 72 or re.fullmatch(r"\s*https://\S+", line)


@each
def test_letters_are_plain_language(case):
    prose = " ".join(line for line in letter(case).text.split("\n") if not re.fullmatch(r"=+|-+|.*https://.*", line))
    assert grade(prose) <= 10


@pytest.mark.parametrize("kind", [kind for kind, sample in SAMPLES.items() if sample.recipient is not Recipient.STAFF])
def test_every_letter_to_the_outside_says_whom_to_call_in_a_crisis(kind):
    words = letter(kind)
    flat = " ".join(words.text.split())
    assert "call 911" in flat
    assert "call 988 or text 988" in flat
    hrefs = {a.attributes["href"] for a in page(words.html).all("a")}
    assert {"tel:911", "tel:988", "sms:988"} <= hrefs


def test_there_is_a_letter_for_each_that_the_desk_owes():
    assert {letter.value for letter in states.Letter} == {kind for kind in kinds() if kind.startswith("tta.")}
    assert {letter.value for letter in states.TO_STAFF} == TO_STAFF
    assert set(SAMPLES) == set(kinds())


@pytest.mark.parametrize("status", states.Status)
def test_every_status_is_explained(status):
    words = render("tta.message", request_facts("message", status=status.value), PLACE, Recipient.REQUESTER)
    assert re.search(rf'"{status.replace("_", " ")}": \w+', " ".join(words.text.split()))


def test_an_unknown_name_is_an_error_and_never_a_gap():
    facts = SAMPLES["tta.receipt"].facts
    bare = replace(facts, details={k: v for k, v in facts.details.items() if k != "due_at"})
    with pytest.raises(UndefinedError):
        render("tta.receipt", bare, PLACE, Recipient.REQUESTER)


@pytest.mark.parametrize("kind", ["tta.unheard_of", "_layout", "../render", "tta.receipt.txt.j2"])
def test_an_unknown_kind_is_refused(kind):
    with pytest.raises(UnknownKind):
        render(kind, SAMPLES["tta.receipt"].facts, PLACE, Recipient.REQUESTER)


PIECES = [
    *"<>&\"'{}%#\r\n\t =-:@/ab\x00\x1b\u2028\u202e",
    "</div>",
    "<script>",
    "{{ x }}",
    "<!--",
    "]]>",
    "</blockquote>",
]
HOSTILE = st.lists(st.sampled_from(PIECES), min_size=1, max_size=30).map("".join)


@settings(deadline=None)
@given(HOSTILE)
def test_words_of_people_are_words_and_nothing_else(said):
    facts = replace(
        request_facts("message", message=said, agency=said, partner=said), name=said, reference="TTA-2026-7Q4M2K"
    )
    words = render("tta.message", facts, PLACE, Recipient.REQUESTER)
    plain = letter("tta.message")
    assert "\n" not in words.subject
    # Whatever was said, the elements are the same, but for the paragraphs and breaks of the quotation.
    shape = [e.tag for e in page(words.html).all() if e.tag not in {"p", "br"}]
    assert shape == [e.tag for e in page(plain.html).all() if e.tag not in {"p", "br"}]
    assert {a.attributes["href"] for a in page(words.html).all("a")} == {
        a.attributes["href"] for a in page(plain.html).all("a")
    }


def test_times_are_told_where_the_agency_is_and_in_utc():
    due = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
    central = "Tuesday, November 24, 2026, at 9:30 p.m. Central Time (03:30 UTC on November 25)"
    assert told(due, "TX") == central
    assert told(due, None) == "Wednesday, November 25, 2026, at 03:30 UTC"
    assert told(due, "GU").startswith("Wednesday, November 25, 2026, at 1:30 p.m. Chamorro Time (03:30 UTC)")
    assert "12:00 noon Eastern Time" in told(datetime(2026, 7, 1, 16, tzinfo=UTC), "NY")
    assert "12:00 midnight Eastern Time" in told(datetime(2026, 7, 1, 4, tzinfo=UTC), "NY")
    assert "12:30 a.m. Eastern Time" in told(datetime(2026, 7, 1, 4, 30, tzinfo=UTC), "NY")


def test_every_state_and_territory_has_a_time():
    assert set(ZONES) == set(STATES)


@settings(deadline=None)
@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), st.sampled_from(sorted(STATES)))  # noqa: DTZ001
def test_both_times_of_a_letter_name_the_same_instant(naive, state):
    instant = naive.replace(tzinfo=UTC, second=0, microsecond=0)
    said = told(instant, state)
    day, clock = re.match(r"(\w+, \w+ \d+, \d+), at ([\d:]+ (?:[ap]\.m\.|noon|midnight))", said).groups()
    clock = clock.replace("12:00 noon", "12:00 p.m.").replace("12:00 midnight", "12:00 a.m.").replace(".", "").upper()
    zone = ZONES[state][0]
    here = datetime.strptime(f"{day} {clock}", "%A, %B %d, %Y %I:%M %p").replace(tzinfo=zone)
    # In the hour that autumn repeats, the clock on the wall is the same twice; UTC beside it tells them apart.
    assert instant in {here.astimezone(UTC), here.replace(fold=1).astimezone(UTC)}
    assert f"({instant:%H:%M} UTC" in said
