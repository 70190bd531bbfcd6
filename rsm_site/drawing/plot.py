"""Dated values, and the place of each on the axes of time and amount."""

from datetime import date
from typing import Literal

from msgspec import Struct

from rsm_site.drawing.scales import TimeScale, percent

Qualifier = Literal["exactly", "about", "over", "under"]
Status = Literal["reported", "planned", "disputed"]
Kind = Literal["exactly", "about", "over", "under", "planned", "disputed", "text"]


class Value(Struct, frozen=True, kw_only=True):
    """One observation: its days, its words, whether it is after the edition's day; without an amount, only words."""

    earliest: date
    latest: date
    amount: float | None
    qualifier: Qualifier = "exactly"
    status: Status = "reported"
    text: str
    when: str
    later: bool = False

    @property
    def kind(self) -> Kind:
        """What decides how it is drawn."""
        if self.amount is None:
            return "text"
        return self.qualifier if self.status == "reported" else self.status

    @property
    def on_line(self) -> bool:
        """Whether it is part of the step line: reported, and a number."""
        return self.status == "reported" and self.amount is not None


class Plot(Struct, frozen=True, kw_only=True):
    """The axes in pixels at the least width: amounts from zero at `baseline` to `largest` at `top`."""

    scale: TimeScale
    width: float
    top: float
    baseline: float
    largest: float
    radius: float

    def y(self, amount: float | None) -> float:
        """Return the height of an amount; what is only words stands on the baseline."""
        return round(self.baseline - (self.baseline - self.top) * (amount or 0.0) / self.largest, 1)

    def span(self, value: Value) -> tuple[float, float]:
        """Return where the date of `value` starts and ends."""
        return self.scale(value.earliest), self.scale.end(value.latest)

    def centre(self, value: Value) -> tuple[float, float]:
        """Return the point of `value`, the middle of its date."""
        start, end = self.span(value)
        return (start + end) / 2, self.y(value.amount)

    def percent(self, x: float) -> float:
        """Return `x` in percent of the width."""
        return percent(x, self.width)
