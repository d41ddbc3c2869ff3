"""How text is read, how typing errors are found, and what a snippet shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.search.question import Question, Word
from app.search.snippets import LONGEST, Marks, to_html
from app.search.spelling import Dictionary, distance, one_edit
from app.search.words import locate, name_of, read_word, stem, stems_of


@pytest.mark.parametrize(
    ("written", "stems", "joined"),
    [
        ("Officers", ("offic",), None),
        ("officer’s", ("offic",), None),
        ("KPIs", ("kpi",), None),
        ("I/DD", ("idd",), None),
        ("S.R.O.", ("sro",), None),
        ("co-responder", ("co", "respond"), "corespond"),
        ("drop-off", ("drop",), "dropoff"),
        ("Doña", ("dona",), None),
        ("5150", ("5150",), None),
        ("the", (), None),
    ],
)
def test_a_word_is_read(written, stems, joined):
    reading = next(locate(written)).reading
    assert (reading.stems, reading.joined) == (stems, joined)


def test_words_on_both_sides_of_stop_words_are_neighbours():
    assert stems_of("use of the force") == stems_of("Use-force") == ("use", "forc")
    assert name_of("What is a PMHC program?") == "what is a pmhc program"


@given(st.text(max_size=60))
def test_places_are_those_of_the_text(text):
    for word in locate(text):
        assert read_word(text[word.start : word.end]) == word.reading


words = st.text("abcde", min_size=1, max_size=6)


@given(words)
def test_one_edit_is_a_distance_of_one(word):
    assert {distance(word, each) for each in one_edit(word)} == {1}


@given(words, words)
def test_a_distance_of_one_is_one_edit(one, other):
    assert (distance(one, other) == 1) == (other in one_edit(one))
    assert distance(one, other) == distance(other, one) >= (one != other)


def test_the_word_more_items_use_was_meant():
    words = {"training": 40, "straining": 1, "draining": 90, "intervention": 9, "jail": 3, "5151": 2}
    dictionary = Dictionary(words, lambda *_: False)
    assert dictionary.meant("trainng") == "training"
    assert dictionary.meant("intervetnion") == "intervention"
    assert dictionary.meant("intrvetion") == "intervention"  # two edits, in a long word
    assert dictionary.meant("trining") == "training"
    for left_alone in ("jal", "5150", "entirely", "xqzv"):
        assert dictionary.meant(left_alone) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sherrif", "sheriff"),
        ("comitee", "committee"),
        ("vetrens", "veterans"),
        ("zherrif", None),  # the first letter is another
        ("committees", "committee"),  # one edit comes before two
        ("sharrof", None),  # two other letters
        ("serif", None),  # five letters: too few for two edits
    ],
)
def test_from_seven_letters_on_two_edits_are_forgiven_with_caution(typed, meant):
    dictionary = Dictionary(
        {"sheriff": 9, "committee": 5, "veterans": 3, "coming": 50, "sheriffs": 20}, lambda *_: False
    )
    assert dictionary.meant(typed) == meant


def test_two_words_that_stand_side_by_side_may_be_typed_as_one():
    words = {"mental": 90, "health": 95, "site": 40, "learning": 50, "al": 9, "ment": 1, "alhealth": 1, "mentally": 7}
    dictionary = Dictionary(words, lambda *pair: pair in {("mental", "health"), ("learning", "site"), ("al", "site")})
    assert dictionary.meant("mentalhealth") == "mental health"
    assert dictionary.meant("learningsite") == "learning site"
    for left_alone in ("healthmental", "alsite", "mentalsite", "healthsite"):
        assert dictionary.meant(left_alone) is None


def marks(*typed):
    asked = [Word(word, stem(word)) for word in typed]
    return Marks(Question(asked, " ".join(typed), None, [], set()), {word.stem: 5 for word in asked})


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Crisis teams help.\nA long line about jail.", "<mark>Crisis</mark> teams help."),
        ("Nothing here.\nThe jail and the crisis line.", "The <mark>jail</mark> and the <mark>crisis</mark> line."),
        ("The jail crisis.", "The <mark>jail crisis</mark>."),
        ("Nothing at all.", "Nothing at all."),
        ("Prejail & <crisis>", "Prejail &amp; &lt;<mark>crisis</mark>&gt;"),
        ("İn a Crisis, a crisis", "İn a Crisis, a <mark>crisis</mark>"),
    ],
)
def test_the_line_that_tells_most_is_shown_and_marked(lines, expected):
    assert to_html(marks("crisis", "jail").snippet(lines.encode())) == expected


def test_a_long_line_is_cut_around_its_first_mark():
    line = f"{'Some words before. ' * 30}Here the crisis begins{' and goes on' * 60}."
    parts = marks("crisis").snippet(f"Summary.\n{line}".encode())
    text = "".join(part.text for part in parts)
    assert text.startswith("… Here the crisis begins")
    assert text.endswith(" …")
    assert len(text) <= LONGEST + 4
    assert [part.text for part in parts if part.marked] == ["crisis"]
