"""Questions, policies and training materials: taken, kept, reviewed, answered, and nobody else's to see."""

import asyncio
import hashlib
import io
import threading
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from app.contact import routes, service
from app.contact.files import open_files
from app.contact.models import ContactPerson
from app.contact.sniff import ENTRIES_LIMIT, FILE_LIMIT, PIECE, TYPES, judge, media_type_of
from app.contact.states import BY_SENDER, STEPS, Action, ForbiddenContactMove, Kind, Status, step
from app.core.idempotency import IdempotencyRow
from tests.access.make import a_key, an_owner
from tests.make import running
from tests.ops.make import free_port

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)
QUESTION = {
    "kind": "question", "name": "Jo Doe", "email": "Jo.Doe@Springfield.example", "subject": "Size of a team",
    "message": "How many officers does a co-responder team need?",
}  # fmt: skip
POLICY = {
    **QUESTION, "kind": "policy", "subject": "Our crisis policy", "topic": "policies-and-procedures",
    "may_be_shared": True, "nothing_personal": True,
    "attachments": [{"filename": "policy.pdf", "media_type": "application/pdf"}],
}  # fmt: skip
PATH = "/v1/contact-submissions"


@pytest.fixture
async def desk(database_url, tmp_path):
    async with running(database_url, files_url=f"file:{tmp_path}/files", mail_url=f"file:{tmp_path}/mail") as world:
        yield world


@pytest.fixture
async def staff(desk):
    return {"Authorization": f"Bearer {await a_key(desk, 'staff')}"}


def office(part):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(part, "<x/>")
    return packed.getvalue()


async def send(desk, body, **headers):
    answer = await desk.client.post(PATH, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def opened(receipt):
    return {"X-Status-Token": receipt["status_token"]}


async def test_a_question_is_received_answered_and_settled(desk, staff):
    receipt = await send(desk, QUESTION)
    assert receipt["status"] == "received"
    assert receipt["reference"].startswith("PMHC-2026-")
    for action, words in (("review", None), ("answer", "Two to begin with, we would say."), ("close", None)):
        body = {"action": action, "words": words}
        moved = await desk.client.post(f"{receipt['href']}/actions", json=body, headers=staff)
        assert moved.status_code == 200, moved.text
    seen = (await desk.client.get(receipt["href"], headers=opened(receipt))).json()
    assert (seen["status"], seen["reply"]) == ("closed", "Two to begin with, we would say.")
    assert seen["allowed_actions"] == []


async def test_what_was_sent_is_told_by_letter(desk, staff, tmp_path):
    receipt = await send(desk, QUESTION)
    await desk.client.post(
        f"{receipt['href']}/actions", json={"action": "answer", "words": "Two to begin with."}, headers=staff
    )
    await desk.drain()
    letters = " ".join(file.read_text() for file in (tmp_path / "mail").glob("*.eml"))
    assert receipt["reference"] in letters
    assert "Two to begin with." in letters


async def test_a_policy_comes_in_two_steps_and_never_publishes_itself(desk, staff):
    receipt = await send(desk, POLICY)
    [announced] = receipt["attachments"]
    assert announced["status"] == "awaited"
    headers = {**opened(receipt), "Content-Type": "application/pdf"}
    put = await desk.client.put(announced["href"], content=PDF, headers=headers)
    assert put.status_code == 200, put.text
    assert put.json()["sha256"] == hashlib.sha256(PDF).hexdigest()
    again = await desk.client.put(announced["href"], content=PDF, headers=headers)
    assert again.status_code == 200
    other = await desk.client.put(announced["href"], content=PDF + b"\n", headers=headers)
    assert other.status_code == 409
    got = await desk.client.get(announced["href"], headers=staff)
    assert got.content == PDF
    assert got.headers["content-disposition"].startswith("attachment")
    before = (await desk.client.get("/v1/editions")).json()["total"]
    for action, words in (("review", None), ("accept", "We would like to use it.")):
        await desk.client.post(f"{receipt['href']}/actions", json={"action": action, "words": words}, headers=staff)
    await desk.drain()
    assert (await desk.client.get("/v1/editions")).json()["total"] == before


async def test_words_go_to_the_sender_or_are_refused_and_an_answer_stays(desk, staff):
    receipt = await send(desk, QUESTION)
    actions = f"{receipt['href']}/actions"

    async def act(status, action, words=None, headers=staff):
        answer = await desk.client.post(actions, json={"action": action, "words": words}, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    told = await act(422, "review", "We are on it, more or less.")
    assert told["errors"][0]["pointer"] == "/words"
    await act(422, "withdraw", "It is no longer needed.", opened(receipt))
    await act(200, "answer", "Two to begin with, we would say.")
    await act(422, "close", "These words would reach nobody.")
    assert (await act(200, "close"))["reply"] == "Two to begin with, we would say."


async def test_material_is_accepted_with_its_files_and_takes_none_afterwards(desk, staff):
    two = [{"filename": f"{name}.pdf", "media_type": "application/pdf"} for name in ("policy", "annex")]
    receipt = await send(desk, {**POLICY, "attachments": two})
    first, second = (one["href"] for one in receipt["attachments"])
    headers, actions = {**opened(receipt), "Content-Type": "application/pdf"}, f"{receipt['href']}/actions"
    assert (await desk.client.put(first, content=PDF, headers=headers)).status_code == 200
    await desk.client.post(actions, json={"action": "review"}, headers=staff)
    accept = {"action": "accept", "words": "We would like to use it."}
    early = await desk.client.post(actions, json=accept, headers=staff)
    assert early.status_code == 409
    assert early.json()["detail"].startswith("1 announced")
    decline = {"action": "decline", "words": "We have a newer one of yours."}
    assert (await desk.client.post(actions, json=decline, headers=staff)).status_code == 200
    assert (await desk.client.put(second, content=PDF, headers=headers)).status_code == 409
    again = await desk.client.put(first, content=PDF, headers=headers)
    assert again.status_code == 200  # the same bytes again stay harmless


async def test_a_storage_out_of_reach_is_said_and_nothing_is_changed(desk, monkeypatch):
    receipt = await send(desk, POLICY)
    headers = {**opened(receipt), "Content-Type": "application/pdf"}
    href, real = receipt["attachments"][0]["href"], desk.state.files
    monkeypatch.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "nobody")
    desk.state.files = away = open_files("s3://attachments/here")
    put = await desk.client.put(href, content=PDF, headers=headers)
    assert put.status_code == 503
    assert "attachments" in put.json()["detail"]
    assert put.headers["retry-after"]
    desk.state.files = real
    assert (await desk.client.get(href, headers=opened(receipt))).status_code == 404
    assert (await desk.client.put(href, content=PDF, headers=headers)).status_code == 200
    desk.state.files = away
    assert (await desk.client.get(href, headers=opened(receipt))).status_code == 503


class Slow:
    """A storage that keeps nothing before it is told to."""

    def __init__(self, files) -> None:
        self.files, self.asked, self.go = files, asyncio.Event(), asyncio.Event()

    async def put(self, key, content):
        self.asked.set()
        await self.go.wait()
        await self.files.put(key, content)


async def test_while_a_storage_takes_its_time_others_write(desk):
    receipt = await send(desk, POLICY)
    headers = {**opened(receipt), "Content-Type": "application/pdf"}
    href, real = receipt["attachments"][0]["href"], desk.state.files
    desk.state.files = slow = Slow(real)
    puts = [asyncio.create_task(desk.client.put(href, content=PDF + end, headers=headers)) for end in (b"", b"\n")]
    await slow.asked.wait()
    assert (await send(desk, QUESTION))["status"] == "received"
    slow.go.set()
    answers = await asyncio.gather(*puts)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    desk.state.files = real
    kept = next(answer.json() for answer in answers if answer.status_code == 200)
    content = (await desk.client.get(href, headers=opened(receipt))).content
    assert hashlib.sha256(content).hexdigest() == kept["sha256"]


async def test_a_file_that_was_kept_before_keys_had_a_digest_is_found(desk, monkeypatch):
    receipt = await send(desk, POLICY)
    headers = {**opened(receipt), "Content-Type": "application/pdf"}
    href = receipt["attachments"][0]["href"]
    with monkeypatch.context() as then:
        key = service.file_key
        then.setattr(service, "file_key", lambda row, attachment, _digest: key(row, attachment, None))
        assert (await desk.client.put(href, content=PDF, headers=headers)).status_code == 200
    assert (await desk.client.get(href, headers=opened(receipt))).content == PDF


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<html><script>alert(1)</script></html>", 415), (b"<svg xmlns='x'/>", 415), (b"MZ\x90\x00" + b"\0" * 64, 415),
        (PNG, 415), (b"", 422), (office("word/document.xml"), 415), (b"PK\x03\x04broken", 415),
    ],
)  # fmt: skip
async def test_content_that_is_not_what_was_announced_is_refused(desk, content, why):
    receipt = await send(desk, POLICY)
    href = receipt["attachments"][0]["href"]
    headers = {**opened(receipt), "Content-Type": "application/pdf"}
    assert (await desk.client.put(href, content=content, headers=headers)).status_code == why
    assert (await desk.client.get(href, headers=opened(receipt))).status_code == 404


async def test_too_large_a_file_is_refused(desk):
    receipt = await send(desk, POLICY)
    href = receipt["attachments"][0]["href"]
    answer = await desk.client.put(href, content=PDF + b" " * FILE_LIMIT, headers=opened(receipt))
    assert answer.status_code == 413
    assert answer.json()["limit_bytes"] == FILE_LIMIT


async def test_only_where_a_file_is_uploaded_may_a_body_be_as_large_as_one(desk):
    receipt = await send(desk, POLICY)
    href = receipt["attachments"][0]["href"]
    usual = desk.settings.body_limit
    for method, path in [
        ("POST", "/v1/nothing/attachments/x"), ("PUT", "/v1/nothing/attachments/x"), ("POST", href),
        ("PUT", f"{href}/x"), ("PUT", f"{PATH}/x/attachments/y"), ("PUT", f"/v1/topics{href}"),
    ]:  # fmt: skip
        answer = await desk.client.request(method, path, content=b" " * (usual + 1), headers=opened(receipt))
        assert (answer.status_code, answer.json().get("limit_bytes")) == (413, usual), path
    put = await desk.client.put(href, content=PDF + b" " * usual, headers=opened(receipt))
    assert put.status_code == 200


async def test_the_announced_digest_is_checked(desk):
    announced = [{"filename": "policy.pdf", "media_type": "application/pdf", "sha256": "0" * 64}]
    receipt = await send(desk, {**POLICY, "attachments": announced})
    href = receipt["attachments"][0]["href"]
    assert (await desk.client.put(href, content=PDF, headers=opened(receipt))).status_code == 422


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "a/b.pdf",
        "a\\b.pdf",
        ".hidden.pdf",
        "a\x00.pdf",
        "C:policy.pdf",
        "",
        "policy\u202efdp.pdf",
        "\u2066policy.pdf",
        "policy\u200b.pdf",
        "policy\n.pdf",
        "policy\x85.pdf",
        "policy.pdf.exe",
        "policy",
        "policy.pdf.",
        "policy.pdf ",
        "run.bat",
        "policy.txt",
    ],
)
async def test_names_that_play_tricks_are_refused(desk, name):
    body = {**POLICY, "attachments": [{"filename": name, "media_type": "application/pdf"}]}
    answer = await desk.client.post(PATH, json=body)
    assert answer.status_code == 422
    assert any(e["pointer"].startswith("/attachments/0/filename") for e in answer.json()["errors"])


async def test_a_name_ends_as_its_type_demands_in_small_letters_or_large(desk):
    for media_type, names in {
        "text/plain": ["notes.TXT", "Überblick.md", "Зразок 1.csv"], "image/jpeg": ["a.jpg", "a.b.jpeg"],
        "application/pdf": ["Policy (final).PDF"],
    }.items():  # fmt: skip
        announced = [{"filename": name, "media_type": media_type} for name in names]
        assert len((await send(desk, {**POLICY, "attachments": announced}))["attachments"]) == len(names)
    for name in ("run.bat", "x.exe", "notes.txt.js", "page.html", "image.svg", "notes.pdf"):
        announced = [{"filename": name, "media_type": "text/plain"}]
        answer = await desk.client.post(PATH, json={**POLICY, "attachments": announced})
        told = [(fault["pointer"], fault["detail"]) for fault in answer.json()["errors"]]
        assert told == [("/attachments/0/filename", "Must end in .txt or .md or .csv, as its type demands.")]


async def test_material_needs_the_right_to_share_it_and_every_fault_is_named(desk):
    body = {**POLICY, "may_be_shared": False, "nothing_personal": False, "topic": "no-such-topic"}
    answer = await desk.client.post(PATH, json=body)
    assert {e["pointer"] for e in answer.json()["errors"]} == {"/may_be_shared", "/nothing_personal", "/topic"}


async def test_nobody_else_sees_it(desk, staff):
    receipt = await send(desk, QUESTION)
    other = await send(desk, QUESTION)
    partner = {"Authorization": f"Bearer {await a_key(desk)}"}
    for headers in (opened(other), {"X-Status-Token": "cst_" + "0" * 64}, partner):
        for method, path in (("GET", receipt["href"]), ("POST", receipt["href"] + "/actions")):
            body = {"action": "withdraw"} if method == "POST" else None
            assert (await desk.client.request(method, path, json=body, headers=headers)).status_code == 404
    assert (await desk.client.get(receipt["href"])).status_code == 401
    assert (await desk.client.get(PATH, headers=partner)).json()["total"] == 0
    assert (await desk.client.get(PATH, headers=staff)).json()["total"] == 2


@pytest.mark.parametrize(
    ("role", "scope", "wanted"),
    [
        ("partner", "contact:read", {"get": 200, "download": 200, "put": 403, "act": 403}),
        ("partner", "contact:submit", {"get": 403, "download": 403, "put": 200, "act": 200}),
        ("staff", "contact:read", {"get": 200, "download": 200, "put": 403, "act": 403}),
        ("staff", "contact:review", {"get": 403, "download": 403, "put": 403, "act": 409}),
        ("staff", "contact:submit", {"get": 403, "download": 403, "put": 200, "act": 403}),
    ],
)
async def test_each_scope_opens_what_it_says_and_nothing_else(desk, role, scope, wanted):
    owner = await an_owner(desk)
    full = {"Authorization": f"Bearer {await a_key(desk, owner=owner)}", "Content-Type": "application/pdf"}
    receipt = await send(desk, POLICY, Authorization=full["Authorization"])
    href = receipt["attachments"][0]["href"]
    assert (await desk.client.put(href, content=PDF, headers=full)).status_code == 200
    key = await a_key(desk, role, scopes=[scope], owner=owner if role == "partner" else None)
    auth = {"Authorization": f"Bearer {key}"}
    found = {
        "get": await desk.client.get(receipt["href"], headers=auth),
        "download": await desk.client.get(href, headers=auth),
        "put": await desk.client.put(href, content=PDF, headers={**full, **auth}),
        "act": await desk.client.post(f"{receipt['href']}/actions", json={"action": "withdraw"}, headers=auth),
    }
    assert {verb: answer.status_code for verb, answer in found.items()} == wanted


async def test_a_partner_sees_its_own_and_walks_its_list(desk):
    owner = await an_owner(desk)
    auth = {"Authorization": f"Bearer {await a_key(desk, owner=owner)}"}
    made = [(await send(desk, QUESTION, **auth))["id"] for _ in range(5)]
    seen, url = [], f"{PATH}?limit=2"
    while url:
        page = (await desk.client.get(url, headers=auth)).json()
        seen += [item["id"] for item in page["items"]]
        url = page["links"]["next"]
    assert sorted(seen) == sorted(made)


async def test_the_same_key_and_body_give_the_first_answer_again_also_at_once(desk, staff):
    headers = {"Idempotency-Key": "one-attempt-0001"}
    answers = await asyncio.gather(*(desk.client.post(PATH, json=QUESTION, headers=headers) for _ in range(5)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["id"] for a in answers}) == 1
    assert len({a.json()["status_token"] for a in answers}) == 1
    assert sum("idempotent-replayed" in a.headers for a in answers) == 4
    other = await desk.client.post(PATH, json={**QUESTION, "name": "Al"}, headers=headers)
    assert other.status_code == 422
    assert (await desk.client.get(PATH, headers=staff)).json()["total"] == 1


async def test_strangers_do_not_share_their_idempotency_keys(database_url):
    """Whoever guesses the key, and even the body, of somebody elsewhere gets nothing of his; a retry does."""
    request = {
        "contact": {"name": "Jo Doe", "email": "jo.doe@springfield.gov"}, "kind": "question",
        "agency": {"name": "Springfield Police Department", "type": "municipal_police", "state": "IL"},
        "description": "How do other agencies of our size begin?",
    }  # fmt: skip
    async with running(database_url, trusted_proxies="127.0.0.0/8") as world:

        async def posted(path, body, client):
            headers = {"Idempotency-Key": "1", "X-Forwarded-For": client}
            return await world.client.post(path, json=body, headers=headers)

        for path, body, word in ((PATH, QUESTION, "message"), ("/v1/tta-requests", request, "description")):
            first = (await posted(path, body, "2001:db8::1")).json()
            again = await posted(path, body, "2001:db8::ffff:2")
            assert (again.headers.get("Idempotent-Replayed"), again.json()) == ("true", first)
            assert (await posted(path, {**body, word: "Other words."}, "2001:db8::1")).status_code == 422
            stranger = await posted(path, body, "198.51.100.7")
            assert (stranger.status_code, "Idempotent-Replayed" in stranger.headers) == (201, False)
            assert stranger.json()["id"] != first["id"]
            assert stranger.json()["status_token"] != first["status_token"]
            other = await posted(path, {**body, word: "Somebody else's words."}, "198.51.100.8")
            assert other.status_code == 201, other.text


async def test_what_people_wrote_stays_out_of_events(desk, staff):
    canary = "canary-5150-word"
    body = {**QUESTION, "message": f"A message with a {canary} in it.", "name": canary, "subject": canary}
    receipt = await send(desk, body)
    await desk.client.post(
        f"{receipt['href']}/actions", json={"action": "answer", "words": f"So {canary} it is."}, headers=staff
    )
    await desk.drain()
    for path in ("/v1/events", "/v1/audit", "/metrics"):
        answer = await desk.client.get(path, headers=staff)
        assert answer.status_code == 200
        assert canary not in answer.text


async def test_what_people_wrote_is_not_kept_with_the_answer_and_yet_told_again(desk, staff):
    canary = "canary-5150-word"
    body = {
        **POLICY, "message": f"A message with a {canary} in it.", "name": canary, "subject": canary, "agency": canary,
        "email": f"{canary}@springfield.example",
        "attachments": [{"filename": f"{canary}-{n}.pdf", "media_type": "application/pdf"} for n in range(3)],
    }  # fmt: skip
    headers = {"Idempotency-Key": "one-attempt-0002"}
    first = await desk.client.post(PATH, json=body, headers=headers)
    assert first.text.count(canary) == 8
    async with desk.database.read() as session:
        [kept] = await session.scalars(select(IdempotencyRow.answer))
    assert canary not in kept
    await desk.client.post(f"{first.json()['href']}/actions", json={"action": "review"}, headers=staff)
    async with desk.database.write() as session:
        await session.execute(delete(ContactPerson))
    again = await desk.client.post(PATH, json=body, headers=headers)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert again.content == first.content


async def test_a_program_that_fills_in_everything_is_refused(desk):
    answer = await desk.client.post(PATH, json={**QUESTION, "website": "https://spam.example"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/website"


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("staff_acts", [True, False])
def test_a_step_that_is_not_in_the_table_is_refused(kind, status, action, staff_acts):
    found = STEPS.get((status, action))
    if found and kind in found[2] and staff_acts != (action in BY_SENDER):
        assert step(status, kind, action, staff=staff_acts)[0] is found[0]
    else:
        with pytest.raises(ForbiddenContactMove):
            step(status, kind, action, staff=staff_acts)


def test_every_type_that_is_taken_is_recognised():
    samples = {
        "application/pdf": PDF, "image/png": PNG,
        "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\0" * 32 + b"\xff\xd9",
        "text/plain": b"Plain words, one line.\n",
        **{name: office(part) for name, part in zip(list(TYPES)[1:4],
            ("word/document.xml", "ppt/presentation.xml", "xl/workbook.xml"), strict=True)},
    }  # fmt: skip
    assert {name: media_type_of(content) for name, content in samples.items()} == {name: name for name in TYPES}


def test_a_document_with_macros_is_not_taken():
    packed = io.BytesIO(office("word/document.xml"))
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("word/vbaProject.bin", b"x")
    assert media_type_of(packed.getvalue()) is None


WORD = office("word/document.xml")
DIRECTORY = WORD.index(b"PK\x01\x02")


@pytest.mark.parametrize(("place", "byte"), [(6, 99), (8, 0x01), (8, 0x41)])
async def test_a_document_that_nobody_could_open_is_refused(desk, place, byte):
    broken = bytearray(WORD)
    broken[DIRECTORY + place] = byte
    named = next(name for name in TYPES if name.endswith("wordprocessingml.document"))
    receipt = await send(desk, {**POLICY, "attachments": [{"filename": "policy.docx", "media_type": named}]})
    headers = {**opened(receipt), "Content-Type": named}
    href = receipt["attachments"][0]["href"]
    assert (await desk.client.put(href, content=bytes(broken), headers=headers)).status_code == 415
    assert (await desk.client.put(href, content=WORD, headers=headers)).status_code == 200


@given(st.integers(0, len(WORD) - 1), st.integers(0, 255))
def test_a_document_with_one_wrong_byte_is_judged_without_a_fault(place, byte):
    changed = bytearray(WORD)
    changed[place] = byte
    assert media_type_of(bytes(changed)) in {None, *TYPES}


def archive(entries):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name in ("[Content_Types].xml", "word/document.xml", *map(str, range(entries - 2))):
            file.writestr(name, b"")
    return packed.getvalue()


def test_judging_the_largest_text_takes_no_time_worth_telling():
    for content, judged in ((b"a" * FILE_LIMIT, "text/plain"), (b"a" * (FILE_LIMIT - 1) + b"\0", None)):
        began = time.thread_time()
        assert media_type_of(content) == judged
        assert time.thread_time() - began < 0.3


def test_an_archive_with_more_entries_than_a_document_has_is_none():
    assert media_type_of(archive(ENTRIES_LIMIT)) is not None
    assert media_type_of(archive(ENTRIES_LIMIT + 1)) is None


@given(st.text(), st.integers(0, 3))
def test_text_is_told_wherever_it_is_cut_into_pieces(text, more):
    printable = "".join(letter for letter in text if ord(letter) >= 32)
    content = b"a" * (PIECE - more) + printable.encode() + b"."
    assert media_type_of(content) == "text/plain"
    assert media_type_of(content + b"\x00") is None
    assert media_type_of(content + b"\xff") is None


async def test_while_a_file_is_judged_others_write_and_are_answered(desk, monkeypatch):
    asked, go = threading.Event(), threading.Event()

    def slow(content):
        asked.set()
        assert go.wait(20)
        return judge(content)

    monkeypatch.setattr(routes, "judge", slow)
    receipt = await send(desk, POLICY)
    headers = {**opened(receipt), "Content-Type": "application/pdf"}
    put = asyncio.create_task(desk.client.put(receipt["attachments"][0]["href"], content=PDF, headers=headers))
    assert await asyncio.to_thread(asked.wait, 20)
    assert (await send(desk, QUESTION))["status"] == "received"
    go.set()
    assert (await put).status_code == 200


@given(st.binary(max_size=400))
def test_any_bytes_are_judged_without_a_fault(content):
    assert media_type_of(content) in {None, *TYPES}
