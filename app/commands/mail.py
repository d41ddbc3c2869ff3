"""`pmhc mail`: look at letters, and try the way by which they go out."""

import asyncio
from typing import Annotated

import typer

from app.commands.common import fail, read_settings, say


def preview_letter(
    kind: Annotated[str | None, typer.Argument(help="Such as tta.receipt; without it: the list of all.")] = None,
    html: Annotated[bool, typer.Option("--html", help="The HTML instead of the plain text.")] = False,
) -> None:
    """Show a letter as it would go out, with made-up facts."""
    from app.mail.office import open_office
    from app.mail.render import render
    from app.mail.samples import SAMPLES

    place = open_office(read_settings()).place
    if kind is not None and kind not in SAMPLES:
        fail(f"There is no such letter; there are: {', '.join(sorted(SAMPLES))}.")
    for name in sorted(SAMPLES) if kind is None else [kind]:
        words = render(name, SAMPLES[name].facts, place, SAMPLES[name].recipient)
        if kind is None:
            typer.echo(f"{name:<18} {words.subject}")
        else:
            typer.echo(words.html if html else f"Subject: {words.subject}\n\n{words.text}", nl=html)


def try_letter(address: Annotated[str, typer.Argument(help="Where to send it: an address of your own.")]) -> None:
    """Send a letter to yourself, the way that the settings say."""
    from app.core.clock import utcnow
    from app.core.ids import new_id
    from app.core.log import configure
    from app.core.mailbox import BadAddress, mail_target, mailbox
    from app.mail.message import Envelope, build
    from app.mail.office import open_office
    from app.mail.render import render
    from app.mail.samples import SAMPLES
    from app.mail.sender import Unsent, way_out

    settings = read_settings()
    configure(settings)
    office, sample = open_office(settings), SAMPLES["mail.trial"]
    try:
        envelope = Envelope(new_id(), new_id(), office.sender, mailbox(address), office.reply_to)
    except BadAddress as error:
        fail(f"The address {error}.")
    letter = build(envelope, render(sample.kind, sample.facts, office.place, sample.recipient), utcnow())
    send = way_out(mail_target(settings.mail_url.get_secret_value()), settings.mail_timeout)
    try:
        code = asyncio.run(send(letter, f"{envelope.notice_id}.{sample.kind}"))
    except Unsent as unsent:
        fail(f"The letter did not go out: {unsent.code}.")
    say(f"The letter went out ({code}).")
