"""Strength over time as a step line, events in lanes above it, on one time axis.

Heights are CSS pixels and widths are percentages, so that the drawing fills any width from the one it is computed for
without scaling its text; labels that are clear of each other at that width stay clear at every greater one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date

from msgspec import Struct

from rsm_site.drawing.labels import BOLD, LINE, Anchor, Box, shorten, text_width
from rsm_site.drawing.lanes import Lane, Mark, group_marks
from rsm_site.drawing.plot import Plot, Value
from rsm_site.drawing.scales import TimeScale, nice_ticks, time_scale, year_step
from rsm_site.drawing.steps import PointMark, Riser, Step, point_mark, step_line
from rsm_site.drawing.value_labels import LABEL, ValueLabel, label_values

TICK = 12.0  # px; the stylesheet has the same
BESIDE = 8.0  # px between the axis and what is written left of it; the template has the same
_NARROW = 560.0  # below this width a lane's name stands over its line
_LEAST_YEAR = 9.0  # px; years narrower than that have lines only where they have labels


class Words(Struct, frozen=True, kw_only=True):
    """What is written: the axis, the day, patterns with {value}; the key by kind, `span`, `later` and `several` too."""

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


class DayMark(Struct, frozen=True, kw_only=True):
    """The edition's day."""

    x: float
    anchor: Anchor
    label: str


class StrengthDrawing(Struct, frozen=True, kw_only=True):
    """All that the macro places; x in percent, y in pixels. If `narrow`, lanes have their names over them; the axis has
    its own name left of it if `axis_beside`, else at the edge. `spans` are the looks of bars."""

    width: int
    height: float
    narrow: bool
    left: float
    right: float
    top: float
    baseline: float
    axis: str
    axis_beside: bool
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
    spans: tuple[str, ...]


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
    """Return the drawing for `width` CSS pixels and anything wider; `categories`: (id, label) in the lanes' order."""
    narrow = width < _NARROW
    values = sorted(values, key=_in_time)
    numbers = [value.amount for value in values if value.amount is not None]
    ticks = nice_ticks(max(numbers), most=5) if numbers else ()
    names = _lane_names(marks, categories)
    left = _left_column(map(format_number, ticks), () if narrow else names.values(), width)
    dated: list[Value | Mark] = [*values, *marks]
    days = [day, *(item.earliest for item in dated), *(item.latest for item in dated)]
    scale = time_scale(days, left=left, right=width - 4.0)
    day_x = scale.end(day)
    top = round(LABEL * LINE + 4)
    lanes, lanes_bottom = _lanes(marks, names, scale, day_x, width, top)
    plot_top = lanes_bottom + (36 if numbers else 10)
    plot_height = (180 if narrow else 240) if numbers else 64 if values else 4
    plot = Plot(
        scale=scale,
        width=width,
        top=plot_top,
        baseline=plot_top + plot_height,
        largest=ticks[-1] if ticks else 1.0,
        radius=3.0 if narrow else 4.0,
    )
    amounts = tuple(_amount(tick, format_number(tick), plot) for tick in ticks)
    beside = [Box(0.0, amount.y - 9, left, amount.y + 9) for amount in amounts]
    steps, risers = step_line(values, day, plot)
    points = tuple(point_mark(value, plot) for value in values)
    patterns = {"planned": words.planned, "disputed": words.disputed}
    spans = _spans(points, lanes)
    return StrengthDrawing(
        width=width,
        height=plot.baseline + 22,
        narrow=narrow,
        left=plot.percent(left),
        right=plot.percent(scale.right),
        top=top,
        baseline=plot.baseline,
        axis=shorten(words.axis, LABEL * BOLD, width - LABEL) if numbers else "",
        axis_beside=text_width(words.axis, LABEL * BOLD) <= left - BESIDE,
        axis_y=plot_top - 14,
        day_y=top - 6,
        year_y=plot.baseline + 17,
        years=tuple(_years(plot, format_year)),
        amounts=amounts,
        lanes=lanes,
        steps=steps,
        risers=risers,
        points=points,
        labels=tuple(label_values(values, steps, risers, patterns=patterns, beside=beside, day_x=day_x, plot=plot)),
        day=_day_mark(day_x, words.day, plot),
        key=_key(values, spans, lanes, words),
        spans=spans,
    )


def _in_time(value: Value) -> tuple[date, int, str, str]:
    """Sort by the first day, then the less precise first."""
    return value.earliest, -value.latest.toordinal(), value.status, value.text


def _lane_names(marks: Sequence[Mark], categories: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    used = {mark.category: mark.category_label for mark in marks}
    known = {category: label for category, label in categories if category in used}
    return known | {category: label for category, label in used.items() if category not in known}


def _left_column(amounts: Iterable[str], names: Iterable[str], width: float) -> float:
    """Return the room left of the axis for what is written there; long names are cut."""
    longest = max((text_width(name, LABEL) for name in names), default=0.0)
    return max([min(width * 0.3, longest), *(text_width(amount, TICK) for amount in amounts)]) + 12


def _lanes(
    marks: Sequence[Mark], names: Mapping[str, str], scale: TimeScale, day_x: float, width: float, top: float
) -> tuple[tuple[Lane, ...], float]:
    """Return the lanes from `top` downwards, and where they end."""
    narrow = width < _NARROW
    height, above_line = (40, 17) if narrow else (28, -4.5)
    lanes = []
    for index, (category, label) in enumerate(names.items()):
        y = top + 8 + (index + 1) * height - 14
        lanes.append(
            Lane(
                id=category,
                label=shorten(label, LABEL, width if narrow else scale.left - BESIDE),
                y=y,
                label_y=y - above_line,
                count_y=y + 4.2,
                marks=group_marks([mark for mark in marks if mark.category == category], scale, day_x, width),
            )
        )
    return tuple(lanes), top + 8 + len(names) * height if names else top


def _amount(tick: float, label: str, plot: Plot) -> AmountTick:
    return AmountTick(y=plot.y(tick), label_y=round(plot.y(tick) + TICK * 0.35, 1), label=label)


def _years(plot: Plot, format_year: Callable[[int], str]) -> Iterator[YearTick]:
    scale = plot.scale
    widest = max(text_width(format_year(year), TICK) for year in (scale.first, scale.last))
    step = year_step(scale, widest + 8)
    first, last = scale.left - 6 + widest / 2, plot.width - widest / 2
    for year in scale.years():
        start, end = scale(date(year, 1, 1)), scale.end(date(year, 12, 31))
        labelled = year % step == 0 and first <= (start + end) / 2 <= last
        if labelled or end - start >= _LEAST_YEAR:
            label = format_year(year) if labelled else ""
            yield YearTick(x=plot.percent(start), label_x=plot.percent((start + end) / 2), label=label)


def _day_mark(x: float, label: str, plot: Plot) -> DayMark:
    half = text_width(label, LABEL * BOLD) / 2
    anchor: Anchor = "start" if x < half else "end" if x > plot.width - half else "middle"
    return DayMark(x=plot.percent(x), anchor=anchor, label=label)


def _spans(points: Sequence[PointMark], lanes: Sequence[Lane]) -> tuple[str, ...]:
    """Return the looks that bars have: what is reported, how ever exactly, looks alike."""
    used = {point.kind if point.kind in ("planned", "disputed") else "exactly" for point in points if point.long}
    if any(mark.span for lane in lanes for mark in lane.marks):
        used.add("exactly")
    return tuple(look for look in ("exactly", "planned", "disputed") if look in used)


def _key(
    values: Sequence[Value], spans: Sequence[str], lanes: Sequence[Lane], words: Words
) -> tuple[tuple[str, str], ...]:
    """Return kind and words of all that is drawn and has words, in the order of the words."""
    used: set[str] = {value.kind for value in values}
    if any(value.later for value in values):
        used.add("later")
    if spans:
        used.add("span")
    if any(mark.count for lane in lanes for mark in lane.marks):
        used.add("several")
    return tuple((kind, label) for kind, label in words.key.items() if kind in used)
