"""Signatures of Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body`. Pure.

While a secret is being replaced both sign, so a receiver can change over at any moment of the overlap.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"


def new_secret() -> str:
    """A signing secret as it is shown, once: 256 random bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(shown_secrets: Iterable[str], webhook_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header: one signature for each secret, separated by spaces."""
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    made = []
    for secret in shown_secrets:
        key = base64.b64decode(secret.removeprefix(PREFIX))
        made.append("v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode())
    return " ".join(made)
