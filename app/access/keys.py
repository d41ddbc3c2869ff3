"""The text of a key: made, taken apart, checked for typing errors, digested. Pure; knows no database.

`pmhc_<prefix>_<secret><checksum>`: twelve characters that name the key, 256 random bits, and a CRC-32 of everything
before it. The checksum tells a mistyped or cut key from a wrong one without a look into the database, and lets
secret scanners recognise leaked keys; it protects nothing. Prefix, secret and checksum are base 62: no character
needs escaping anywhere, and a double click selects the whole key.
"""

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
NAME = "pmhc"
PREFIX_LENGTH, SECRET_LENGTH, CHECKSUM_LENGTH = 12, 43, 6
KEY_LENGTH = len(NAME) + 1 + PREFIX_LENGTH + 1 + SECRET_LENGTH + CHECKSUM_LENGTH
PATTERN = re.compile(rf"{NAME}_[0-9A-Za-z]{{{PREFIX_LENGTH}}}_[0-9A-Za-z]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class KeyText:
    """A well-formed key: what may be shown, and what may be stored."""

    prefix: str
    digest: str


class MalformedKey(ValueError):
    """Not a key: the message says what is wrong with its form, without repeating it."""


def make() -> str:
    """Make a new key; it is shown once and stored nowhere."""
    prefix = "".join(secrets.choice(ALPHABET) for _ in range(PREFIX_LENGTH))
    secret = _base62(int.from_bytes(secrets.token_bytes(32)), SECRET_LENGTH)
    body = f"{NAME}_{prefix}_{secret}"
    return body + checksum(body)


def parse(text: str) -> KeyText:
    """Take a key apart, or say what is wrong with its form."""
    if not text.startswith(NAME + "_"):
        raise MalformedKey(f"Keys begin with `{NAME}_`.")
    if len(text) != KEY_LENGTH:
        raise MalformedKey(f"A key has {KEY_LENGTH} characters; this one was cut or has something added.")
    if not PATTERN.fullmatch(text):
        raise MalformedKey("A key consists of ASCII letters, digits and two underscores.")
    body = text[:-CHECKSUM_LENGTH]
    if text[-CHECKSUM_LENGTH:] != checksum(body):
        raise MalformedKey("The checksum does not fit: the key was mistyped.")
    return KeyText(prefix=text[: len(NAME) + 1 + PREFIX_LENGTH], digest=digest(text))


def digest(text: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(text.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two digests in a time that tells nothing."""
    return hmac.compare_digest(one.encode(), other.encode())


def checksum(body: str) -> str:
    """The six last characters of a key that begins with `body`."""
    return _base62(zlib.crc32(body.encode()), CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, rest = divmod(number, 62)
        digits.append(ALPHABET[rest])
    return "".join(reversed(digits))
