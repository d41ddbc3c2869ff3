"""Signed statements: what we said, in a form that anyone can check offline and that we cannot take back.

A statement is a JWS (RFC 7515, compact, EdDSA with Ed25519) over JSON. The public keys, old ones too, are at
`/.well-known/jwks.json`, so a receipt of years ago still verifies after the key was rotated.

The key is made on first use and kept in `signing_key`, sealed under `APP_SECRET`. Keys are numbered and the number is
the primary key: of several replicas that make one at the same moment, one row wins and all use it. `APP_SIGNING_KEY`
(PEM) brings a key of the operator's own; its public half is entered in the same table. Rotation is the next number;
each replica takes it up within a minute, and until then signs with the key before it, which is as good.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from sqlalchemy import Text, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.bodies import canonical
from app.core.clock import Clock, monotonic
from app.core.db import Base, Database
from app.core.seal import Seal
from app.core.words import Label

FRESH_SECONDS = 60.0
ALGORITHM = "EdDSA"


class SigningKey(Base):
    """A key that signs, or signed once."""

    __tablename__ = "signing_key"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kid: Mapped[Label] = mapped_column(unique=True)
    public: Mapped[dict[str, Any]]
    """The public half, as a JWK."""
    sealed: Mapped[str | None] = mapped_column(Text)
    """The private half, sealed; null where the operator keeps it."""
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Pen:
    """A private key, and the name by which its public half is found."""

    kid: str
    key: Ed25519PrivateKey

    def sign(self, kind: str, statement: dict[str, Any]) -> str:
        """The statement as a compact JWS; `kind` becomes its media type."""
        return jwt.api_jws.encode(canonical(statement), self.key, ALGORITHM, headers={"kid": self.kid, "typ": kind})

    def public(self) -> dict[str, Any]:
        """The public half as a JWK."""
        return {**_jwk(self.key), "kid": self.kid, "use": "sig", "alg": ALGORITHM}


def pen_of(key: Ed25519PrivateKey) -> Pen:
    """A pen named by the thumbprint of its key (RFC 7638), so that a key has the same name everywhere."""
    return Pen(_base64(hashlib.sha256(canonical(_jwk(key))).digest()), key)


def _jwk(key: Ed25519PrivateKey) -> dict[str, str]:
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"crv": "Ed25519", "kty": "OKP", "x": _base64(raw)}


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Signer:
    """Signs with the newest key, and knows every key there was."""

    def __init__(self, database: Database, seal: Seal, clock: Clock, given: str = "") -> None:
        """`given` is a private key in PEM that the operator keeps."""
        self._database, self._seal, self._clock = database, seal, clock
        self._given = pen_of(load_key(given)) if given else None
        self._pen: Pen | None = None
        self._public: list[dict[str, Any]] = []
        self._fresh_until = 0.0

    async def pen(self) -> Pen:
        """The key to sign with now."""
        if self._pen is None or self._fresh_until < monotonic():
            return await self.refresh()
        return self._pen

    async def public_keys(self) -> list[dict[str, Any]]:
        """Every public key, the newest first."""
        await self.pen()
        return self._public

    async def refresh(self) -> Pen:
        """Take up the newest key that opens; make one where there is none."""
        async with self._database.read() as session:
            rows = await _rows(session)
        pen = self._open(rows)
        while pen is None:
            await self._make(rows, self._given or pen_of(Ed25519PrivateKey.generate()))
            async with self._database.read() as session:
                rows = await _rows(session)
            pen = self._open(rows)
        self._pen, self._public = pen, [row.public for row in rows]
        self._fresh_until = monotonic() + FRESH_SECONDS
        return pen

    async def rotate(self) -> str:
        """Sign with a new key from now on; answers its name. The old ones verify what they signed."""
        if self._given:
            raise ValueError("APP_SIGNING_KEY is set: rotate by setting it to another key.")
        pen = pen_of(Ed25519PrivateKey.generate())
        async with self._database.read() as session:
            rows = await _rows(session)
        await self._make(rows, pen)
        await self.refresh()
        return pen.kid

    def _open(self, rows: Sequence[SigningKey]) -> Pen | None:
        if self._given:
            return self._given if any(row.kid == self._given.kid for row in rows) else None
        for row in rows:
            if row.sealed is None:
                continue
            try:
                pem = self._seal.open(row.sealed, _place(row.kid))
            except ValueError:
                continue  # made under another APP_SECRET: what it signed still verifies
            return Pen(row.kid, load_key(pem.decode()))
        return None

    async def _make(self, rows: Sequence[SigningKey], pen: Pen) -> None:
        pem = pen.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        row = SigningKey(
            number=rows[0].number + 1 if rows else 1,
            kid=pen.kid,
            public=pen.public(),
            sealed=None if self._given else self._seal.seal(pem, _place(pen.kid)),
            created_at=self._clock(),
        )
        try:
            async with self._database.write() as session:
                session.add(row)
        except IntegrityError:
            return  # another replica was first; the caller reads its row


async def newest_opens(session: AsyncSession, seal: Seal) -> bool:
    """Whether the newest key that we keep was sealed under this APP_SECRET; True where we keep none."""
    kept = [row for row in await _rows(session) if row.sealed is not None]
    if not kept:
        return True
    try:
        seal.open(kept[0].sealed or "", _place(kept[0].kid))
    except ValueError:
        return False
    return True


async def _rows(session: AsyncSession) -> Sequence[SigningKey]:
    return list(await session.scalars(select(SigningKey).order_by(SigningKey.number.desc())))


def _place(kid: str) -> str:
    return f"signing_key.sealed:{kid}"


def load_key(pem: str) -> Ed25519PrivateKey:
    """Read the operator's key; ValueError says what it must be."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
        if isinstance(key, Ed25519PrivateKey):
            return key
    except ValueError:
        pass
    raise ValueError("APP_SIGNING_KEY must be an Ed25519 private key in PEM (`openssl genpkey -algorithm ed25519`)")
