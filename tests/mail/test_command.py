"""What an operator sees of letters: `pmhc mail preview`, `pmhc mail try`; and settings that are refused."""

import asyncio
from email import message_from_bytes
from email.policy import SMTP as POLICY

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from app.cli import app
from app.core.settings import Settings
from app.mail.samples import SAMPLES
from tests.mail.post import HANG, post_office

PRODUCTION = {
    "env": "production", "secret": "0123456789abcdef0123456789abcdef", "public_url": "https://api.example.gov",
}  # fmt: skip


@pytest.fixture
def pmhc(monkeypatch, tmp_path):
    """Runs a command in a thread of its own, so that a mail server can answer it from this loop."""
    monkeypatch.setenv("APP_PUBLIC_URL", "https://toolkit.example")
    monkeypatch.setenv("APP_MAIL_TIMEOUT", "0.5")
    monkeypatch.setenv("APP_LOG_LEVEL", "error")
    monkeypatch.chdir(tmp_path)

    async def run(*arguments, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return await asyncio.to_thread(CliRunner().invoke, app, ["mail", *arguments])

    return run


async def test_a_preview_shows_each_letter_and_its_html(pmhc):
    listed = await pmhc("preview")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == sorted(SAMPLES)
    text = await pmhc("preview", "tta.receipt")
    assert text.stdout.startswith("Subject: We have your request TTA-2026-7Q4M2K\n\nWe have your request\n====")
    assert "https://toolkit.example/v1/tta-requests/" in text.stdout
    html = await pmhc("preview", "tta.receipt", "--html")
    assert html.stdout.startswith("<!DOCTYPE html>")


async def test_a_letter_that_does_not_exist_is_answered_with_those_that_do(pmhc):
    done = await pmhc("preview", "tta.unheard_of")
    assert done.exit_code == 1
    assert "tta.receipt, " in done.stderr


async def test_the_way_out_can_be_tried(pmhc, tmp_path):
    done = await pmhc("try", "me@agency.example")
    assert (done.exit_code, done.stderr) == (0, "The letter went out (file).\n")
    (file,) = (tmp_path / "var" / "mail").iterdir()
    letter = message_from_bytes(file.read_bytes(), policy=POLICY)
    assert (letter["To"], letter["Subject"]) == ("me@agency.example", "The PMHC Toolkit can send letters")
    async with post_office(tmp_path) as post:
        there = {"APP_MAIL_URL": f"smtp://127.0.0.1:{post.port}"}
        assert (await pmhc("try", "me@agency.example", **there)).exit_code == 0
        post.script = ["550 no", HANG]
        done = await pmhc("try", "me@agency.example")
        assert (done.exit_code, done.stderr) == (1, "The letter did not go out: smtp-550.\n")
        done = await pmhc("try", "me@agency.example")
        assert (done.exit_code, done.stderr) == (1, "The letter did not go out: timeout.\n")
    assert (await pmhc("try", "nobody")).exit_code == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"mail_url": "smtp://me@relay.example"},
        {"mail_url": "relay.example"},
        {"mail_from": "nobody"},
        {"mail_from": "A <a@b.example>\r\nBcc: x@y.example"},
        {"staff_mail": "desk"},
        {"mail_timeout": 0},
        {**PRODUCTION, "mail_url": "smtp://relay.example", "staff_mail": "desk@agency.example"},
        {**PRODUCTION, "mail_url": "smtp://relay.example", "mail_from": "a@agency.example"},
    ],
)
def test_settings_that_could_send_no_letter_are_refused_at_the_start(wrong):
    with pytest.raises(ValidationError, match=r"must|greater"):
        Settings(**wrong)


def test_a_password_is_never_shown():
    settings = Settings(mail_url="smtps://desk:hidden-word@relay.example")
    assert "hidden-word" not in repr(settings) + str(settings)
    with pytest.raises(ValidationError) as caught:
        Settings(mail_url="smtp://desk:hidden-word@relay.example/path")
    assert "hidden-word" not in str(caught.value)


def test_settings_for_letters_in_production_are_accepted_when_they_are_whole():
    for way in (
        {"mail_url": "file:"},
        {"mail_url": "smtp://r.example", "mail_from": "a@b.example", "staff_mail": "c@d.example"},
    ):
        assert Settings(**PRODUCTION, **way).is_mute is (way["mail_url"] == "file:")
    assert not Settings(mail_url="file:").is_mute
