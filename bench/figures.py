"""What was measured, against what, and whether the aim was met; and the table that shows it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

HEAD = ("figure", "unit", "ours", "bare", "textbook", "ratio or value", "spread", "aim", "met")


@dataclass(frozen=True)
class Aim:
    """A bound on our value, or on its ratio to another's."""

    to: str = ""
    """Which value ours is divided by; empty where the value itself is bound."""
    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        """As a reader sees it."""
        return f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}" if self.most is not None else ""

    def met(self, value: float) -> bool | None:
        """Whether a value keeps the bound; None where there is none."""
        if self.least is not None:
            return value >= self.least
        return value <= self.most if self.most is not None else None


@dataclass
class Figure:
    """One thing measured, in every round, of ours and of those beside it."""

    name: str
    unit: str
    values: dict[str, list[float]]
    """`ours`, `bare`, `textbook` or another → a value for each round."""
    aims: Sequence[Aim] = (Aim(),)
    notes: dict[str, Any] = field(default_factory=dict)

    def ratios(self, aim: Aim) -> list[float]:
        """Our values, round by round, or their ratios to those of the same round."""
        if not aim.to:
            return self.values["ours"]
        return [ours / other for ours, other in zip(self.values["ours"], self.values[aim.to], strict=True)]

    def rows(self) -> list[tuple[str, ...]]:
        """A line of the table for each aim; the values stand on the first."""
        middle = {name: _number(median(values)) for name, values in self.values.items()}
        first = (self.name, self.unit, middle["ours"], middle.get("bare", ""), middle.get("textbook", ""))
        rows: list[tuple[str, ...]] = []
        for number, aim in enumerate(self.aims):
            ratios = self.ratios(aim)
            value = median(ratios)
            shown = f"{_number(value)}{f' of {aim.to}' if aim.to else ''}"
            spread = f"{_number(min(ratios))}-{_number(max(ratios))}"
            met = {True: "yes", False: "NO", None: ""}[aim.met(value)]
            rows.append((*(first if number == 0 else ("",) * 5), shown, spread, str(aim), met))
        return rows

    def told(self) -> dict[str, Any]:
        """The same for a program."""
        aims = []
        for aim in self.aims:
            ratios = self.ratios(aim)
            value = median(ratios)
            aims.append(
                {"to": aim.to or None, "least": aim.least, "most": aim.most, "value": value, "low": min(ratios),
                 "high": max(ratios), "met": aim.met(value)}
            )  # fmt: skip
        return {"name": self.name, "unit": self.unit, "values": self.values, "aims": aims, **self.notes}


def table(figures: Sequence[Figure]) -> str:
    """All figures, a line for each aim."""
    rows = [HEAD, *(row for figure in figures for row in figure.rows())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [
        "  ".join(_align(cell, widths[column], column) for column, cell in enumerate(row)).rstrip() for row in rows
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _align(cell: str, width: int, column: int) -> str:
    return cell.rjust(width) if column in (2, 3, 4) else cell.ljust(width)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
