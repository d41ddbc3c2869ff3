"""How a change of a text is shown to an editor: the words around the first difference, on one line each. Pure."""

import json
from typing import Any

BEFORE, LENGTH = 60, 200
"""Characters shown before the first difference, and in all."""


def around(before: Any, after: Any) -> tuple[str, str]:
    """Both values where they begin to differ, with `…` where they are cut."""
    old, new = _told(before), _told(after)
    pairs = enumerate(zip(old, new, strict=False))
    first = next((place for place, (one, other) in pairs if one != other), min(len(old), len(new)))
    start = max(0, first - BEFORE)
    return _cut(old, start), _cut(new, start)


def _told(value: Any) -> str:
    told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return told.replace("\n", "⏎")


def _cut(text: str, start: int) -> str:
    return ("…" if start else "") + text[start : start + LENGTH] + ("…" if len(text) > start + LENGTH else "")
