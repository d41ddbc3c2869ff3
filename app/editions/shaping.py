"""How one item is found and shaped: whole, only some fields, or with what it links to."""

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Any

from app.core.errors import Gone, NotFound
from app.editions.asking import BareQuery, included
from app.editions.kinds import Kind
from app.editions.snapshot import Collection, Entry, Snapshot, encode

EMBED_IN_LIST, EMBED_IN_ITEM = 10, 100
"""How much of what an item links to is embedded."""
ALIKE, COMPARED = 3, 40
"""Letters with which a slug must begin like the one that was asked for, and how many such slugs are looked at."""


class Retired(Gone):
    """The item was published once and has been retired. `GET /v1/changes` tells in which edition; `?edition=N`
    with an earlier number still shows it."""

    title = "The item has been retired"


def find(snapshot: Snapshot, kind_name: str, slug: str) -> Entry:
    """The item, or the refusal that says where it went."""
    entry = snapshot.get(kind_name, slug)
    if entry is not None:
        return entry
    words = kind_name.replace("-", " ")
    moved = snapshot.moved.get((kind_name, slug))
    if moved is not None:
        raise NotFound(f"This {words} is now called {moved.slug!r}.", moved_to=moved.href)
    retired = snapshot.retired.get((kind_name, slug))
    if retired is not None:
        raise gone(kind_name, retired)
    plural = snapshot[kind_name].kind.plural
    near = get_close_matches(slug, _alike(snapshot[kind_name], slug), 1)
    told = f"There is no {words} of that slug; `GET /v1/{plural}` lists them."
    if near:
        raise NotFound(told, did_you_mean=f"/v1/{plural}/{near[0]}")
    raise NotFound(told)


def gone(kind_name: str, retired: int) -> Retired:
    """The refusal of what was retired in an edition."""
    words, last = kind_name.replace("-", " "), retired - 1
    told = f"This {words} was retired in edition {retired}; `?edition={last}` still shows it."
    return Retired(told, retired_in=retired, last_edition=last)


def _alike(collection: Collection, slug: str) -> list[str]:
    # Few, for comparing is slow, and anybody may ask: people rarely mistake how a word begins.
    return list(islice((each for each in collection.by_slug if each[:ALIKE] == slug[:ALIKE]), COMPARED))


def shaping(kind: Kind, query: BareQuery, faults: list[dict[str, str]]) -> list[str] | None:
    """The fields asked for, or None for all; names that do not exist are faults."""
    faults += unknown_names("include", "link", included(query) or (), kind.links)
    if not query.fields:
        return None
    faults += unknown_names("fields", "field", query.fields, kind.item.model_fields)
    return query.fields


def unknown_names(parameter: str, word: str, asked: Iterable[str], known: Iterable[str]) -> list[dict[str, str]]:
    """The fault of names that do not exist, every one of them told; none where all do."""
    there = list(known)
    unknown = [f"{name!r}" for name in dict.fromkeys(asked) if name not in there]
    told = f"No {word} called {' or '.join(unknown)}; known: {', '.join(there) or 'nothing'}."
    return [{"parameter": parameter, "detail": told}] if unknown else []


def shape(
    snapshot: Snapshot, entry: Entry, names: list[str] | None, include: list[str] | None, *, in_list: bool,
    computed: Mapping[str, Any] | None = None,
) -> bytes:  # fmt: skip
    """One item as bytes: whole, sparse, or with what it links to."""
    if names is None and not include and not computed:
        return entry.light if in_list else entry.full
    late = {**entry.kind.volatile, **(computed or {}), "included": None}
    if include:
        cap = EMBED_IN_LIST if in_list else EMBED_IN_ITEM
        late["included"] = {name: embed(snapshot, entry, name, cap) for name in include}
    if names is None:
        return entry.head + (b"" if in_list else entry.tail) + b"," + encode(late)[1:]
    whole = {**entry.document(), **late}
    return encode({name: whole[name] for name in [*names, *(["included"] if include else [])] if name in whole})


def embed(snapshot: Snapshot, entry: Entry, name: str, cap: int) -> dict[str, Any]:
    """What a field links to, cut at `cap`; a cut list says so and leads to the rest."""
    target = entry.kind.links[name]
    slugs = entry.links(name)
    found = [e for e in (snapshot.get(target, slug) for slug in slugs[:cap]) if e is not None]
    cut = len(slugs) > cap
    return {
        "items": [json.loads(e.light) for e in found],
        "total": len(slugs),
        "truncated": cut,
        "href": f"/v1/{snapshot[target].kind.plural}?slug={','.join(slugs[cap:])}" if cut else None,
    }
