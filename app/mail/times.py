"""Instants as people read them: in the time of the agency's state, with the name of that time, and in UTC.

A state that keeps two times is told in the one that most of its people live by; the name of the time stands beside
it, so that nobody has to guess.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

_ZONES = {
    ("America/New_York", "Eastern Time"): "CT DE DC FL GA IN KY ME MD MA MI NH NJ NY NC OH PA RI SC VT VA WV",
    ("America/Chicago", "Central Time"): "AL AR IL IA KS LA MN MS MO NE ND OK SD TN TX WI",
    ("America/Denver", "Mountain Time"): "CO ID MT NM UT WY",
    ("America/Phoenix", "Mountain Standard Time"): "AZ",
    ("America/Los_Angeles", "Pacific Time"): "CA NV OR WA",
    ("America/Anchorage", "Alaska Time"): "AK",
    ("Pacific/Honolulu", "Hawaii Time"): "HI",
    ("America/Puerto_Rico", "Atlantic Standard Time"): "PR VI",
    ("Pacific/Guam", "Chamorro Time"): "GU MP",
    ("Pacific/Pago_Pago", "Samoa Time"): "AS",
}
ZONES: Mapping[str, tuple[ZoneInfo, str]] = MappingProxyType(
    {state: (ZoneInfo(zone), name) for (zone, name), states in _ZONES.items() for state in states.split()}
)
"""Postal code → the time most people there live by, and its name."""


def told(instant: datetime, state: str | None) -> str:
    """`Tuesday, November 24, 2026, at 9:30 p.m. Central Time (03:30 UTC on November 25)`."""
    there = instant.astimezone(UTC)
    found = ZONES.get(state or "")
    if found is None:
        return f"{_day(there)}, at {there:%H:%M} UTC"
    zone, name = found
    here = instant.astimezone(zone)
    other_day = "" if here.date() == there.date() else f" on {there:%B} {there.day}"
    return f"{_day(here)}, at {_hour(here)} {name} ({there:%H:%M} UTC{other_day})"


def _day(instant: datetime) -> str:
    return f"{instant:%A, %B} {instant.day}, {instant.year}"


def _hour(instant: datetime) -> str:
    if instant.minute == 0 and instant.hour in (0, 12):
        return "12:00 noon" if instant.hour else "12:00 midnight"
    return f"{instant.hour % 12 or 12}:{instant:%M} {'p.m.' if instant.hour >= 12 else 'a.m.'}"
