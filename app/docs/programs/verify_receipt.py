"""Check a receipt offline: python verify_receipt.py receipt.txt jwks.json [body.json]

Needs PyJWT with cryptography (pip install "pyjwt[crypto]"). `jwks.json` is a copy of /.well-known/jwks.json, kept from
any time since; keys are never removed. With the body that was sent, its digest is compared as well.
"""

import hashlib
import json
import sys
from pathlib import Path

import jwt

statement = Path(sys.argv[1]).read_text(encoding="ascii").strip()
keys = json.loads(Path(sys.argv[2]).read_bytes())["keys"]
kid = jwt.get_unverified_header(statement)["kid"]
key = jwt.PyJWK(next(key for key in keys if key["kid"] == kid))
said = json.loads(jwt.PyJWS().decode(statement, key.key, algorithms=["EdDSA"]))  # raises where a byte was changed
if len(sys.argv) > 3:
    body = json.loads(Path(sys.argv[3]).read_bytes())
    # The canonical form of RFC 8785; the form has neither fractions nor keys outside ASCII, so this is all of it.
    canonical = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    if hashlib.sha256(canonical).hexdigest() != said["body_sha256"]:
        sys.exit("The receipt is genuine, but it is not for this body.")
print(json.dumps(said, indent=2))
