"""Where letters go and whom they name: settings as values, checked when the program starts. Sends nothing.

`APP_MAIL_URL`:

- `file:` or `file:some/folder`: one `.eml` file for each letter, below `var/mail` unless a folder is named.
- `smtps://user:password@host[:465]`: TLS from the first byte.
- `smtp://user:password@host[:587]`: STARTTLS is required, for a letter holds what people wrote to us. Only to this
  very machine (`localhost`, `127.0.0.1`, `[::1]`) may it go in the clear; `?tls=required` forbids that too.
- `?ca=/path/to/ca.pem` trusts that authority instead of the system's, for a relay with a certificate of its own.
"""

from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

DEFAULT_FOLDER = Path("var/mail")


class TLS(StrEnum):
    """How the way to the relay is sealed."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Folder:
    """Letters are kept as files."""

    path: Path


@dataclass(frozen=True, slots=True)
class Relay:
    """Letters are handed to a mail server."""

    host: str
    port: int
    tls: TLS
    user: str | None = None
    password: str | None = None
    ca: Path | None = None

    def __repr__(self) -> str:
        """Name the place, never the secret."""
        return f"{self.host}:{self.port}"


def mail_target(url: str) -> Folder | Relay:
    """Read the address, or say what is wrong with it without repeating it."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        path = url.removeprefix("file:").removeprefix("//")
        return Folder(Path(path) if path else DEFAULT_FOLDER)
    if parts.scheme not in ("smtp", "smtps"):
        raise ValueError("must begin with file:, smtp:// or smtps://")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("has a port that is no number") from None
    if not parts.hostname or parts.path not in ("", "/") or parts.fragment:
        raise ValueError("must read smtp://user:password@host:port")
    if (parts.username is None) is not (parts.password is None):
        raise ValueError("must name both a user and a password, or neither")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if options.keys() - {"tls", "ca"} or options.get("tls", "required") != "required":
        raise ValueError("knows the options tls=required and ca=/path/to/ca.pem only")
    if parts.scheme == "smtps":
        tls = TLS.IMPLICIT
    else:
        tls = TLS.NONE if _is_here(parts.hostname) and "tls" not in options else TLS.STARTTLS
    return Relay(
        host=parts.hostname,
        port=port or (465 if tls is TLS.IMPLICIT else 587),
        tls=tls,
        user=unquote(parts.username) if parts.username is not None else None,
        password=unquote(parts.password) if parts.password is not None else None,
        ca=Path(options["ca"]) if options.get("ca") else None,
    )


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


NAME_MAX = 100
_SPECIAL = str.maketrans(dict.fromkeys('<>()[]@,:;"\\=?', " "))
"""What has a meaning in a header. The library quotes it, but loses its quotes where a long or accented name is folded
into encoded words; then a name could read as a second address."""


def one_line(text: str) -> str:
    """Text for a place that holds one line: every run of blanks, breaks and controls becomes one blank."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class BadAddress(ValueError):
    """No letter can go there."""


def mailbox(address: str, name: str | None = None) -> Address:
    """An address as it is written on a letter; its domain in the letters that every mail system reads."""
    here = address.endswith("@localhost")
    # The library refuses this machine's own name, which is the right one in a folder; the rest it shall judge.
    judged = address.removesuffix("localhost") + "localhost.example" if here else address
    try:
        checked = validate_email(judged, check_deliverability=False, allow_smtputf8=False).ascii_email or ""
        spec = checked.removesuffix(".example") if here else checked
        return Address(display_name=one_line((name or "").translate(_SPECIAL))[:NAME_MAX].strip(), addr_spec=spec)
    except (EmailNotValidError, MessageError, ValueError):
        raise BadAddress("must read name@host, or Name <name@host>") from None


def sender_mailbox(written: str) -> Address:
    """Read `Name <name@host>` or `name@host`, as `APP_MAIL_FROM` gives it."""
    name, bracket, rest = written.strip().rpartition("<")
    if not bracket:
        return mailbox(rest)
    if not rest.endswith(">"):
        raise BadAddress("must read name@host, or Name <name@host>")
    return mailbox(rest[:-1], name.strip().strip('"'))
