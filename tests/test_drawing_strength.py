"""Strength and events on one time axis: what is drawn, where, and that words keep clear of each other."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import combinations, pairwise
from math import floor, log10
from pathlib import Path

import pytest

from rsm_site.drawing.labels import BOLD, LINE, Box, text_width
from rsm_site.drawing.lanes import TARGET, Mark
from rsm_site.drawing.plot import Value
from rsm_site.drawing.scales import nice_ticks
from rsm_site.drawing.strength import BESIDE, TICK, StrengthDrawing, Words, draw_strength
from rsm_site.drawing.value_labels import LABEL

CSS = Path(__file__).parents[1] / "templates/assets/css/components/strength-chart.css"
DAY = date(2020, 6, 30)
WIDTHS = (288, 640)
WORDS = Words(
    axis="People",
    day="30 June 2020",
    planned="{value} planned",
    disputed="{value} disputed",
    key={"exactly": "counted", "about": "about", "planned": "planned", "several": "several events", "later": "later"},
)


def value(day: date, amount: float | None, *, days: int = 0, text: str = "", **rest: object) -> Value:
    return Value(
        earliest=day,
        latest=day + timedelta(days=days),
        amount=amount,
        text=text or f"{amount:,.0f}",
        when=day.isoformat(),
        later=day > DAY,
        **rest,
    )


def mark(day: date, *, days: int = 0, category: str = "legal") -> Mark:
    return Mark(
        id=f"{category}-{day}",
        earliest=day,
        latest=day + timedelta(days=days),
        title=f"Event of {day}",
        when=day.isoformat(),
        category=category,
        category_label=category.title(),
        href=f"#event-{day}",
        later=day > DAY,
    )


def draw(values: Sequence[Value], marks: Sequence[Mark] = (), width: int = 640) -> StrengthDrawing:
    return draw_strength(
        values,
        marks,
        categories=[("peace", "Peace process"), ("legal", "Legal")],
        day=DAY,
        words=WORDS,
        width=width,
        format_number=lambda amount: f"{amount:,.0f}",
        format_year=str,
    )


VALUES = [
    value(date(2014, 12, 2), 12_000, status="planned", qualifier="about", text="about 12,000"),
    value(date(2015, 1, 1), 13_195, days=364),
    value(date(2015, 10, 1), 13_100, days=30, qualifier="over", text="over 13,100"),
    value(date(2016, 12, 1), 13_332, days=30),
    value(date(2017, 11, 9), 13_000, qualifier="about", text="about 13,000"),
    value(date(2017, 11, 9), 16_000, status="planned", qualifier="about", text="about 16,000"),
    value(date(2017, 12, 9), 12_000, status="disputed", text="12,000"),
    value(date(2018, 7, 13), 16_229),
    value(date(2019, 10, 1), 17_178, days=30),
    value(date(2020, 6, 1), 11_000, qualifier="about", text="about 11,000"),
    value(date(2020, 6, 15), 9_592),
    value(date(2021, 7, 16), 0),
]
MARKS = [mark(date(2012, 1, 1), days=365)] + [mark(date(2014 + n % 7, 1 + n % 12, 1)) for n in range(14)]
SERIES = {
    "usual": (VALUES, MARKS),
    "nothing": ([], []),
    "events only": ([], MARKS),
    "one value": ([value(date(2019, 3, 1), 500)], []),
    "words only": ([value(date(2018, m, 1), None, days=27, text="several hundred") for m in range(1, 12)], MARKS),
    "words among numbers": ([*VALUES, value(date(2016, 1, 1), None, text="a battalion or so " * 12)], []),
    "nothing but zero": ([value(date(2019, 1, 1), 0), value(date(2020, 1, 1), 0)], []),
    "ten million": ([value(date(2018, 1, 1), 0), value(date(2019, 1, 1), 10_000_000)], []),
    "many values": ([value(date(2012, 1, 1) + timedelta(days=20 * n), 900 + n * 37 % 100 * 9) for n in range(150)], []),
    "many events": ([], [mark(date(2020, 1, 1) + timedelta(days=n * 7 % 366)) for n in range(200)]),
    "a thousand years": ([value(date(1020, 1, 1), 5), value(date(2019, 1, 1), 9)], []),
}


def words_of(drawing: StrengthDrawing, width: float) -> list[Box]:
    """What all words of the drawing cover when it is shown `width` wide, by the estimate."""
    found = []

    def add(text: str, x: float, y: float, anchor: str, size: float, weight: float = 1.0) -> None:
        across = text_width(text, size * weight)
        left = x - across * {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
        found.append(Box(left, y - size, left + across, y + size * (LINE - 1) / 2))

    for label in drawing.labels:
        bold = label.kind not in ("planned", "disputed") and not label.later
        add(label.text, label.x * width / 100 + label.dx, label.y, label.anchor, LABEL, BOLD if bold else 1.0)
    for amount in drawing.amounts:
        add(amount.label, drawing.left * width / 100 - BESIDE, amount.label_y, "end", TICK)
    for year in drawing.years:
        if year.label:
            add(year.label, year.label_x * width / 100, drawing.year_y, "middle", TICK)
    for lane in drawing.lanes:
        x, anchor = (0.0, "start") if drawing.narrow else (drawing.left * width / 100 - BESIDE, "end")
        add(lane.label, x, lane.label_y, anchor, LABEL)
    add(drawing.day.label, drawing.day.x * width / 100, drawing.day_y, drawing.day.anchor, LABEL, BOLD)
    if drawing.axis:
        x, anchor = (drawing.left * width / 100 - BESIDE, "end") if drawing.axis_beside else (0.0, "start")
        add(drawing.axis, x, drawing.axis_y, anchor, LABEL, BOLD)
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SERIES)
def test_words_keep_clear_at_every_width(name: str, width: int) -> None:
    """At the width it is made for and at greater ones, no word covers another or leaves the drawing."""
    drawing = draw(*SERIES[name], width)
    for shown in (width, width * 1.37, width * 2.2):
        boxes = words_of(drawing, shown)
        frame = Box(-0.5, 0, shown + 0.5, drawing.height)
        assert all(box.within(frame) for box in boxes)
        assert not any(a.grown(-0.1).meets(b) for a, b in combinations(boxes, 2))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SERIES)
def test_every_value_and_event_is_drawn(name: str, width: int) -> None:
    """Each value has its point and each event is in a mark, within the drawing."""
    values, marks = SERIES[name]
    drawing = draw(values, marks, width)
    assert sorted(point.text for point in drawing.points) == sorted(item.text for item in values)
    drawn = [event.id for lane in drawing.lanes for found in lane.marks for event in found.events]
    assert sorted(drawn) == sorted(item.id for item in marks)
    assert all(0 <= point.x <= 100 and 0 < point.y <= drawing.baseline for point in drawing.points)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["usual", "many events"])
def test_marks_are_a_finger_apart(name: str, width: int) -> None:
    """Marks in a lane are at least 24 px apart and inside the drawing, in order of time, and count their events."""
    for lane in draw(*SERIES[name], width).lanes:
        places = [found.x * width / 100 for found in lane.marks]
        assert all(b - a >= TARGET - 0.1 for a, b in pairwise(places))
        assert all(TARGET / 2 - 0.1 <= x <= width - TARGET / 2 + 0.1 for x in places)
        assert all(found.count == (str(len(found.events)) if len(found.events) > 1 else "") for found in lane.marks)


def test_events_of_before_and_after_the_day_are_not_counted_together() -> None:
    """A mark has events from one side of the edition's day only, though they are days apart."""
    marks = [mark(DAY + timedelta(days=n)) for n in range(-3, 4)]
    (lane,) = draw([], marks).lanes
    assert [found.later for found in lane.marks] == [False, True]
    assert [found.count for found in lane.marks] == ["4", "3"]


def test_lanes_follow_the_categories() -> None:
    """Lanes come in the order of the categories, others after them, none without events."""
    marks = [mark(DAY, category=name) for name in ("other", "legal", "peace")]
    assert [lane.id for lane in draw([], marks).lanes] == ["peace", "legal", "other"]


def test_the_line_holds_until_the_next_value() -> None:
    """A value holds until the next one begins, then an upright piece leads to it; the last one holds until the day."""
    drawing = draw([value(date(2019, 1, 1), 100), value(date(2020, 1, 1), 300, qualifier="about")])
    first, second = drawing.steps
    assert (first.kind, second.kind) == ("known", "about")
    assert first.x2 == second.x1 == drawing.risers[0].x
    assert (drawing.risers[0].y1, drawing.risers[0].y2) == (first.y, second.y)
    assert second.x2 == drawing.day.x
    assert (drawing.baseline - first.y) * 3 == pytest.approx(drawing.baseline - second.y, abs=0.3)


def test_a_gap_stays_a_gap() -> None:
    """More than 24 months without a value, and the line stops at the end of the last date; at 24 months it holds."""
    broken = draw([value(date(2014, 1, 1), 100, days=364), value(date(2017, 1, 1), 300)])
    assert len(broken.risers) == 0
    assert broken.steps[0].x2 < broken.points[1].x
    held = draw([value(date(2015, 1, 1), 100), value(date(2017, 1, 1), 300)])
    assert len(held.risers) == 1


def test_what_is_old_does_not_hold_until_the_day() -> None:
    """A last value more than 24 months old ends where its date ends."""
    drawing = draw([value(date(2016, 1, 1), 100, days=30)])
    assert drawing.steps[-1].x2 < drawing.day.x / 2


def test_planned_and_disputed_values_are_not_on_the_line() -> None:
    """They have points of their own kind, and no step."""
    drawing = draw(VALUES)
    kinds = [point.kind for point in drawing.points]
    assert kinds.count("planned") == 2
    assert kinds.count("disputed") == 1
    heights = {point.y for point in drawing.points if point.kind == "planned"}
    assert not heights & {step.y for step in drawing.steps}


def test_what_is_later_is_told_apart() -> None:
    """After the day every piece of the line is grey, before it none is."""
    drawing = draw(VALUES)
    assert all((step.x1 >= drawing.day.x) == (step.kind == "later") for step in drawing.steps)
    assert drawing.risers[-1].later
    assert drawing.points[-1].later


def test_a_year_is_drawn_as_long_as_it_is() -> None:
    """A value of a year is a bar from its first to its last day, one of a day a mark."""
    year, day = draw([value(date(2018, 1, 1), 100, days=364), value(date(2020, 2, 1), 50)]).points
    assert year.long
    assert not day.long
    scale = (draw([value(date(2018, 1, 1), 100)]).years[1].x - year.x1) / year.width
    assert scale == pytest.approx(1, abs=0.01)


def test_time_runs_in_whole_years() -> None:
    """The axis goes from the start of the first year to the end of the last, each year named if there is room."""
    drawing = draw(VALUES, MARKS)
    assert drawing.years[0].x == drawing.left
    assert [year.label for year in drawing.years] == [str(year) for year in range(2012, 2022)]


def test_an_open_date_does_not_stretch_the_axis() -> None:
    """An event that has no end reaches to the end of the axis, not to the year 9999."""
    (lane,) = (drawing := draw([], [mark(date(2018, 5, 1), days=(date.max - date(2018, 5, 1)).days)])).lanes
    assert [year.label for year in drawing.years] == ["2018", "2019", "2020"]
    assert lane.marks[0].span is not None
    assert lane.marks[0].span[1] == drawing.right


def test_the_current_value_and_the_peak_are_named() -> None:
    """At every width the last value by the day and the greatest have their labels, planned ones say so."""
    for width in WIDTHS:
        texts = [label.text for label in draw(VALUES, MARKS, width).labels]
        assert "9,592" in texts
        assert "17,178" in texts
    assert "about 16,000 planned" in texts


def test_a_value_that_stays_the_same_is_named_once() -> None:
    """Of two values beside each other that say the same, one has a label; the current value always has its own."""
    zeros = [value(date(2021, 7, 16), 0), value(date(2021, 8, 15), 0)]
    texts = [label.text for label in draw([value(date(2019, 1, 1), 90), value(DAY, 90), *zeros]).labels]
    assert sorted(texts) == ["0", "90", "90"]


def test_the_key_tells_what_is_drawn() -> None:
    """The key has the kinds that occur and have words, in the order of the words."""
    assert [kind for kind, _ in draw(VALUES, MARKS).key] == ["exactly", "about", "planned", "several", "later"]
    assert draw([value(date(2019, 1, 1), 5)]).key == (("exactly", "counted"),)


def test_the_key_has_each_look_of_a_span() -> None:
    """What is dated to a span of time may be reported, planned or disputed; the key shows those that are drawn."""
    assert draw([value(date(2018, 7, 13), 5)]).spans == ()
    disputed = value(date(2017, 1, 1), 5, days=300, status="disputed")
    assert draw([disputed]).spans == ("disputed",)
    about = value(date(2018, 1, 1), 5, days=300, qualifier="about")
    assert draw([about, disputed]).spans == ("exactly", "disputed")


@pytest.mark.parametrize("largest", [0, 1, 3, 7, 10, 99, 100, 9_592, 17_178, 10_000_000, 0.4])
def test_ticks_are_round_and_few(largest: float) -> None:
    """Ticks go from zero to at least the largest amount in at most five round numbers, whole ones for whole amounts."""
    ticks = nice_ticks(largest, most=5)
    assert ticks[0] == 0
    assert ticks[-1] >= largest
    assert 2 <= len(ticks) <= 5
    assert ticks[1] / 10 ** floor(log10(ticks[1])) in (1, 2, 2.5, 5)
    if largest >= 1:
        assert all(tick == int(tick) for tick in ticks)


def test_the_same_drawing_twice() -> None:
    """Equal values in another order give an equal drawing."""
    assert draw(VALUES, MARKS) == draw(VALUES[::-1], MARKS[::-1])


def test_sizes_are_those_of_the_stylesheet() -> None:
    """The stylesheet writes labels and ticks in the sizes that room was left for."""
    css = CSS.read_text(encoding="utf-8")
    assert f".strength-chart__drawing text {{ fill: var(--ink); font-size: {LABEL:g}px;" in css
    assert re.search(rf"strength-chart__tick {{[^}}]*font-size: {TICK:g}px", css)
