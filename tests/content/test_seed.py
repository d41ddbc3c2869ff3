"""The real content: how much of it there is, that it holds together, and what happens to a mistake."""

import shutil

import pytest
from typer.testing import CliRunner

from app.cli import app as command_line
from app.contents import KINDS
from app.editions import load
from tests.content.prose import items, of_kind
from tests.make import ROOT, anyio_thread

SEED = ROOT / "seed_data"
COUNTED = {
    "section": 5, "topic": 16, "program-type": 5, "essential-element": 10, "learning-site": 10, "page": 8,
    "measure": 34, "faq": 24, "toolkit": 1,
}  # fmt: skip
AT_LEAST = {"resource": 38, "fact": 30, "source": 150, "synonyms": 50}
PAGES = {"introduction", "about", "focused_tools", "opportunities", "request_tta", "contact", "fact_sheet"}


@pytest.mark.parametrize("kind", [*COUNTED, *AT_LEAST])
def test_everything_is_there(kind):
    found = len(of_kind(kind))
    assert found == COUNTED[kind] if kind in COUNTED else found >= AT_LEAST[kind]


def test_every_page_of_the_home_page_is_there_and_two_fact_sheets():
    kinds = [page["kind"] for page in of_kind("page")]
    assert set(kinds) == PAGES
    assert kinds.count("fact_sheet") == 2


def test_elements_sections_and_measures_are_numbered_without_a_gap():
    assert sorted(e["number"] for e in of_kind("essential-element")) == list(range(1, 11))
    assert sorted(s["number"] for s in of_kind("section")) == [1, 2, 3, 4, 5]
    assert sorted(m["code"] for m in of_kind("measure")) == [f"M{n:02}" for n in range(1, 35)]


def test_every_element_has_a_topic_that_goes_deeper_and_every_type_an_example():
    assert all(element["topics"] for element in of_kind("essential-element"))
    assert all(kind["examples"] for kind in of_kind("program-type"))


def test_examples_and_sites_name_each_other():
    for kind in of_kind("program-type"):
        for slug in kind["examples"]:
            assert kind["slug"] in items()["learning-site", slug]["program_types"], (kind["slug"], slug)


def test_every_measure_says_how_it_is_counted():
    for measure in of_kind("measure"):
        assert measure["numerator"]
        assert measure["unit"]
        assert measure["data_source"]
        assert measure["goals"]


# --- mistakes ---------------------------------------------------------------------------------------------------------

TOPIC = "topics/cit-training.yaml"
MISTAKES = {
    "a link to a topic that does not exist": (TOPIC, "section: training", "section: trainig",
                                              "section: there is no section called 'trainig'"),
    "a source that is not in the registry": (TOPIC, "[^compton-cit-review-2008]", "[^compton-2080]",
                                             "sources: there is no source called 'compton-2080' in the registry"),
    "a link in a text that leads nowhere": (TOPIC, "](learning-site:", "](learning-site:x-",
                                            "body: links to learning-site:x-"),
    "a field that does not exist": (TOPIC, "section: training", "section: training\ncolour: red",
                                    "colour: there is no such field here; leave it out. Known here: body, "),
    "a field that is written otherwise": (TOPIC, "section: training", "section: training\nformer_slug: x",
                                          "former_slug: there is no such field here; is former_slugs meant? Known"),
    "a number out of range": (TOPIC, "position: ", "position: -", "position: input should be greater"),
    "a related page that is gone": ("pages/about.yaml", "{type: topic, slug: ", "{type: topic, slug: no-",
                                    "related: there is no topic called 'no-"),
}  # fmt: skip


@pytest.fixture
def written(tmp_path):
    """A copy of the content, to make mistakes in."""
    shutil.copytree(SEED, tmp_path / "seed")
    return tmp_path / "seed"


def change(folder, file, before, after):
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_names_file_record_and_field(written, mistake):
    file, before, after, told = MISTAKES[mistake]
    change(written, file, before, after)
    with pytest.raises(load.ContentError) as refused:
        load.check(load.read(written, KINDS))
    (fault,) = {str(fault) for fault in refused.value.faults}
    record = file.rsplit("/", 1)[1].removesuffix(".yaml")
    assert fault.startswith(f"{file}: {record}: {told}")


def test_a_slug_used_twice_and_broken_yaml_name_their_place(written):
    change(written, "faqs.yaml", "- slug: what-does-it-cost", "- slug: who-may-ask")
    with pytest.raises(load.ContentError, match=r"faqs\.yaml: who-may-ask: slug: is also the slug of a record in faqs"):
        load.check(load.read(written, KINDS))
    change(written, TOPIC, "position:", "position: 1\nposition:")
    with pytest.raises(load.ContentError, match=r"cit-training\.yaml: line \d+: -: found duplicate key"):
        load.read(written, KINDS)
    (written / "notes.txt").write_text("Remember the milk.")
    with pytest.raises(load.ContentError, match=r"notes\.txt: .*no kind of content is kept in this file"):
        load.read(written, KINDS)


def test_a_mistake_of_shape_in_one_file_hides_no_lost_reference_in_another(written):
    change(written, TOPIC, "section: training", "section: training\ncolour: red")
    change(written, "pages/about.yaml", "{type: topic, slug: ", "{type: topic, slug: no-")
    with pytest.raises(load.ContentError) as refused:
        load.check(load.read(written, KINDS))
    told = sorted(str(fault) for fault in refused.value.faults)
    # What names the topic that has a mistake is itself without one.
    assert [line.split(": there is no ")[0] for line in told] == [
        "pages/about.yaml: about: related",
        "topics/cit-training.yaml: cit-training: colour",
    ]


def test_broken_yaml_in_two_files_is_told_of_both(written):
    for file in (TOPIC, "pages/about.yaml"):
        change(written, file, "title:", "title: [")
    with pytest.raises(load.ContentError) as refused:
        load.read(written, KINDS)
    assert {fault.file for fault in refused.value.faults} == {TOPIC, "pages/about.yaml"}


async def test_with_one_mistake_nothing_is_loaded_and_every_one_is_told(written, bare, bare_url, monkeypatch):
    change(written, TOPIC, "section: training", "section: trainig")
    change(written, "pages/about.yaml", "{type: topic, slug: ", "{type: topic, slug: no-")
    monkeypatch.setenv("APP_DATABASE_URL", bare_url)
    monkeypatch.setenv("APP_LOG_LEVEL", "error")
    done = await anyio_thread(CliRunner().invoke, command_line, ["load", str(written)])
    assert done.exit_code == 1
    assert "topics/cit-training.yaml: cit-training: section:" in done.stderr
    assert "pages/about.yaml: about: related:" in done.stderr
    assert "2 mistake(s); nothing was loaded." in done.stderr
    await bare.state.shelf.refresh()
    assert (await bare.client.get("/v1/editions")).json()["items"] == []
