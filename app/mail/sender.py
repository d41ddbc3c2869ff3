"""Two ways out: a folder of `.eml` files, or a mail server. Each sends one letter, or says why not.

Failure cases first. What a server answers to the letter or its recipient decides: 4xx is for later, 5xx for good. What
it answers to *us* (a wrong password, a sender it does not like, no STARTTLS) is our fault to mend, so such letters wait
and are tried again, and none is lost to a changed password. A server that hangs costs one place until its time is up.
Once the server has taken the letter, nothing that goes wrong afterwards can make it unsent.
"""

import asyncio
import errno
import os
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import structlog

from app.core.mailbox import TLS, Folder, Relay

log = structlog.get_logger()
GOODBYE_SECONDS = 2.0

Send = Callable[[EmailMessage, str], Coroutine[Any, Any, str]]
"""Sends a letter under a name (for files), and answers what was answered, as a code such as `smtp-250`."""


class Unsent(Exception):
    """The letter did not get out; `code` says why, `for_good` whether trying again is of use."""

    def __init__(self, code: str, *, for_good: bool = False) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code, self.for_good = code, for_good


def way_out(target: Folder | Relay, seconds: float) -> Send:
    """The way that the settings chose."""
    return into_folder(target.path) if isinstance(target, Folder) else through(target, seconds)


def into_folder(folder: Path) -> Send:
    """Keep each letter as a file: whole or not at all, and one for each notice however often it is sent."""

    def write(letter: bytes, file: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".part", delete=False) as part:
            try:
                part.write(letter)
                part.flush()
                os.fsync(part.fileno())
                Path(part.name).replace(file)
            except OSError:
                Path(part.name).unlink(missing_ok=True)
                raise

    async def send(message: EmailMessage, name: str) -> str:
        file = folder / f"{name}.eml"
        try:
            await asyncio.to_thread(write, message.as_bytes(), file)
        except OSError as error:
            raise Unsent(f"file-{errno.errorcode.get(error.errno or 0, 'unknown').lower()}") from None
        log.info("mail.kept", file=str(file.absolute()))
        return "file"

    return send


def through(relay: Relay, seconds: float) -> Send:
    """Hand each letter to a mail server, over a connection of its own."""
    context = ssl.create_default_context(cafile=relay.ca)

    async def send(message: EmailMessage, name: str) -> str:
        to, sender = (message[header].addresses[0].addr_spec for header in ("To", "From"))
        async with _talking(relay, seconds, context) as client:
            await client.sendmail(sender, [to], message.as_bytes())
        return "smtp-250"

    return send


async def knock(relay: Relay, seconds: float) -> None:
    """Go as far as a letter would, TLS and password included, and send none."""
    async with _talking(relay, seconds, ssl.create_default_context(cafile=relay.ca)) as client:
        await client.noop()


@asynccontextmanager
async def _talking(relay: Relay, seconds: float, context: ssl.SSLContext) -> AsyncIterator[aiosmtplib.SMTP]:
    """A conversation with a mail server; whatever goes wrong in it comes out as `Unsent`."""
    client = aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        username=relay.user,
        password=relay.password,
        use_tls=relay.tls is TLS.IMPLICIT,
        start_tls=relay.tls is TLS.STARTTLS,
        tls_context=context if relay.tls is not TLS.NONE else None,
        # Not this machine's name, which says more than a stranger needs.
        local_hostname="[127.0.0.1]",
        timeout=seconds,
    )
    try:
        async with asyncio.timeout(2 * seconds):
            await client.connect()
            yield client
    except TimeoutError as error:
        raise verdict(error) from None
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        await _part(client)
        raise verdict(error) from None
    else:
        await _part(client)
    finally:
        client.close()


async def _part(client: aiosmtplib.SMTP) -> None:
    """Say goodbye; the letter's fate is settled whatever the server makes of it."""
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        if client.is_connected:
            await client.quit(timeout=GOODBYE_SECONDS)


def verdict(error: Exception) -> Unsent:
    """What went wrong, as a code, and whether it is for good."""
    for_good = False
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=[first, *_]):
            code, for_good = f"smtp-{first.code}", first.code >= 500
        case aiosmtplib.SMTPDataError():
            code, for_good = f"smtp-{error.code}", error.code >= 500
        case aiosmtplib.SMTPAuthenticationError():
            code = f"login-{error.code}"
        case aiosmtplib.SMTPResponseException():
            code = f"smtp-{error.code}"
        case TimeoutError():
            code = "timeout"
        case aiosmtplib.SMTPServerDisconnected():
            code = "disconnected"
        case _ if _is_tls(error):
            code = "tls"
        case _:
            code = "unreachable" if isinstance(error, OSError) else "smtp-refused"
    return Unsent(code, for_good=for_good)


def _is_tls(error: BaseException | None) -> bool:
    """Whether a certificate or a handshake is behind it."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
