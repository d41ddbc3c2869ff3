"""One letter through a real mail server, over TLS and AUTH, and every way in which it can fail; and into a folder."""

import asyncio
import socket
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP as POLICY
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.mailbox import TLS, BadAddress, Folder, Relay, mail_target, mailbox, sender_mailbox
from app.mail.message import Envelope, build
from app.mail.render import Words
from app.mail.sender import Unsent, into_folder, way_out
from tests.mail.post import HANG, PASSWORD, USER, post_office

NOW = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
ENVELOPE = Envelope(
    UUID("0199ab00-0000-7000-8000-000000000001"),
    UUID("0199ab00-0000-7000-8000-0000000000ff"),
    sender_mailbox("PMHC Toolkit <toolkit@pmhc.example>"),
    mailbox("jo@mañana.example", "Jo Doé"),
    mailbox("desk@pmhc.example"),
)
WORDS = Words("Wörds", "Line one\n.\nFrom here — on\n", "<p>Line one</p>\n")
LETTER = build(ENVELOPE, WORDS, NOW)


def url(post, scheme="smtp", **options):
    login = f"{USER}:{quote(PASSWORD, safe='')}@" if options.pop("login", False) else ""
    query = "&".join(f"{name}={value}" for name, value in options.items())
    return f"{scheme}://{login}127.0.0.1:{post.port}" + (f"?{query}" if query else "")


@asynccontextmanager
async def talking(answer):
    """A server that does with each connection what `answer` does; gives its port."""
    talks = []

    async def talk(reader, writer):
        talks.append(asyncio.current_task())
        await answer(reader, writer)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
    await asyncio.gather(*talks)


async def send(written, seconds=5.0, letter=LETTER):
    return await way_out(mail_target(written), seconds)(letter, "name")


async def test_a_letter_goes_out_over_tls_with_a_password(tmp_path):
    async with post_office(tmp_path, tls="implicit", auth=True) as post:
        assert await send(url(post, "smtps", login=True, ca=tmp_path / "ca.pem")) == "smtp-250"
    assert post.logins == [USER]
    assert post.encrypted == [True]
    assert post.envelopes == [("toolkit@pmhc.example", ["jo@xn--maana-pta.example"])]


async def test_a_letter_goes_out_over_starttls_with_a_password(tmp_path):
    async with post_office(tmp_path, tls="starttls", auth=True) as post:
        await send(url(post, login=True, tls="required", ca=tmp_path / "ca.pem"))
    assert post.encrypted == [True]
    (letter,) = post.letters
    assert letter["From"] == "PMHC Toolkit <toolkit@pmhc.example>"
    assert letter["To"].addresses[0].display_name == "Jo Doé"
    assert letter["Subject"] == "Wörds"
    assert letter["Date"].datetime == NOW
    assert letter["Message-ID"] == "<0199ab00-0000-7000-8000-000000000001@pmhc.example>"
    assert letter["References"] == "<0199ab00-0000-7000-8000-0000000000ff@pmhc.example>"
    assert letter["Reply-To"] == "desk@pmhc.example"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_type() == "multipart/alternative"
    text, html = letter.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == WORDS.text
    assert html.get_content().replace("\r\n", "\n") == WORDS.html


async def test_on_this_machine_a_letter_may_go_in_the_clear(tmp_path):
    async with post_office(tmp_path) as post:
        await send(url(post))
    assert post.encrypted == [False]


async def test_without_starttls_nothing_is_said_in_the_clear(tmp_path):
    async with post_office(tmp_path) as post:
        with pytest.raises(Unsent) as caught:
            await send(url(post, tls="required", login=True))
    assert (caught.value.code, caught.value.for_good) == ("smtp-refused", False)
    assert post.letters == post.logins == []


@pytest.mark.parametrize(("tls", "scheme"), [("implicit", "smtps"), ("starttls", "smtp")])
async def test_a_certificate_of_a_stranger_is_refused_and_the_letter_waits(tmp_path, tls, scheme):
    async with post_office(tmp_path, tls=tls) as post:
        with pytest.raises(Unsent) as caught:
            await send(url(post, scheme, **({"tls": "required"} if scheme == "smtp" else {})))
    assert (caught.value.code, caught.value.for_good) == ("tls", False)
    assert post.letters == []


@pytest.mark.parametrize(
    ("answer", "code", "for_good"),
    [("451 later", "smtp-451", False), ("550 no", "smtp-550", True), ("421 closing", "smtp-421", False)],
)
async def test_what_the_server_answers_to_the_letter_or_its_recipient_decides(tmp_path, answer, code, for_good):
    async with post_office(tmp_path) as post:
        post.script = [answer]
        with pytest.raises(Unsent) as caught:
            await send(url(post))
        assert (caught.value.code, caught.value.for_good) == (code, for_good)
        post.recipients = [answer]
        with pytest.raises(Unsent) as caught:
            await send(url(post))
        assert (caught.value.code, caught.value.for_good) == (code, for_good)
        assert post.letters == []
        assert await send(url(post)) == "smtp-250"


async def test_a_wrong_password_is_our_fault_and_loses_no_letter(tmp_path):
    async with post_office(tmp_path, tls="implicit", auth=True) as post:
        wrong = f"smtps://desk:wrong@127.0.0.1:{post.port}?ca={tmp_path / 'ca.pem'}"
        with pytest.raises(Unsent) as caught:
            await send(wrong)
        assert (caught.value.code, caught.value.for_good) == ("login-535", False)
        with pytest.raises(Unsent) as caught:
            await send(f"smtps://127.0.0.1:{post.port}?ca={tmp_path / 'ca.pem'}")
        assert (caught.value.code, caught.value.for_good) == ("smtp-530", False)


async def test_a_server_that_hangs_is_left_when_its_time_is_up(tmp_path):
    async with post_office(tmp_path) as post:
        post.script = [HANG]
        with pytest.raises(Unsent) as caught:
            await send(url(post), seconds=0.2)
    assert (caught.value.code, caught.value.for_good) == ("timeout", False)


async def test_a_server_that_says_nothing_at_all_is_left_too():
    async def silent(reader, writer):
        await reader.read()

    async with talking(silent) as port:
        with pytest.raises(Unsent) as caught:
            await send(f"smtp://127.0.0.1:{port}", seconds=0.2)
    assert (caught.value.code, caught.value.for_good) == ("timeout", False)


async def test_a_server_that_is_not_there_is_for_later():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(Unsent) as caught:
        await send(f"smtp://127.0.0.1:{port}")
    assert (caught.value.code, caught.value.for_good) == ("unreachable", False)


async def test_once_taken_a_letter_is_sent_whatever_the_server_does_then():
    """It takes the letter and hangs up without a goodbye."""

    async def rude(reader, writer):
        writer.write(b"220 post\r\n")
        while line := await reader.readline():
            if line.startswith(b"DATA"):
                writer.write(b"354 go\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 taken\r\n")
                await writer.drain()
                break
            writer.write(b"250 ok\r\n")

    async with talking(rude) as port:
        assert await send(f"smtp://127.0.0.1:{port}") == "smtp-250"


async def test_a_folder_holds_one_whole_file_for_each_letter(tmp_path):
    keep = into_folder(tmp_path / "deep" / "mail")
    assert await keep(LETTER, "one") == "file"
    assert await keep(LETTER, "one") == "file"
    files = list((tmp_path / "deep" / "mail").iterdir())
    assert [file.name for file in files] == ["one.eml"]
    assert message_from_bytes(files[0].read_bytes(), policy=POLICY)["Message-ID"] == ENVELOPE.message_id


async def test_a_folder_that_cannot_be_written_is_for_later_and_leaves_nothing(tmp_path):
    (tmp_path / "mail").write_text("in the way")
    with pytest.raises(Unsent) as caught:
        await into_folder(tmp_path / "mail")(LETTER, "one")
    assert (caught.value.code, caught.value.for_good) == ("file-eexist", False)
    (tmp_path / "folder" / "one.eml").mkdir(parents=True)
    with pytest.raises(Unsent) as caught:
        await into_folder(tmp_path / "folder")(LETTER, "one")
    assert caught.value.code == "file-eisdir"
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["one.eml"]


def test_the_same_letter_is_the_same_bytes():
    assert build(ENVELOPE, WORDS, NOW).as_bytes() == LETTER.as_bytes()


PIECES = [
    "\r\n",
    "\n",
    "\r",
    "\x00",
    "\u2028",
    "\x85",
    "Bcc: a@b.example",
    ": ",
    "a",
    "é",
    '"',
    "<",
    ">",
    ",",
    " ",
    "\t",
    "=?",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join) | st.text(max_size=120))
def test_no_name_adds_a_header_or_a_recipient(name):
    envelope = Envelope(ENVELOPE.notice_id, ENVELOPE.subject_id, ENVELOPE.sender, mailbox("jo@a.example", name), None)
    read = message_from_bytes(build(envelope, WORDS, NOW).as_bytes(), policy=POLICY)
    plain = build(ENVELOPE, WORDS, NOW)
    assert sorted(read.keys()) == sorted(name for name in plain.keys() if name != "Reply-To")  # noqa: SIM118
    assert [address.addr_spec for address in read["To"].addresses] == ["jo@a.example"]
    assert next(read.iter_parts()).get_content().replace("\r\n", "\n") == WORDS.text


@pytest.mark.parametrize(
    "address",
    ["jo@a.example\r\nBcc: x@b.example", "jo@a.example, x@b.example", "jo", "", "jo@", "@a.example", "jo @a.example",
     "jo@a.example>", "<jo@a.example>", "jo@a..example", "jo\x00@a.example"],
)  # fmt: skip
def test_what_is_no_single_address_is_refused(address):
    with pytest.raises(BadAddress):
        mailbox(address)


def test_a_subject_with_a_line_break_is_refused():
    with pytest.raises(ValueError, match=r"linefeed|newline|CR"):
        build(ENVELOPE, Words("one\r\nBcc: x@b.example", "t", "h"), NOW)


@pytest.mark.parametrize(
    ("written", "name", "spec"),
    [
        ("toolkit@pmhc.example", "", "toolkit@pmhc.example"),
        ("PMHC Toolkit <toolkit@pmhc.example>", "PMHC Toolkit", "toolkit@pmhc.example"),
        ('"Toolkit, PMHC" <toolkit@localhost> ', "Toolkit PMHC", "toolkit@localhost"),
    ],
)
def test_the_sender_is_read_as_people_write_it(written, name, spec):
    read = sender_mailbox(written)
    assert (read.display_name, read.addr_spec) == (name, spec)


def test_mail_addresses_are_read():
    assert mail_target("file:").path.parts == ("var", "mail")
    assert str(mail_target("file:/srv/mail").path) == "/srv/mail"
    assert str(mail_target("file:///srv/mail").path) == "/srv/mail"
    relay = mail_target("smtp://me:p%40ss@relay.example")
    assert (relay.host, relay.port, relay.tls, relay.user, relay.password) == (
        "relay.example", 587, TLS.STARTTLS, "me", "p@ss",
    )  # fmt: skip
    assert mail_target("smtps://relay.example").port == 465
    assert mail_target("smtps://127.0.0.1").tls is TLS.IMPLICIT
    for here in ("localhost", "127.0.0.1", "127.8.8.8", "[::1]"):
        assert mail_target(f"smtp://{here}:25").tls is TLS.NONE
        assert mail_target(f"smtp://{here}:25?tls=required").tls is TLS.STARTTLS
    for elsewhere in ("localhost.example", "10.0.0.1", "mail"):
        assert mail_target(f"smtp://{elsewhere}:25").tls is TLS.STARTTLS
    assert isinstance(mail_target("file:x"), Folder)
    assert "p@ss" not in repr(relay)
    assert isinstance(relay, Relay)


@pytest.mark.parametrize(
    "written",
    ["", "mail.example", "http://relay.example", "smtp://", "smtp://relay.example/path", "smtp://relay.example:port",
     "smtp://me@relay.example", "smtp://relay.example?tls=none", "smtp://relay.example?starttls=no", "smtp://:25"],
)  # fmt: skip
def test_a_mail_address_that_cannot_be_meant_is_refused_without_repeating_it(written):
    with pytest.raises(ValueError, match=r"^(must|has|knows)") as caught:
        mail_target(written)
    assert "relay" not in str(caught.value)
