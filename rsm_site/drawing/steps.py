"""Values as a step line: level while one holds, upright where the next begins, nothing where none is known."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal

from dateutil.relativedelta import relativedelta
from msgspec import Struct

from rsm_site.drawing.labels import Box
from rsm_site.drawing.plot import Kind, Plot, Value

GAP = relativedelta(months=24)  # longer without a reported value, and the line stops
_LONG = 10.0  # px that a date needs to be drawn as a bar, not as a dot

StepKind = Literal["known", "about", "later"]


class Step(Struct, frozen=True, kw_only=True):
    """A level piece of the line, x in percent, and how high it is over the baseline."""

    x1: float
    x2: float
    width: float
    y: float
    height: float
    kind: StepKind


class Riser(Struct, frozen=True, kw_only=True):
    """An upright piece of the line between two steps."""

    x: float
    y1: float
    y2: float
    later: bool


class PointMark(Struct, frozen=True, kw_only=True):
    """A value: a mark at (x, y), or where its date is long enough a bar from (x1, top), as wide as that."""

    x: float
    y: float
    x1: float
    top: float
    width: float
    long: bool
    kind: Kind
    later: bool
    text: str
    when: str


def step_line(values: Sequence[Value], day: date, plot: Plot) -> tuple[tuple[Step, ...], tuple[Riser, ...]]:
    """Return the line through `values`, in order of time, grey after `day`.

    Each value holds until the next, the last one until `day`, unless that is more than `GAP` away.
    """
    on_line = [value for value in values if value.on_line]
    steps: list[Step] = []
    risers: list[Riser] = []
    for index, value in enumerate(on_line):
        following = on_line[index + 1] if index + 1 < len(on_line) else None
        start, end = plot.span(value)
        if following and _soon(value, following.earliest):
            end = plot.scale(following.earliest)
            y1, y2 = plot.y(value.amount), plot.y(following.amount)
            risers.append(Riser(x=plot.percent(end), y1=y1, y2=y2, later=following.later))
        elif not following and not value.later and _soon(value, day):
            end = max(start, plot.scale.end(day))
        turn = start if value.later else min(end, plot.scale.end(day))
        kind: StepKind = "known" if value.qualifier == "exactly" else "about"
        steps += [*_step(value, start, turn, kind, plot), *_step(value, turn, end, "later", plot)]
    return tuple(steps), tuple(risers)


def _soon(value: Value, until: date) -> bool:
    return value.latest >= until or value.latest >= until - GAP


def _step(value: Value, start: float, end: float, kind: StepKind, plot: Plot) -> Iterator[Step]:
    if end > start:
        x1, x2, y = plot.percent(start), plot.percent(end), plot.y(value.amount)
        yield Step(x1=x1, x2=x2, width=round(x2 - x1, 2), y=y, height=round(plot.baseline - y, 1), kind=kind)


def point_mark(value: Value, plot: Plot) -> PointMark:
    """Return the mark of one value."""
    (x, y), (start, end) = plot.centre(value), plot.span(value)
    return PointMark(
        x=plot.percent(x),
        y=y,
        x1=plot.percent(start),
        top=round(y - 3, 1),
        width=plot.percent(end - start),
        long=end - start >= _LONG,
        kind=value.kind,
        later=value.later,
        text=value.text,
        when=value.when,
    )


def point_box(value: Value, plot: Plot) -> Box:
    """Return what the mark of one value covers."""
    (x, y), (start, end) = plot.centre(value), plot.span(value)
    half = (end - start) / 2 if end - start >= _LONG else plot.radius
    return Box(x - half, y - plot.radius, x + half, y + plot.radius)
