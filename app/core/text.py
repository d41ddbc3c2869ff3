"""Text made comparable: the same folding for both databases, done in Python."""

import re
import unicodedata

WORD = re.compile(r"[a-z0-9]+(?:['/&.-][a-z0-9]+)*")


def fold(*parts: str | None) -> str:
    """Join the parts, lower-case them, and drop accents and repeated blanks: `"São  Paulo"` is `"sao paulo"`."""
    joined = " ".join(part for part in parts if part)
    if joined.isascii():
        return " ".join(joined.lower().split())
    joined = unicodedata.normalize("NFKD", joined)
    return " ".join("".join(c for c in joined if not unicodedata.combining(c)).casefold().split())
