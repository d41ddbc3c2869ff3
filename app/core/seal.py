"""Secrets that must be used again, such as a webhook's signing secret: encrypted at rest, bound to their place.

AES-256-GCM under a key derived from `APP_SECRET` (HKDF-SHA256). The context (`table.column:id`) is authenticated, so
a sealed value that is copied into another row does not open. What only has to be recognised is hashed, never sealed.
"""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Seal:
    """Seals and opens under one application secret."""

    def __init__(self, secret: str) -> None:
        """Derive the key once."""
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"pmhc seal v1").derive(secret.encode())
        self._cipher = AESGCM(derived)

    def seal(self, value: bytes, context: str) -> str:
        """Encrypt a value for one place."""
        nonce = os.urandom(12)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, value, context.encode())).decode()

    def open(self, sealed: str, context: str) -> bytes:
        """Decrypt; ValueError where the secret or the place is another."""
        raw = base64.b64decode(sealed)
        try:
            return self._cipher.decrypt(raw[:12], raw[12:], context.encode())
        except InvalidTag:
            raise ValueError(f"{context}: sealed under another APP_SECRET, or for another place") from None
