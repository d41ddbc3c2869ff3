"""What an editor is shown of a change, and what an author is told of a field."""

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from app.editions.advice import in_words
from app.editions.shown import BEFORE, LENGTH, around


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Figure(Strict):
    number: int
    unit: str


class Site(Strict):
    slug: str
    figures: list[Figure] | None = None


@given(st.text(max_size=900), st.text(max_size=900), st.text(max_size=900), st.text(max_size=900))
def test_the_first_difference_is_always_shown(start, one, other, end):
    before, after = f"{start}A{one}{end}", f"{start}B{other}{end}"
    old, new = around(before, after)
    assert old != new
    assert max(len(old), len(new)) <= LENGTH + 2
    assert "\n" not in old + new


def test_it_stands_between_words_of_what_is_the_same():
    start, end = "word " * 400, " word" * 400
    old, new = around(f"{start}seven{end}", f"{start}eight{end}")
    assert old.startswith("…" + start[-BEFORE:] + "seven word")
    assert new.startswith("…" + start[-BEFORE:] + "eight word")
    assert old.endswith("…")
    assert around("same, longer", "same") == ("same, longer", "same")
    assert around(["a"], None) == ('["a"]', "null")


def told(**data) -> str:
    try:
        Site(**data)
    except ValidationError as error:
        return in_words(error.errors()[0], Site)
    raise AssertionError("it was taken")


def test_an_author_is_told_what_to_write():
    assert told(slug="x", slugs=1) == "there is no such field here; is slug meant? Known here: figures, slug"
    assert told(slug="x", figures=[{"number": 1, "unit": "%", "colour": "red"}]) == (
        "there is no such field here; leave it out. Known here: number, unit"
    )
    assert told(slug="x", figures="many") == "write a list"
    assert told() == "this is required"
