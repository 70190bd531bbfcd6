"""Scales and ticks: days along a line, round numbers up an axis."""

from collections.abc import Iterable, Sequence
from datetime import date
from math import ceil, log10

from msgspec import Struct

_OPEN = (date.min.year, date.max.year)  # where an interval without a start or an end has its bound


class TimeScale(Struct, frozen=True, kw_only=True):
    """Whole years, `first` to `last`, drawn from `left` to `right`."""

    first: int
    last: int
    left: float
    right: float

    def __call__(self, day: date) -> float:
        """Return where `day` starts."""
        return self.at(day.toordinal())

    def end(self, day: date) -> float:
        """Return where `day` ends; an open end is that of the scale."""
        return self.right if day.year > self.last else self.at(day.toordinal() + 1)

    def at(self, ordinal: float) -> float:
        """Return where the day of that proleptic Gregorian ordinal starts, at most the ends of the scale."""
        start, end = date(self.first, 1, 1).toordinal(), date(self.last, 12, 31).toordinal() + 1
        return self.left + (self.right - self.left) * min(1.0, max(0.0, (ordinal - start) / (end - start)))

    def years(self) -> range:
        """Return the years of the scale."""
        return range(self.first, self.last + 1)


def time_scale(days: Iterable[date], *, left: float, right: float) -> TimeScale:
    """Return the scale from the start of the first year of `days` to the end of the last; open bounds do not count."""
    named = {day.year for day in days}
    years = sorted(named - set(_OPEN) or named)
    return TimeScale(first=years[0], last=years[-1], left=left, right=right)


def year_step(scale: TimeScale, room: float) -> int:
    """Return how many years apart labels as wide as `room` can stand: 1, 2, 5, 10, 20 and so on."""
    each = (scale.right - scale.left) / len(scale.years())
    return next(step for step in _round_steps() if step * each >= room)


def _round_steps() -> Iterable[int]:
    power = 1
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10


def nice_ticks(largest: float, *, most: int) -> Sequence[float]:
    """Return round numbers from zero to at least `largest`, no more than `most` of them."""
    if largest <= 0:
        return (0.0, 1.0)
    power = 10.0 ** (ceil(log10(largest)) - 2)
    for factor in (1, 2, 2.5, 5, 10, 20, 25, 50, 100):
        step = factor * power
        if ceil(largest / step) < most and (step == int(step) or largest < 1):
            return tuple(step * index for index in range(ceil(largest / step) + 1))
    return (0.0, largest)


def percent(x: float, width: float) -> float:
    """Return `x` as a share of `width` in percent, to two decimals."""
    return round(x / width * 100, 2)
