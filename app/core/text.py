"""Text made comparable: the same folding for both databases, done in Python."""

import re
import unicodedata

WORD = re.compile(r"[a-z0-9]+(?:['/&.-][a-z0-9]+)*")


def fold(*parts: str | None) -> str:
    """Join the parts, lower-case them, and drop accents and repeated blanks: `"São  Paulo"` is `"sao paulo"`."""
    joined = unicodedata.normalize("NFKD", " ".join(part for part in parts if part))
    return " ".join("".join(c for c in joined if not unicodedata.combining(c)).casefold().split())
