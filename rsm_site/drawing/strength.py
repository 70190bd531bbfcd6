"""Strength over time as a step line, events in lanes above it, on one time axis.

Heights are CSS pixels and widths are percentages, so that the drawing fills any width from the one it is computed for
without scaling its text; labels that are clear of each other at that width stay clear at every greater one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Literal

from dateutil.relativedelta import relativedelta
from msgspec import Struct

from rsm_site.drawing.labels import LINE, Anchor, Box, Line, Placed, Request, above, place_labels, shorten, text_width
from rsm_site.drawing.lanes import Lane, Mark, group_marks, percent
from rsm_site.drawing.scales import TimeScale, nice_ticks, time_scale, year_step

Qualifier = Literal["exactly", "about", "over", "under"]
Status = Literal["reported", "planned", "disputed"]
Kind = Literal["exactly", "about", "over", "under", "planned", "disputed", "text"]

LABEL = 13.0  # px; the stylesheet has the same sizes
TICK = 12.0
GAP = relativedelta(months=24)  # longer without a reported value, and the line stops
_NARROW = 560.0  # below this width a lane's name stands over its line
_RADIUS = 4.0
_ROOM = {True: (42.0, 180.0), False: (28.0, 240.0)}  # px for a lane and for the plot, narrow or not
_GREAT = 0.08  # a change worth a label, as a share of the axis
_LONG = 10.0  # px that a year or month needs to be drawn as a bar, not as a dot


class Value(Struct, frozen=True, kw_only=True):
    """One observation: its days and its words; without an amount it is drawn by its words alone."""

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


class Words(Struct, frozen=True, kw_only=True):
    """The words of the drawing: the axis, the day, patterns with {value}, and the key by kind (also `later`, `gap`)."""

    axis: str
    day: str
    planned: str
    disputed: str
    key: Mapping[str, str]


class YearTick(Struct, frozen=True, kw_only=True):
    """The start of a year, and where its name stands (empty where there is no room)."""

    x: float
    label_x: float
    label: str


class AmountTick(Struct, frozen=True, kw_only=True):
    """A round amount up the axis, written on the baseline `label_y`."""

    y: float
    label_y: float
    label: str


class Step(Struct, frozen=True, kw_only=True):
    """A level piece of the line: `kind` is known, about or later."""

    x1: float
    x2: float
    width: float
    y: float
    height: float
    kind: Literal["known", "about", "later"]


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


class ValueLabel(Struct, frozen=True, kw_only=True):
    """A value's words on the baseline `y`, `dx` pixels from `x`; `leader` is from where to where a line leads to it."""

    x: float
    dx: float
    y: float
    anchor: Anchor
    text: str
    kind: Kind
    later: bool
    leader: tuple[float, float] | None


class DayMark(Struct, frozen=True, kw_only=True):
    """The edition's day."""

    x: float
    anchor: Anchor
    label: str


class StrengthDrawing(Struct, frozen=True, kw_only=True):
    """All that the macro places; x in percent, y in pixels."""

    width: int
    height: float
    narrow: bool
    left: float
    right: float
    top: float
    lanes_bottom: float
    baseline: float
    axis: str
    axis_y: float
    day_y: float
    year_y: float
    years: tuple[YearTick, ...]
    amounts: tuple[AmountTick, ...]
    lanes: tuple[Lane, ...]
    steps: tuple[Step, ...]
    risers: tuple[Riser, ...]
    points: tuple[PointMark, ...]
    labels: tuple[ValueLabel, ...]
    day: DayMark
    key: tuple[tuple[str, str], ...]


class _Plot(Struct, frozen=True, kw_only=True):
    """Where things are, in pixels at the least width."""

    width: float
    scale: TimeScale
    top: float
    baseline: float
    largest: float

    def y(self, amount: float) -> float:
        return self.baseline - (self.baseline - self.top) * amount / self.largest

    def span(self, value: Value) -> tuple[float, float]:
        return self.scale(value.earliest), self.scale.end(value.latest)

    def centre(self, value: Value) -> tuple[float, float]:
        start, end = self.span(value)
        return (start + end) / 2, self.y(value.amount or 0.0)

    def percent(self, x: float) -> float:
        return percent(x, self.width)


def draw_strength(
    values: Sequence[Value],
    marks: Sequence[Mark],
    *,
    categories: Sequence[tuple[str, str]],
    day: date,
    words: Words,
    width: int,
    format_number: Callable[[float], str],
    format_year: Callable[[int], str],
) -> StrengthDrawing:
    """Return the drawing for `width` CSS pixels and anything wider."""
    narrow = width < _NARROW
    values = sorted(values, key=lambda value: (value.earliest, -value.latest.toordinal()))
    amounts = [value.amount for value in values if value.amount is not None]
    ticks = nice_ticks(max(amounts), most=5) if amounts else ()
    lane_names = _lane_names(marks, categories)
    left = _left_column([format_number(tick) for tick in ticks], [] if narrow else list(lane_names.values()), width)
    scale = time_scale(
        (
            day,
            *(bound for value in values for bound in (value.earliest, value.latest)),
            *(bound for mark in marks for bound in (mark.earliest, mark.latest)),
        ),
        left=left,
        right=width - LABEL,
    )
    top = LABEL * LINE + 4
    day_x = scale.end(day)
    lanes, lanes_bottom = _lanes(marks, lane_names, scale, day_x, width, top)
    axis_y = lanes_bottom + 10 + LABEL
    plot_top = axis_y + 14 if amounts else lanes_bottom + 10
    plot_height = _ROOM[narrow][1] if amounts else 64.0 if values else 4.0
    plot = _Plot(
        width=width,
        scale=scale,
        top=plot_top,
        baseline=plot_top + plot_height,
        largest=ticks[-1] if ticks else 1.0,
    )
    steps, risers = _line(values, day, plot)
    return StrengthDrawing(
        width=width,
        height=plot.baseline + TICK * LINE + 6,
        narrow=narrow,
        left=plot.percent(left),
        right=plot.percent(scale.right),
        top=top,
        lanes_bottom=lanes_bottom,
        baseline=plot.baseline,
        axis=words.axis if amounts else "",
        axis_y=axis_y,
        day_y=top - 6,
        year_y=round(plot.baseline + TICK * 1.4, 1),
        years=tuple(_years(plot, format_year)),
        amounts=tuple(_amount(tick, format_number(tick), plot) for tick in ticks),
        lanes=lanes,
        steps=steps,
        risers=risers,
        points=tuple(_point(value, plot) for value in values),
        labels=tuple(_labels(values, steps, risers, day_x, words, plot)),
        day=_day_mark(day_x, words.day, plot),
        key=_key(values, words),
    )


def _lane_names(marks: Sequence[Mark], categories: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    used = {mark.category: mark.category_label for mark in marks}
    known = {category: label for category, label in categories if category in used}
    return known | {category: label for category, label in used.items() if category not in known}


def _left_column(amounts: Sequence[str], names: Sequence[str], width: float) -> float:
    """Return the room left of the axis, for what is written there."""
    widths = [text_width(text, TICK) for text in amounts] + [text_width(name, LABEL) for name in names]
    return min(width * 0.3, max(widths, default=0.0) + 12)


def _lanes(
    marks: Sequence[Mark], names: Mapping[str, str], scale: TimeScale, day_x: float, width: float, top: float
) -> tuple[tuple[Lane, ...], float]:
    """Return the lanes from `top` downwards, and where they end."""
    narrow = width < _NARROW
    height = _ROOM[narrow][0]
    room = width if narrow else scale.left - 10
    lanes = []
    for index, (category, label) in enumerate(names.items()):
        bottom = top + 8 + (index + 1) * height
        lanes.append(
            Lane(
                id=category,
                label=shorten(label, LABEL, room),
                y=bottom - 14,
                label_y=bottom - 30 if narrow else bottom - 14 + LABEL * 0.35,
                count_y=bottom - 14 + TICK * 0.35,
                marks=group_marks([mark for mark in marks if mark.category == category], scale, day_x, width),
            )
        )
    return tuple(lanes), top + 8 + len(names) * height if names else top


def _amount(tick: float, label: str, plot: _Plot) -> AmountTick:
    y = plot.y(tick)
    return AmountTick(y=round(y, 1), label_y=round(y + TICK * 0.35, 1), label=label)


def _years(plot: _Plot, format_year: Callable[[int], str]) -> Iterator[YearTick]:
    scale = plot.scale
    widest = max(text_width(format_year(year), TICK) for year in (scale.first, scale.last))
    step = year_step(scale, widest + 8)
    for year in scale.years():
        start, end = scale(date(year, 1, 1)), scale.end(date(year, 12, 31))
        yield YearTick(
            x=plot.percent(start),
            label_x=plot.percent((start + end) / 2),
            label=format_year(year) if year % step == 0 or len(scale.years()) == 1 else "",
        )


def _line(values: Sequence[Value], day: date, plot: _Plot) -> tuple[tuple[Step, ...], tuple[Riser, ...]]:
    """Return the step line: each reported value holds until the next, or to the edition's day, if that is soon."""
    reported = [value for value in values if value.status == "reported" and value.amount is not None]
    steps: list[Step] = []
    risers: list[Riser] = []
    for value, following in pairwise((*reported, None)):
        if value is None:
            continue
        start, own_end = plot.span(value)
        until = following.earliest if following else day
        if following is None and (value.later or until < value.earliest):
            until = value.latest
        joined = _soon(value, until)
        end = (plot.scale(until) if following else max(plot.scale.end(until), start)) if joined else own_end
        turn = min(end, max(start, plot.scale.end(day)))
        if not value.later:
            steps += _step(value, start, turn, plot, later=False)
            start = turn
        steps += _step(value, start, end, plot, later=True)
        if following and joined:
            y1, y2 = plot.y(value.amount or 0.0), plot.y(following.amount or 0.0)
            risers.append(Riser(x=plot.percent(end), y1=round(y1, 1), y2=round(y2, 1), later=following.later))
    return tuple(steps), tuple(risers)


def _soon(value: Value, until: date) -> bool:
    return value.latest >= until or value.latest >= until - GAP


def _step(value: Value, start: float, end: float, plot: _Plot, *, later: bool) -> Iterator[Step]:
    if end <= start:
        return
    y = plot.y(value.amount or 0.0)
    x1, x2 = plot.percent(start), plot.percent(end)
    kind: Literal["known", "about", "later"] = (
        "later" if later else "known" if value.qualifier == "exactly" else "about"
    )
    yield Step(x1=x1, x2=x2, width=round(x2 - x1, 2), y=round(y, 1), height=round(plot.baseline - y, 1), kind=kind)


def _point(value: Value, plot: _Plot) -> PointMark:
    x, y = plot.centre(value)
    start, end = plot.span(value)
    return PointMark(
        x=plot.percent(x),
        y=round(y, 1),
        x1=plot.percent(start),
        top=round(y - _RADIUS, 1),
        width=plot.percent(end - start),
        long=end - start >= _LONG,
        kind=value.kind,
        later=value.later,
        text=value.text,
        when=value.when,
    )


def _labels(
    values: Sequence[Value], steps: Sequence[Step], risers: Sequence[Riser], day_x: float, words: Words, plot: _Plot
) -> Iterator[ValueLabel]:
    """Label the values that matter most, each only if there is room."""
    patterns = {"planned": words.planned, "disputed": words.disputed}
    wanted = [
        (
            value,
            shorten(patterns.get(value.status, "{value}").replace("{value}", value.text), LABEL, plot.width / 2),
            loss,
        )
        for value, loss in _worth_a_label(values, plot.largest)
    ]
    centres = [plot.centre(value) for value, _, _ in wanted]
    requests = [
        Request(
            x=x,
            y=y,
            width=text_width(text, LABEL),
            height=LABEL * LINE,
            candidates=above(_RADIUS + 1, LABEL),
            loss=loss,
            marker=_RADIUS + 1,
            stretch=True,
        )
        for (x, y), (_, text, loss) in zip(centres, wanted, strict=True)
    ]
    to_pixels = plot.width / 100
    placed = place_labels(
        requests,
        frame=Box(0.0, plot.top - 12, plot.width, plot.baseline - 2),
        solid=[_mark_box(value, plot) for value in values],
        soft=[
            *(Line(s.x1 * to_pixels, s.y, s.x2 * to_pixels, s.y) for s in steps),
            *(Line(r.x * to_pixels, r.y1, r.x * to_pixels, r.y2) for r in risers),
            Line(day_x, plot.top, day_x, plot.baseline),
        ],
    )
    for (value, text, _), place, (x, y) in zip(wanted, placed, centres, strict=True):
        if place:
            yield ValueLabel(
                x=plot.percent(x),
                dx=round(place.x - x, 1),
                y=round(place.y + LABEL * 0.35, 1),
                anchor=place.anchor,
                text=text,
                kind=value.kind,
                later=value.later,
                leader=_leader(place, y) if place.leader else None,
            )


def _worth_a_label(values: Sequence[Value], largest: float) -> Iterator[tuple[Value, float]]:
    """Yield values with what it would cost to leave their label out: the current one, the peak, both ends, great changes.

    Planned and disputed values and those in words stand apart from the line, so each wants its label, the same words once.
    """
    reported = [value for value in values if value.status == "reported" and value.amount is not None]
    current = max((i for i, value in enumerate(reported) if not value.later), default=-1)
    peak = max(range(len(reported)), key=lambda i: reported[i].amount or 0.0, default=-1)
    for index, value in enumerate(reported):
        change = abs((value.amount or 0.0) - (reported[index - 1].amount or 0.0)) / largest if index else 0.0
        if index == current:
            yield value, 1000.0
        elif index == peak:
            yield value, 800.0
        elif index in (0, len(reported) - 1):
            yield value, 600.0
        elif change > _GREAT:
            yield value, 20.0 + 100.0 * change
    apart = {(value.status, value.text): value for value in reversed(values) if value not in reported}
    for value in reversed(apart.values()):
        yield value, 500.0 if value.amount is None else 80.0


def _mark_box(value: Value, plot: _Plot) -> Box:
    x, y = plot.centre(value)
    start, end = plot.span(value)
    half = (end - start) / 2 if end - start >= _LONG else _RADIUS
    return Box(x - half, y - _RADIUS, x + half, y + _RADIUS)


def _leader(place: Placed, y: float) -> tuple[float, float]:
    near = place.box.bottom if place.box.bottom < y else place.box.top
    return round(y + (-_RADIUS - 2 if near < y else _RADIUS + 2), 1), round(near, 1)


def _day_mark(x: float, label: str, plot: _Plot) -> DayMark:
    half = text_width(label, LABEL) / 2
    anchor: Anchor = "start" if x < half else "end" if x > plot.width - half else "middle"
    return DayMark(x=plot.percent(x), anchor=anchor, label=label)


def _key(values: Sequence[Value], words: Words) -> tuple[tuple[str, str], ...]:
    """Return kind and words of all that is drawn and has words, in the order of the words."""
    used: set[str] = {value.kind for value in values}
    if any(value.later for value in values):
        used.add("later")
    return tuple((kind, label) for kind, label in words.key.items() if kind in used)
