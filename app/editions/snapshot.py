"""One edition in memory: immutable, complete, and cheap to ask.

Published content is small and never changes within an edition, so a replica answers from memory and the database is
not touched. Documents are kept as the bytes they are sent as; beside them stand small indexes:

- a *mask* per filter value, a Python integer with one bit for each item in default order: a filter over 10,000 items
  is an AND of two integers;
- a permutation per sort key, made when first asked for.

A new edition is made from the one before: unchanged items are shared, so publishing costs what changed.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from app.core.clock import rfc3339
from app.core.text import fold
from app.editions.kinds import Kind

T = TypeVar("T")


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def encode(value: Any) -> bytes:
    """JSON as every answer writes it: UTF-8, no blanks."""
    return _ENCODER.encode(value).encode()


@dataclass(slots=True)
class Entry:
    """One published item: its answer as bytes, and the few values it is found by."""

    kind: Kind
    slug: str
    edition: int
    head: bytes
    """The item as lists show it, without the closing brace."""
    stamp: int
    """Where in `head` the edition's own fields begin."""
    tail: bytes
    """The heavy fields, with a leading comma; empty where there are none."""
    suffix: bytes
    """What depends on the question, as it is where it was not asked, and the closing brace."""
    keys: dict[str, Any]
    """Values of the fields that filters, sorts and links use."""

    @property
    def light(self) -> bytes:
        """The item as a list shows it."""
        return self.head + self.suffix

    @property
    def full(self) -> bytes:
        """The item as its own page shows it."""
        return self.head + self.tail + self.suffix

    @property
    def href(self) -> str:
        """Where the item is served."""
        return str(self.keys["href"])

    def stored(self) -> bytes:
        """The document as it was published, without what depends on the edition."""
        return self.head[: self.stamp] + self.tail + b"}"

    def document(self) -> dict[str, Any]:
        """The whole item, parsed."""
        parsed: dict[str, Any] = json.loads(self.full)
        return parsed

    def links(self, field: str) -> list[str]:
        """The slugs that a field holds, always as a list."""
        value = self.keys.get(field)
        return [] if value is None else [value] if isinstance(value, str) else value


def make_entry(kind: Kind, document: str, edition: int, published_at: datetime) -> Entry:
    """Prepare one stored document for serving."""
    parsed = json.loads(document)
    raw = document.encode()
    tail = b""
    if kind.heavy:
        # Publishing writes heavy fields last, so the document splits without being written again.
        tail = b"," + encode({name: parsed[name] for name in kind.heavy})[1:-1]
        if not raw.endswith(tail + b"}"):
            raise ValueError(f"{kind.name}/{parsed['slug']}: heavy fields are not last in the stored document")
    light = raw[: len(raw) - len(tail) - 1]
    stamp = encode({"updated_at": rfc3339(published_at), "edition": edition})
    names = {f.field for f in kind.filters.values()} | set(kind.links) | set(kind.order) | {"path", "title", "href"}
    names |= {"former_slugs"} | set(kind.numbers)
    return Entry(
        kind=kind,
        slug=parsed["slug"],
        edition=edition,
        head=light + b"," + stamp[1:-1],
        stamp=len(light),
        tail=tail,
        suffix=b"," + encode({**kind.volatile, "included": None})[1:],
        keys={name: parsed[name] for name in names if name in parsed}
        | {name: make(parsed) for name, make in kind.kept.items()},
    )


class Collection:
    """All items of one kind, in default order."""

    def __init__(self, kind: Kind, entries: Iterable[Entry], others: Mapping[str, "Collection"] | None = None) -> None:
        """Order the entries, where the kind says so as `others` are ordered; indexes are made when first needed."""
        self.kind = kind
        ranks = {field: others[other].by_slug for field, other in kind.ranked.items()} if others else {}

        def place(entry: Entry, field: str) -> tuple[int, Any]:
            value = entry.keys.get(field)
            return sort_value(ranks[field].get(str(value)) if field in ranks else value)

        self.entries = sorted(entries, key=lambda e: ([place(e, field) for field in kind.order], e.slug))
        self.by_slug: dict[str, int] = {entry.slug: position for position, entry in enumerate(self.entries)}
        self.everything = (1 << len(self.entries)) - 1
        self._masks: dict[str, dict[Any, int]] = {}
        self._orders: dict[str, list[int]] = {}

    def get(self, slug: str) -> Entry | None:
        """The item of that slug."""
        position = self.by_slug.get(slug)
        return None if position is None else self.entries[position]

    def mask(self, field: str, values: Iterable[Any]) -> int:
        """The items whose field is, or contains, one of the values."""
        if field not in self._masks:
            bits: dict[Any, bytearray] = {}
            width = len(self.entries) // 8 + 1
            for position, entry in enumerate(self.entries):
                held = entry.keys.get(field)
                for value in held if isinstance(held, list) else [held]:
                    bits.setdefault(value, bytearray(width))[position >> 3] |= 1 << (position & 7)
            self._masks[field] = {value: int.from_bytes(array, "little") for value, array in bits.items()}
        found = 0
        for value in values:
            found |= self._masks[field].get(value, 0)
        return found

    def mask_of(self, positions: Iterable[int]) -> int:
        """The items at those positions."""
        array = bytearray(len(self.entries) // 8 + 1)
        for position in positions:
            array[position >> 3] |= 1 << (position & 7)
        return int.from_bytes(array, "little")

    def select(
        self, mask: int, sort: str | None, offset: int, limit: int,
        first: Callable[[int, int], list[int]] | None = None,
    ) -> list[Entry]:  # fmt: skip
        """A page of the items in a mask: by `field` or `-field`, else as `first` has them, else in default order."""
        if sort is None and first is not None:
            return [self.entries[p] for p in first(mask, offset + limit)[offset:]]
        chosen = f"{mask:0{len(self.entries)}b}"[::-1]
        if sort is None:
            found, position = [], -1
            for _ in range(offset + limit):
                position = chosen.find("1", position + 1)
                if position < 0:
                    break
                found.append(position)
            return [self.entries[p] for p in found[offset:]]
        page: list[Entry] = []
        for position in self.order(sort):
            if chosen[position] == "1":
                if offset:
                    offset -= 1
                    continue
                page.append(self.entries[position])
                if len(page) == limit:
                    break
        return page

    def order(self, sort: str) -> list[int]:
        """Positions in the order of a sort key; equal values keep the default order, nulls come last both ways."""
        if sort not in self._orders:
            field, descending = sort.lstrip("-"), sort.startswith("-")
            if self.kind.ranked and field == self.kind.order[-1]:
                # A position in a section says nothing across sections: it is asked for the order of reading.
                return list(range(len(self.entries)))[:: -1 if descending else 1]
            held = [p for p, e in enumerate(self.entries) if e.keys.get(field) is not None]
            absent = [p for p, e in enumerate(self.entries) if e.keys.get(field) is None]
            # Python's sort is stable in both directions, so ties keep the default order.
            held.sort(key=lambda p: sort_value(self.entries[p].keys[field]), reverse=descending)
            self._orders[sort] = held + absent
        return self._orders[sort]


def collect(kinds: Mapping[str, Kind], entries: Mapping[str, Iterable[Entry]]) -> dict[str, Collection]:
    """Collections of every kind."""
    made: dict[str, Collection] = {}
    for name, kind in kinds.items():
        made[name] = Collection(kind, entries.get(name, ()), made)
    return made


class Snapshot:
    """One edition, whole."""

    def __init__(
        self, number: int, published_at: datetime | None, digest: str | None, collections: Mapping[str, Collection],
        retired: Mapping[tuple[str, str], int] | None = None,
    ) -> None:  # fmt: skip
        """Hold the collections, and index paths and former slugs."""
        self.number, self.published_at, self.digest = number, published_at, digest
        self.collections = collections
        self.retired = retired or {}
        """Items that are gone, and the edition that retired them."""
        self.paths: dict[str, Entry] = {}
        self.moved: dict[tuple[str, str], Entry] = {}
        for collection in collections.values():
            for entry in collection.entries:
                if collection.kind.listed:
                    self.paths[entry.keys["path"]] = entry
                for old in entry.keys.get("former_slugs") or ():
                    self.moved[collection.kind.name, old] = entry
        self._derived: dict[str, Any] = {}

    def __getitem__(self, kind: str) -> Collection:
        """The collection of a kind."""
        return self.collections[kind]

    def get(self, kind: str, slug: str) -> Entry | None:
        """One item."""
        return self.collections[kind].get(slug)

    def entries(self) -> Iterable[Entry]:
        """Every item, kind by kind."""
        for collection in self.collections.values():
            yield from collection.entries

    def derived(self, name: str, make: Callable[["Snapshot"], T]) -> T:
        """Something made from this edition once and kept as long as it is: the search index."""
        if name not in self._derived:
            self._derived[name] = make(self)
        made: T = self._derived[name]
        return made

    def already(self, name: str) -> Any:
        """What `derived` has made, or None: the next edition's search index starts from this one's."""
        return self._derived.get(name)


def sort_value(value: Any) -> tuple[int, Any]:
    """Make values of one field comparable: text folded, nulls last."""
    if value is None:
        return (2, 0)
    return (1, fold(value)) if isinstance(value, str) else (0, value)
