"""Events as marks in lanes, one a category; where a lane is crowded, one counted mark for several."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from rsm_site.drawing.scales import TimeScale

TARGET = 24.0  # what a finger hits, in CSS pixels


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
    """One mark: the events it stands for, from `x1` to `x2` (percent of the width, equal for one event)."""

    x1: float
    x2: float
    middle: float
    span: tuple[float, float] | None
    events: tuple[Mark, ...]
    later: bool

    @property
    def text(self) -> str:
        """What is written in the mark: how many events, nothing for one."""
        return str(len(self.events)) if len(self.events) > 1 else ""


class Lane(Struct, frozen=True, kw_only=True):
    """The marks of one category on the line at `y`, with its name on the baseline `label_y` and counts on `count_y`."""

    id: str
    label: str
    y: float
    label_y: float
    count_y: float
    marks: tuple[LaneMark, ...]


class _Cluster(Struct, kw_only=True):
    low: float
    high: float
    events: list[Mark]


def group_marks(marks: Sequence[Mark], scale: TimeScale, day_x: float, width: float) -> tuple[LaneMark, ...]:
    """Return the marks of one lane, none nearer to the next than a finger needs, at `width` and any greater one.

    Those after the edition's day, at `day_x`, are marks of their own.
    """
    earlier = _cluster([mark for mark in marks if not mark.later], scale)
    later = _cluster([mark for mark in marks if mark.later], scale)
    if later:
        _clear(later[0], day_x + TARGET / 2, width)
        later = _merge(later)
    if earlier and later and later[0].low - earlier[-1].high < TARGET:
        earlier[-1].high = later[0].low - TARGET
        earlier[-1].low = min(earlier[-1].low, earlier[-1].high)
        earlier = _merge(earlier)
    return tuple(_lane_mark(cluster, scale, width) for cluster in (*earlier, *later))


def _cluster(marks: Sequence[Mark], scale: TimeScale) -> list[_Cluster]:
    ordered = sorted(marks, key=lambda mark: (_middle(mark, scale), mark.earliest, mark.id))
    return _merge([_Cluster(low=_middle(m, scale), high=_middle(m, scale), events=[m]) for m in ordered])


def _middle(mark: Mark, scale: TimeScale) -> float:
    return (scale(mark.earliest) + scale.end(mark.latest)) / 2


def _merge(clusters: list[_Cluster]) -> list[_Cluster]:
    """Join the two nearest again and again until all are a finger apart."""
    clusters = list(clusters)
    while len(clusters) > 1:
        gap, at = min((after.low - clusters[i].high, i) for i, after in enumerate(clusters[1:]))
        if gap >= TARGET:
            break
        first, second = clusters[at : at + 2]
        joined = _Cluster(low=first.low, high=max(first.high, second.high), events=first.events + second.events)
        clusters[at : at + 2] = [joined]
    return clusters


def _clear(cluster: _Cluster, left: float, width: float) -> None:
    """Move the first mark after the edition's day off the day's line, as far as there is room."""
    right = max(0.0, min(left - cluster.low, width - TARGET / 2 - cluster.high))
    cluster.low, cluster.high = cluster.low + right, cluster.high + right


def _lane_mark(cluster: _Cluster, scale: TimeScale, width: float) -> LaneMark:
    first = cluster.events[0]
    start, end = scale(first.earliest), scale.end(first.latest)
    loose = len(cluster.events) == 1 and end - start > TARGET / 2
    return LaneMark(
        x1=percent(cluster.low, width),
        x2=percent(cluster.high, width),
        middle=percent((cluster.low + cluster.high) / 2, width),
        span=(percent(start, width), percent(end, width)) if loose else None,
        events=tuple(cluster.events),
        later=first.later,
    )


def percent(x: float, width: float) -> float:
    """Return `x` as a share of `width` in percent, to two decimals."""
    return round(x / width * 100, 2)
