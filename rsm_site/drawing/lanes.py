"""Events as marks in lanes, one a category; where a lane is crowded, one counted mark for several."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from msgspec import Struct

from rsm_site.drawing.scales import TimeScale, percent

TARGET = 24.0  # px that a finger needs
_COUNTED = 20.0  # px across
_SINGLE = 10.0


class Mark(Struct, frozen=True, kw_only=True):
    """An event as it is drawn: when in days and in words, where it leads, whether it is after the edition's day."""

    id: str
    earliest: date
    latest: date
    title: str
    when: str
    category: str
    category_label: str
    href: str
    later: bool = False


class LaneMark(Struct, frozen=True, kw_only=True):
    """One mark of radius `r` at `x` percent for its events, their `count` in it if several; `span`: all their time."""

    x: float
    r: float
    span: tuple[float, float] | None
    count: str
    events: tuple[Mark, ...]
    later: bool


class Lane(Struct, frozen=True, kw_only=True):
    """The marks of one category on the line at `y`, its name on the baseline `label_y`, counts on `count_y`."""

    id: str
    label: str
    y: float
    label_y: float
    count_y: float
    marks: tuple[LaneMark, ...]


class _Group(Struct, frozen=True):
    x: float
    marks: tuple[Mark, ...]


def group_marks(marks: Sequence[Mark], scale: TimeScale, day_x: float, width: float) -> tuple[LaneMark, ...]:
    """Return the marks of one lane, none nearer to the next than a finger needs, at `width` and any greater one.

    Those after the edition's day, at `day_x`, are marks of their own.
    """
    earlier = _merge(_ordered([mark for mark in marks if not mark.later], scale))
    later = _merge(_ordered([mark for mark in marks if mark.later], scale))
    if later:  # off the line of the edition's day, and off what is before it, as far as there is room
        free = max(day_x + _COUNTED / 2, earlier[-1].x + TARGET if earlier else 0.0)
        first = later[0]
        later = _merge([_Group(max(first.x, min(free, width - TARGET / 2)), first.marks), *later[1:]])
    if earlier and later and later[0].x - earlier[-1].x < TARGET:
        last = earlier[-1]
        earlier = _merge([*earlier[:-1], _Group(later[0].x - TARGET, last.marks)])
    return tuple(_lane_mark(group, scale, width) for group in (*earlier, *later))


def _ordered(marks: Sequence[Mark], scale: TimeScale) -> list[_Group]:
    groups = [_Group((scale(mark.earliest) + scale.end(mark.latest)) / 2, (mark,)) for mark in marks]
    return sorted(groups, key=lambda group: (group.x, group.marks[0].earliest, group.marks[0].id))


def _merge(groups: list[_Group]) -> list[_Group]:
    """Join the two nearest again and again until all are a finger apart."""
    while len(groups) > 1:
        gap, at = min((after.x - before.x, index) for index, (before, after) in enumerate(pairwise(groups)))
        if gap >= TARGET:
            break
        before, after = groups[at], groups[at + 1]
        marks = before.marks + after.marks
        x = (before.x * len(before.marks) + after.x * len(after.marks)) / len(marks)
        groups = [*groups[:at], _Group(x, marks), *groups[at + 2 :]]
    return groups


def _lane_mark(group: _Group, scale: TimeScale, width: float) -> LaneMark:
    several = len(group.marks) > 1
    r = (_COUNTED if several else _SINGLE) / 2
    start, end = min(scale(m.earliest) for m in group.marks), max(scale.end(m.latest) for m in group.marks)
    return LaneMark(
        x=percent(group.x, width),
        r=r,
        span=(percent(start, width), percent(end, width)) if end - start > 2 * r else None,
        count=str(len(group.marks)) if several else "",
        events=group.marks,
        later=group.marks[0].later,
    )
