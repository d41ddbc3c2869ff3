"""What programs look for in well-known places: a catalogue of the API, whom to tell of a weakness, a map for models."""

from datetime import datetime, timedelta
from typing import Any

from app.core.clock import rfc3339

CATALOG_PROFILE = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
SECURITY_DAYS = 180
"""How long a security.txt may be believed; it is written anew for every reader."""


def api_catalog(base: str) -> dict[str, Any]:
    """Where the API, its description and its documentation are (RFC 9727, as a linkset of RFC 9264)."""
    return {
        "linkset": [
            {"anchor": f"{base}/.well-known/api-catalog", "item": [{"href": f"{base}/v1"}]},
            {
                "anchor": f"{base}/v1",
                "service-desc": [{"href": f"{base}/openapi.json", "type": "application/json"}],
                "service-doc": [{"href": f"{base}/docs", "type": "text/html"}],
                "service-meta": [{"href": f"{base}/v1", "type": "application/json"}],
                "status": [{"href": f"{base}/readyz", "type": "application/json"}],
            },
        ]
    }


def security_txt(base: str, contact: str, now: datetime) -> str:
    """Whom to tell of a weakness (RFC 9116); without a contact of the operator's, the page that says where to go."""
    expires = (now + timedelta(days=SECURITY_DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: {contact or base + '/#report'}",
        f"Expires: {rfc3339(expires)}",
        "Preferred-Languages: en",
        f"Canonical: {base}/.well-known/security.txt",
    ]
    return "\n".join(lines) + "\n"
