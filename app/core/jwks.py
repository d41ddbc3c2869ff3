"""The public keys by which anybody checks what we signed."""

from typing import Any

from fastapi import Request, Response
from pydantic import Field

from app.core.web import Out, new_router

router = new_router("/.well-known", "TTA requests")


class PublicKey(Out):
    """A public key (RFC 8037)."""

    kty: str = Field(examples=["OKP"])
    crv: str = Field(examples=["Ed25519"])
    x: str
    kid: str
    use: str
    alg: str = Field(examples=["EdDSA"])


class PublicKeys(Out):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[PublicKey] = Field(description="The newest first; old ones stay, so that old receipts verify.")


@router.get("/jwks.json", response_model=PublicKeys, operation_id="getSigningKeys")
async def get_signing_keys(request: Request, response: Response) -> dict[str, Any]:
    """Get the keys that verify receipts and confirmations.

    A receipt is a compact JWS; its header names the key in `kid`. Check it offline with any JOSE library.
    """
    response.headers["Cache-Control"] = "public, max-age=300"
    return {"keys": await request.app.state.signer.public_keys()}
