"""Which values are named in the drawing, and where."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import nlargest
from itertools import pairwise

from msgspec import Struct

from rsm_site.drawing.labels import BOLD, LINE, Anchor, Box, Line, Request, above, place_labels, shorten, text_width
from rsm_site.drawing.plot import Kind, Plot, Value
from rsm_site.drawing.steps import Riser, Step, point_box

LABEL = 13.0  # px; the stylesheet has the same
_GREAT = 0.08  # a change worth a label, as a share of the axis
_CHANGES = 4  # labelled at most
_CROSSED = 2.5  # cost of a pixel of line under a label; better a leader, or no label
_LONGEST = 0.7  # of the width, for one label
_ROOM_FOR_PLANS = 560.0  # px; in a narrower drawing a planned number is a mark alone


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


def label_values(
    values: Sequence[Value],
    steps: Sequence[Step],
    risers: Sequence[Riser],
    *,
    patterns: Mapping[str, str],
    beside: Sequence[Box],
    day_x: float,
    plot: Plot,
) -> Iterator[ValueLabel]:
    """Yield labels for what matters most, where there is room; `patterns` are words by status, with {value}.

    Nothing covers what is written `beside` the axis.
    """
    wanted = list(_worth_a_label(values, plot.largest, plans=plot.width >= _ROOM_FOR_PLANS))
    sizes = [LABEL if value.later or value.status in patterns else LABEL * BOLD for value, _ in wanted]
    texts = [
        shorten(patterns.get(value.status, "{value}").replace("{value}", value.text), size, plot.width * _LONGEST)
        for (value, _), size in zip(wanted, sizes, strict=True)
    ]
    requests = [
        Request(
            x=plot.centre(value)[0],
            y=plot.centre(value)[1],
            width=text_width(text, size),
            height=LABEL * LINE,
            candidates=above(plot.radius + 1, LABEL),
            loss=loss,
            marker=plot.radius + 1,
            stretch=True,
        )
        for (value, loss), text, size in zip(wanted, texts, sizes, strict=True)
    ]
    placed = place_labels(
        requests,
        frame=Box(0.0, plot.top - 10, plot.width, plot.baseline - 1),
        solid=[*beside, *(_kept_clear(value, plot, named={id(value) for value, _ in wanted}) for value in values)],
        soft=[*_lines(steps, risers, plot), Line(day_x, plot.top, day_x, plot.baseline)],
        crossed=_CROSSED,
    )
    for (value, _), text, request, place in zip(wanted, texts, requests, placed, strict=True):
        if place:
            yield ValueLabel(
                x=plot.percent(request.x),
                dx=round(place.x - request.x, 1),
                y=round(place.y + LABEL * 0.35, 1),
                anchor=place.anchor,
                text=text,
                kind=value.kind,
                later=value.later,
                leader=(round(place.leader.y1, 1), round(place.leader.y2, 1)) if place.leader else None,
            )


def _worth_a_label(values: Sequence[Value], largest: float, *, plans: bool) -> Iterator[tuple[Value, float]]:
    """Yield the current value, the peak, both ends and great changes, each with what leaving its label out would cost,
    but none that only repeats the one before.

    Values in words follow, and planned ones if there is room for `plans`, the same words once; a disputed number is a
    mark alone, which the key explains and the table spells out.
    """
    line = [value for value in values if value.on_line]
    amounts = [value.amount or 0.0 for value in line]
    peak = max(range(len(line)), key=amounts.__getitem__, default=0)
    current = max((index for index, value in enumerate(line) if not value.later), default=0)
    losses = {0: 600.0, len(line) - 1: 600.0, peak: 800.0, current: 1000.0} if line else {}
    changes = [(abs(after - before) / largest, index) for index, (before, after) in enumerate(pairwise(amounts), 1)]
    for change, index in nlargest(_CHANGES, (c for c in changes if c[0] > _GREAT and c[1] not in losses)):
        losses[index] = 20.0 + 100.0 * change
    for index in sorted(losses.keys() - {current}):
        if index - 1 in losses and line[index].text == line[index - 1].text:  # said already
            losses[index - 1] = max(losses[index - 1], losses.pop(index))
    yield from ((line[index], loss) for index, loss in sorted(losses.items()))
    named = ("planned",) if plans else ()
    apart = {
        (value.status, value.text): value
        for value in reversed(values)
        if not value.on_line and (value.amount is None or value.status in named)
    }
    for value in reversed(apart.values()):
        yield value, 500.0 if value.amount is None else 1.0


def _kept_clear(value: Value, plot: Plot, *, named: Collection[int]) -> Box:
    """Return where no label may stand: on a mark, nor over a bar without a label, of which it would seem to speak."""
    box = point_box(value, plot)
    bare = id(value) not in named and box.right - box.left > 2 * plot.radius
    return Box(box.left, box.top - LABEL * LINE, box.right, box.bottom) if bare else box


def _lines(steps: Sequence[Step], risers: Sequence[Riser], plot: Plot) -> Iterator[Line]:
    unit = plot.width / 100
    for step in steps:
        yield Line(step.x1 * unit, step.y, step.x2 * unit, step.y)
    for riser in risers:
        yield Line(riser.x * unit, riser.y1, riser.x * unit, riser.y2)
