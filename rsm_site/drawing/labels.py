"""Where labels go so that none covers another: candidate places for each, a greedy start, then local search."""

import unicodedata
from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush
from itertools import accumulate, count, islice
from math import fsum, hypot  # fsum: exact, hence the same in every Python
from typing import Literal

from msgspec import Struct

Anchor = Literal["start", "middle", "end"]

LINE = 1.4  # height of a line of text, in its size
BOLD = 1.12  # how much wider bold text is
_WIDTHS = {
    **dict.fromkeys("'ijlIJ ,./:;\\|f-()[]t", 39),
    **dict.fromkeys('!r"*_`sz?c', 54),
    **dict.fromkeys("ABCDGHKNOQRUVXZ&w", 80),
    **dict.fromkeys("#+<=>^~%@mMW", 100),
}  # in hundredths of the size, from the widest of the common system fonts: nobody knows which one a reader has


class Box(Struct, frozen=True):
    """A rectangle in drawing units, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """Tell whether the two share more than an edge."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def within(self, other: "Box") -> bool:
        """Tell whether no part of this one is outside of `other`."""
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )

    def grown(self, by: float) -> "Box":
        """Return the box with `by` more on each side."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)


class Line(Struct, frozen=True):
    """A straight line that a label may cross, though it should not."""

    x1: float
    y1: float
    x2: float
    y2: float

    def length_in(self, box: Box) -> float:
        """Return how much of the line is inside `box` (Liang and Barsky)."""
        if (
            (self.x1 < box.left and self.x2 < box.left)
            or (self.x1 > box.right and self.x2 > box.right)
            or (self.y1 < box.top and self.y2 < box.top)
            or (self.y1 > box.bottom and self.y2 > box.bottom)
        ):
            return 0.0  # most are far away
        start, end = 0.0, 1.0
        dx, dy = self.x2 - self.x1, self.y2 - self.y1
        for step, room in (
            (-dx, self.x1 - box.left),
            (dx, box.right - self.x1),
            (-dy, self.y1 - box.top),
            (dy, box.bottom - self.y1),
        ):
            if step == 0:
                if room <= 0:
                    return 0.0
            elif step < 0:
                start = max(start, room / step)
            else:
                end = min(end, room / step)
        return max(0.0, end - start) * hypot(dx, dy)


class Candidate(Struct, frozen=True):
    """One place for a label: where its text is anchored and its middle line runs, from the point; cheaper is better."""

    dx: float
    dy: float
    anchor: Anchor
    cost: float
    leader: bool = False


class Request(Struct, frozen=True, kw_only=True):
    """A label for the point (x, y) with a mark of radius `marker`; `loss` is the cost of leaving it out.

    `stretch`: the drawing may be shown wider than computed, so what lies between point and label must be free as well,
    and of two labels above each other the higher one is that of the higher point.
    """

    x: float
    y: float
    width: float
    height: float
    candidates: Sequence[Candidate]
    loss: float = 1000.0
    marker: float = 0.0
    stretch: bool = False


class Placed(Struct, frozen=True, kw_only=True):
    """The place found: anchor and middle line of the text, its box, the line that leads from there to the mark."""

    x: float
    y: float
    anchor: Anchor
    box: Box
    leader: Line | None


def text_width(text: str, size: float) -> float:
    """Return a generous estimate of the width of `text` in a system font of `size`, in the same unit."""
    return size * _hundredths(text) / 100


def shorten(text: str, size: float, room: float) -> str:
    """Return as much of `text` as fits in `room`, with an ellipsis where something is left out."""
    # Measured no further than it fits: a text of a hundred thousand characters is none the slower.
    widths = enumerate(accumulate(map(_hundredths, text)))
    over = next((index for index, width in widths if size * width / 100 > room), None)
    if over is None:
        return text
    ends = (end for end in range(over, 0, -1) if text_width(text[:end] + "…", size) <= room)
    return text[: next(ends, 1)].rstrip() + "…"


def _hundredths(text: str) -> int:
    """The width of the text in hundredths of its size."""
    return sum(_character_width(character) for character in unicodedata.normalize("NFD", text))


def _character_width(character: str) -> int:
    if character in _WIDTHS:
        return _WIDTHS[character]
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 105
    return 64 if character.isascii() else 80


def around(marker: float, size: float) -> tuple[Candidate, ...]:
    """Return candidates in eight directions round a mark of radius `marker`, then further away at the end of a line."""
    found = []
    for ring, away in enumerate((0.0, size * 0.7, size * 1.5, size * 2.5, size * 3.7, size * 5)):
        reach = marker + size * 0.3 + away
        slant, rise = marker + size * 0.15 + away * 0.7, (marker + size) * 0.5 + away * 0.7
        places: tuple[tuple[float, float, Anchor], ...] = (
            (reach, 0, "start"),
            (-reach, 0, "end"),
            (slant, -rise, "start"),
            (slant, rise, "start"),
            (0, -reach - size * LINE / 2, "middle"),
            (0, reach + size * LINE / 2, "middle"),
            (-slant, -rise, "end"),
            (-slant, rise, "end"),
        )
        found += [Candidate(*place, ring * 12.0 + rank, ring > 0) for rank, place in enumerate(places)]
    return tuple(found)


def above(marker: float, size: float) -> tuple[Candidate, ...]:
    """Return candidates over and under a point, so that a leader stays upright when the drawing is stretched."""
    beside = marker + size * 0.35
    found = [Candidate(beside, 0, "start", 5.0), Candidate(-beside, 0, "end", 8.0)]
    corners: tuple[tuple[Anchor, float], ...] = (("start", beside * 0.6), ("end", -beside * 0.6))
    sides: tuple[tuple[Anchor, float], ...] = (("middle", 0.0), ("start", -marker), ("end", marker))
    rise = marker + size * 0.5
    found += [Candidate(dx, dy, anchor, cost) for anchor, dx in corners for dy, cost in ((-rise, 4.0), (rise, 7.0))]
    for ring in range(6):
        reach = marker + size * (0.2 + LINE / 2 + ring * 0.7)
        for under, side in enumerate((-1, 1)):
            found += [
                Candidate(dx, side * reach, anchor, ring * 14.0 + under * 4.5 + rank * 1.5, ring > 0)
                for rank, (anchor, dx) in enumerate(sides)
            ]
    return tuple(found)


def place_labels(
    requests: Sequence[Request],
    *,
    frame: Box,
    solid: Sequence[Box] = (),
    soft: Sequence[Line] = (),
    crossed: float = 0.4,
) -> tuple[Placed | None, ...]:
    """Return a place for each request, in their order, None where there is no room.

    No label leaves `frame` or covers another or a `solid` box; a unit of a `soft` line under one costs `crossed`.
    """
    choices = [_Choices(_choices(request, frame, solid, soft, crossed)) for request in requests]
    chosen: list[_Choice | None] = [None] * len(requests)
    for index in sorted(range(len(requests)), key=lambda index: -requests[index].loss):
        chosen[index] = next((c for c in choices[index] if not any(c.clashes(o) for o in chosen)), None)
    for _ in range(4):
        if not _improve(requests, choices, chosen):
            break
    return tuple(choice.placed if choice else None for choice in chosen)


class _Choice(Struct, frozen=True):
    """A candidate in its place: `taken` is what must be free, the label's box or more; `point` is how high its point
    is, where labels have to stand in that order."""

    cost: float
    placed: Placed
    taken: Box
    point: float | None

    def covers(self, other: Box) -> bool:
        leader = self.placed.leader
        return self.taken.meets(other) or (leader is not None and leader.length_in(other) > 0)

    def priced(self, lines: Sequence[Line], crossed: float) -> "_Choice":
        """The same with the cost of the lines it crosses."""
        length = fsum(line.length_in(self.taken) for line in lines)
        return _Choice(self.cost + length * crossed, self.placed, self.taken, self.point)

    def clashes(self, other: "_Choice | None") -> bool:
        return other is not None and (self.covers(other.taken) or other.covers(self.taken) or self.swaps(other))

    def swaps(self, other: "_Choice") -> bool:
        """Tell whether the two stand above each other, and not as their points do."""
        if self.point is None or other.point is None:
            return False
        one, two = self.placed.box, other.placed.box
        is_above = one.left < two.right and two.left < one.right
        return is_above and (self.point - other.point) * (self.placed.y - other.placed.y) < 0


class _Choices:
    """What is possible for one label by itself, best first, found out only as far as somebody asks."""

    def __init__(self, found: Iterator[_Choice]) -> None:
        self._found = found
        self._known: list[_Choice] = []

    def __iter__(self) -> Iterator[_Choice]:
        for index in count():
            if index == len(self._known):
                self._known.extend(islice(self._found, 1))
            if index == len(self._known):
                return
            yield self._known[index]


def _choices(
    request: Request, frame: Box, solid: Sequence[Box], soft: Sequence[Line], crossed: float
) -> Iterator[_Choice]:
    """Yield what is possible for one label by itself, best first; with the lines it crosses a place costs no less than
    without."""
    others = [box for box in solid if not Box(request.x, request.y, request.x, request.y).within(box)]
    reach = _reach(request)
    near = [line for line in soft if line.length_in(reach)]
    waiting: list[tuple[float, int, _Choice | None]]
    waiting = [(candidate.cost, rank, None) for rank, candidate in enumerate(request.candidates)]
    heapify(waiting)
    while waiting:
        _, rank, choice = heappop(waiting)
        if choice:
            yield choice
            continue
        choice = _choice(request, request.candidates[rank])
        if (
            choice.taken.within(frame)
            and not any(map(choice.taken.meets, solid))
            and not any(map(choice.covers, others))
        ):
            choice = choice.priced(near, crossed)
            heappush(waiting, (choice.cost, rank, choice))


def _reach(request: Request) -> Box:
    """Return a box that holds the label wherever it may be placed."""
    aside = max(abs(candidate.dx) for candidate in request.candidates) + request.width
    upright = max(abs(candidate.dy) for candidate in request.candidates) + request.height
    return Box(request.x - aside, request.y - upright, request.x + aside, request.y + upright)


def _choice(request: Request, candidate: Candidate) -> _Choice:
    x, y = request.x + candidate.dx, request.y + candidate.dy
    left = x - request.width * {"start": 0.0, "middle": 0.5, "end": 1.0}[candidate.anchor]
    box = Box(left, y - request.height / 2, left + request.width, y + request.height / 2)
    taken = box
    if request.stretch:
        near, far = request.x + request.marker, request.x - request.marker
        taken = Box(min(box.left, near), box.top, max(box.right, far), box.bottom)
    leader = _leader(request, box) if candidate.leader else None
    placed = Placed(x=x, y=y, anchor=candidate.anchor, box=box, leader=leader)
    return _Choice(candidate.cost, placed, taken, request.y if request.stretch else None)


def _leader(request: Request, box: Box) -> Line:
    """Return the line from the nearest point of the label to the edge of the mark."""
    x, y = min(max(request.x, box.left), box.right), min(max(request.y, box.top), box.bottom)
    part = request.marker / (hypot(x - request.x, y - request.y) or 1.0)
    return Line(x, y, request.x + (x - request.x) * part, request.y + (y - request.y) * part)


def _improve(requests: Sequence[Request], choices: Sequence[_Choices], chosen: list[_Choice | None]) -> bool:
    """Make way for labels that are missing or far off by moving one other; tell whether anything became better."""
    better = False
    for index, request in enumerate(requests):
        now = chosen[index]
        cost_now = now.cost if now else request.loss
        for choice in choices[index]:
            if choice.cost >= cost_now:
                break
            in_the_way = [o for o, other in enumerate(chosen) if o != index and choice.clashes(other)]
            if len(in_the_way) > 1:
                continue
            moves = list(_moves(index, choice, in_the_way, requests, choices, chosen))
            if fsum(gain for _, _, gain in moves) + cost_now - choice.cost > 1e-9:
                chosen[index] = choice
                for other, move, _ in moves:
                    chosen[other] = move
                better = True
                break
    return better


def _moves(
    index: int,
    choice: _Choice,
    in_the_way: Sequence[int],
    requests: Sequence[Request],
    choices: Sequence[_Choices],
    chosen: list[_Choice | None],
) -> Iterator[tuple[int, _Choice | None, float]]:
    """Yield for the label in the way its next best place, or None, and the (negative) gain."""
    for other in in_the_way:
        rest = [c for o, c in enumerate(chosen) if o not in (index, other)]
        move = next((c for c in choices[other] if not c.clashes(choice) and not any(c.clashes(r) for r in rest)), None)
        was = chosen[other]
        yield other, move, (was.cost if was else 0.0) - (move.cost if move else requests[other].loss)
