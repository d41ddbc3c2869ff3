"""A real mail server in the test's own loop: it speaks SMTP with TLS and AUTH, and does what its script says."""

import asyncio
import ipaddress
import logging
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from functools import cache
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

logging.getLogger("mail.log").setLevel(logging.CRITICAL)
USER, PASSWORD = "desk", "p@ss/wörd"
HANG = "hang"


@cache
def certificate() -> tuple[bytes, bytes]:
    """A certificate of our own for this machine, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    return (
        made.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()),
    )


@dataclass
class Post:
    """What the server got, and what it shall answer."""

    port: int = 0
    script: list[str] = field(default_factory=list)
    """Answers to the next letters, in order; when it is used up, letters are taken."""
    recipients: list[str] = field(default_factory=list)
    """Answers to the next RCPT commands, likewise."""
    letters: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    comes_to: asyncio.Event = field(default_factory=asyncio.Event)
    """Ends every hanging; never, unless a test sets it."""
    at_once: int = 0
    most_at_once: int = 0

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):  # noqa: N802
        answer = self.recipients.pop(0) if self.recipients else "250 OK"
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            answer = self.script.pop(0) if self.script else "250 taken"
            if answer.startswith("2") or answer == HANG:
                self.letters.append(message_from_bytes(envelope.content, policy=POLICY))
                self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
                self.encrypted.append(server.transport.get_extra_info("cipher") is not None)
                self.arrived.set()
            if answer == HANG:
                await self.comes_to.wait()
                return "451 too late"
            return answer
        finally:
            self.at_once -= 1

    def login(self, server, session, envelope, mechanism, data) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        right = (data.login.decode(), data.password.decode()) == (USER, PASSWORD)
        return AuthResult(success=right, handled=right, auth_data=data.login)

    @property
    def ids(self) -> list[str]:
        return [letter["Message-ID"] for letter in self.letters]


@asynccontextmanager
async def post_office(folder: Path, *, tls: str = "none", auth: bool = False) -> AsyncIterator[Post]:
    """A server on a free port; `tls` is `none`, `starttls` or `implicit`."""
    post = Post()
    (folder / "ca.pem").write_bytes(certificate()[0])
    (folder / "key.pem").write_bytes(certificate()[1])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    loop = asyncio.get_running_loop()
    open_connections = set()

    def connection() -> SMTP:
        with warnings.catch_warnings():
            # It warns of passwords without STARTTLS, and does not know that the whole line is sealed.
            warnings.simplefilter("ignore")
            made = SMTP(
                post, hostname="post.example", loop=loop,
                tls_context=context if tls == "starttls" else None, require_starttls=tls == "starttls",
                authenticator=post.login, auth_required=auth, auth_require_tls=tls == "starttls",
            )  # fmt: skip
        open_connections.add(made)
        return made

    listening = await loop.create_server(connection, "127.0.0.1", 0, ssl=context if tls == "implicit" else None)
    post.port = listening.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        listening.close()
        for one in open_connections:
            if one.transport is not None:
                one.transport.abort()
        await listening.wait_closed()
        # Whatever hangs on our side of the wire ends with the server.
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            if "SMTP" in repr(task.get_coro()):
                task.cancel()
                await asyncio.wait([task])
