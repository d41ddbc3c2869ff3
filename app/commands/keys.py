"""`pmhc keys`: a key is shown once, on standard output."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, Literal

import typer

from app.commands.common import ask, database_url, fail, plainly, read_settings, say

Expires = Annotated[str | None, typer.Option(help="When the key stops by itself: 90d, 12h, 2w or 2027-01-31.")]
Reference = Annotated[str, typer.Argument(help="The key's prefix, pmhc_…, or its id.")]


def create_key(
    role: Annotated[Literal["staff", "partner"], typer.Option(help="Whose key: staff, or a partner's system.")],
    name: Annotated[str, typer.Option(help="The owner's name; the same name gets one more key of the same owner.")],
    scopes: Annotated[
        str | None, typer.Option(help="Only these, separated by commas. Without: all of the role.")
    ] = None,
    expires: Expires = None,
    email: Annotated[str | None, typer.Option(help="Whom to tell when a key of a new owner leaks.")] = None,
) -> None:
    """Make a key and print it, alone on its line; everything else goes to standard error."""
    from app.access import commands

    _show_key(commands.create(database_url(), role, name, scopes=scopes, expires=expires, email=email))


def change_contact(
    role: Annotated[Literal["staff", "partner"], typer.Option(help="Whose: staff's, or a partner's system's.")],
    name: Annotated[str, typer.Option(help="The owner's name.")],
    email: Annotated[str, typer.Option(help="Whom to tell when a key leaks; '' takes the address away.")],
) -> None:
    """Write to an owner of keys at another address from now on."""
    from app.access import commands

    say(ask(commands.contact(database_url(), role, name, email)))


def rotate_key(
    reference: Reference,
    overlap: Annotated[str, typer.Option(help="How long the old key goes on working: 0h, 24h, 7d.")] = "24h",
    expires: Expires = None,
) -> None:
    """Make a new key in the place of another, and print it."""
    from app.access import commands

    _show_key(commands.rotate(database_url(), reference, overlap=overlap, expires=expires))


def revoke_key(reference: Reference) -> None:
    """Stop a key for good."""
    from app.access import commands

    say(ask(commands.revoke(database_url(), reference)))


def list_keys() -> None:
    """List the keys, newest first."""
    from app.access import commands

    for line in ask(commands.listing(database_url())):
        typer.echo(line)


def rotate_signing_key() -> None:
    """Sign receipts with a new key from now on; the old ones go on verifying what they signed."""
    from app.core.clock import utcnow
    from app.core.db import Database
    from app.core.seal import Seal
    from app.core.signing import Signer

    settings = read_settings()

    async def rotate() -> str:
        given = settings.signing_key.get_secret_value() if settings.signing_key else ""
        database = Database(settings.database_url.get_secret_value(), 2)
        try:
            return await Signer(database, Seal(settings.secret.get_secret_value()), utcnow, given).rotate()
        finally:
            await database.close()

    try:
        with plainly(settings):
            kid = asyncio.run(rotate())
    except ValueError as error:
        fail(str(error))
    say("Servers take it up within a minute. Its name in /.well-known/jwks.json:")
    typer.echo(kid)


def _show_key(asked: Coroutine[Any, Any, tuple[str, str]]) -> None:
    text, told = ask(asked)
    say(told)
    say("Keep it where secrets are kept; it is not shown again:")
    typer.echo(text)
