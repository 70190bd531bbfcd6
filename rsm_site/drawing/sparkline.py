"""A fact's history as a line the size of a word."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

_EDGE = 4.0  # room for the last point


class Sparkline(Struct, frozen=True, kw_only=True):
    """A step line as an SVG path, and its last point."""

    width: float
    height: float
    d: str
    x: float
    y: float


def draw_sparkline(
    values: Sequence[tuple[date, date, float]], *, width: float = 120.0, height: float = 28.0
) -> Sparkline | None:
    """Return the line through (earliest day, latest day, amount), in order of time; None with fewer than two values."""
    if len(values) < 2:
        return None
    first, last = values[0][0].toordinal(), values[-1][0].toordinal()
    least, most = min(amount for *_, amount in values), max(amount for *_, amount in values)

    def x(day: date) -> float:
        return round(_EDGE + (width - 2 * _EDGE) * (day.toordinal() - first) / max(last - first, 1), 1)

    def y(amount: float) -> float:
        share = (amount - least) / (most - least) if most > least else 0.5
        return round(height - _EDGE - (height - 2 * _EDGE) * share, 1)

    start, *rest = values
    d = f"M{x(start[0]):g} {y(start[2]):g}" + "".join(f"H{x(day):g}V{y(amount):g}" for day, _, amount in rest)
    return Sparkline(width=width, height=height, d=d, x=x(values[-1][0]), y=y(values[-1][2]))
