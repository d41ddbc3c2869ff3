"""Sets of items as integers, and sums over them: what the ranking is computed with.

A *mask* is a set: bit n stands for the item in slot n. *Planes* hold a small number for every item: bit n of plane k
is bit k of item n's number. So one addition of Python integers adds a weight to ten thousand items at once, in time
that does not depend on how many of them match, and every sum is exact.
"""

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence

Planes = Sequence[int]

STRENGTH_BITS = 5
NOTHING: Planes = (0,) * STRENGTH_BITS
_NOT_EMPTY = re.compile(rb"[^\0]")
_BITS = [[bit for bit in range(8) if byte >> bit & 1] for byte in range(256)]


def mask_of(slots: Iterable[int], size: int) -> int:
    """The set of those slots; `size` is how many bytes hold every slot."""
    held = bytearray(size)
    for slot in slots:
        held[slot >> 3] |= 1 << (slot & 7)
    return int.from_bytes(held, "little")


def slots_of(mask: int) -> Iterator[int]:
    """The slots of a set, in order."""
    held = mask.to_bytes((mask.bit_length() + 7) >> 3, "little")
    for match in _NOT_EMPTY.finditer(held):
        first = match.start() << 3
        for bit in _BITS[held[match.start()]]:
            yield first + bit


def union(planes: Planes) -> int:
    """The items whose number is not 0."""
    found = 0
    for plane in planes:
        found |= plane
    return found


def spread(packed: "array[int]", size: int) -> Planes:
    """Planes of a list of `slot << STRENGTH_BITS | strength`."""
    by_strength: dict[int, list[int]] = {}
    for each in packed:
        by_strength.setdefault(each & 31, []).append(each >> STRENGTH_BITS)
    planes = list(NOTHING)
    for strength, slots in by_strength.items():
        add(planes, mask_of(slots, size), strength)
    return tuple(planes)


def add(planes: list[int], mask: int, number: int) -> None:
    """Add a number to that of every item of the set."""
    place = 0
    while number:
        if number & 1:
            carry, at = mask, place
            while carry:
                if at >= len(planes):
                    planes += [0] * (at + 1 - len(planes))
                planes[at], carry = planes[at] ^ carry, planes[at] & carry
                at += 1
        number >>= 1
        place += 1


def add_times(planes: list[int], others: Planes, factor: int) -> None:
    """Add to each item's number its number in `others`, `factor` times."""
    for place, plane in enumerate(others):
        if plane:
            add(planes, plane, factor << place)


def greater(left: Planes, right: Planes) -> int:
    """The items whose number is greater on the left."""
    if not any(right):
        return union(left)
    found = differs = 0
    for one, other in zip(reversed(left), reversed(right), strict=True):
        unequal = one ^ other
        found |= one & (unequal ^ (unequal & differs))
        differs |= unequal
    return found


def choose(chosen: int, left: Planes, right: Planes) -> Planes:
    """The numbers of the left for the items chosen, those of the right for all others."""
    return [other ^ ((one ^ other) & chosen) for one, other in zip(left, right, strict=True)]


def at_least(planes: Planes, number: int, items: int) -> int:
    """The items of a set whose number is that or more."""
    if number >> len(planes):
        return 0
    found, equal = 0, items
    for place in reversed(range(len(planes))):
        held = equal & planes[place]
        if number >> place & 1:
            equal = held
        else:
            found |= held
            equal ^= held
    return found | equal


def best(planes: Planes, items: int, count: int) -> int:
    """The `count` items of a set with the greatest numbers; of equals, those in the first slots."""
    if count <= 0:
        return 0
    chosen, equal = 0, items
    for plane in reversed(planes):
        held = equal & plane
        size = held.bit_count()
        if size >= count:
            equal = held
        else:
            chosen |= held
            count -= size
            equal ^= held
    if equal.bit_count() > count:
        equal = first(equal, count)
    return chosen | equal


def first(mask: int, count: int) -> int:
    """The `count` first items of a set."""
    low, high = 0, mask.bit_length()
    while low < high:
        middle = (low + high) >> 1
        if (mask & ((1 << middle) - 1)).bit_count() >= count:
            high = middle
        else:
            low = middle + 1
    return mask & ((1 << low) - 1)


def numbers(planes: Planes, slots: Iterable[int], size: int) -> list[int]:
    """The numbers of those items."""
    rows = [plane.to_bytes(size, "little") for plane in planes]
    found = []
    for slot in slots:
        byte, bit = slot >> 3, slot & 7
        number = 0
        for place, row in enumerate(rows):
            number |= (row[byte] >> bit & 1) << place
        found.append(number)
    return found
