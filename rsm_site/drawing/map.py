"""A map of places: outline and neighbours, joined places, labels that keep clear of each other, a scale bar.

Outlines are drawn once, in units of the widest layer; marks and words once for each layer, so that they keep their size
on screens from narrow to wide.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from math import hypot
from typing import Any, Literal

from msgspec import Struct

from rsm_site.drawing.geometry import Outline, Point, area, edges, inside, path, read_outlines
from rsm_site.drawing.labels import BOLD, LINE, Anchor, Box, Line, Request, around, place_labels, shorten, text_width
from rsm_site.drawing.lands import Shape, shapes_in
from rsm_site.drawing.projection import Projection, fit

LAYERS = (288, 420, 640)  # CSS pixels from which each layer is shown; the stylesheet has the same steps
MORE_LAYERS = (*LAYERS, 900)  # where the map has the page's whole width
FALLBACK = 420
LABEL = 13.0  # px on the screen, as the next
NAME = 12.0
_RADIUS = {"hub": 6.5, "functional": 7.5}
_OTHER_RADIUS = 5.0
_GREATEST_UNIT = 2.0
_APPROXIMATE = 1.3  # as large as a mark that is exact
_LONGEST = 0.6  # of the width, for the words of a place
_SPACED = 1.12  # what the space between the letters of a name adds
_CROSSED = 1.3  # cost of a unit of line under a label
_BEYOND = 4.0  # clipped this far outside the frame, where no reader sees the cut

Precision = Literal["site", "city", "district", "province"]


class Place(Struct, frozen=True, kw_only=True):
    """A place to mark, in degrees; `role` and `precision` decide the mark."""

    id: str
    name: str
    role: str
    latitude: float
    longitude: float
    precision: Precision = "city"


class Land(Struct, frozen=True, kw_only=True):
    """One outline as an SVG path in halves of a unit; `own` is the one that the map is about."""

    d: str
    own: bool


class Name(Struct, frozen=True, kw_only=True):
    """The name of a land, centred on x, on the baseline y."""

    x: float
    y: float
    text: str
    own: bool


class Join(Struct, frozen=True, kw_only=True):
    """A line from one place to another."""

    x1: float
    y1: float
    x2: float
    y2: float


class PlaceMark(Struct, frozen=True, kw_only=True):
    """A mark of radius `r`: a role has its shape, an approximate place is drawn open."""

    x: float
    y: float
    r: float
    role: str
    approximate: bool
    title: str


class PlaceLabel(Struct, frozen=True, kw_only=True):
    """The words of a place on the baseline (x, y), with the line to its mark where it stands apart."""

    x: float
    y: float
    anchor: Anchor
    text: str
    role: str
    leader: Join | None


class ScaleBar(Struct, frozen=True, kw_only=True):
    """A bar from x1 to x2 at y, its ends `tick` high, as long as its label says at the middle of the map."""

    x1: float
    x2: float
    y: float
    tick: float
    label_y: float
    label: str


class Layer(Struct, frozen=True, kw_only=True):
    """Marks and words for screens from `least` CSS pixels, sizes in drawing units; `fallback`: shown without styles."""

    least: int
    fallback: bool
    size: float
    name_size: float
    names: tuple[Name, ...]
    joins: tuple[Join, ...]
    marks: tuple[PlaceMark, ...]
    labels: tuple[PlaceLabel, ...]
    bar: ScaleBar


class MapDrawing(Struct, frozen=True, kw_only=True):
    """All that the macro places, in drawing units; `key` is role (or `approximate`) and words."""

    width: float
    height: float
    lands: tuple[Land, ...]
    layers: tuple[Layer, ...]
    key: tuple[tuple[str, str], ...]


class _Scene(Struct, frozen=True, kw_only=True):
    """What all layers have in common."""

    frame: Box
    projection: Projection
    places: Sequence[Place]
    links: Sequence[tuple[str, str]]
    here: Mapping[str, Point]
    highlight: str
    shapes: Sequence[Shape]
    names: Mapping[str, str]
    border: Sequence[Line]


def draw_map(
    outline: Mapping[str, Any] | None,
    highlight: str,
    places: Sequence[Place],
    links: Sequence[tuple[str, str]],
    *,
    names: Mapping[str, str],
    roles: Mapping[str, str],
    approximate: str,
    format_distance: Callable[[int], str],
    layers: Sequence[int] = LAYERS,
) -> MapDrawing | None:
    """Return the map of `outline` with `places` and `links` between their ids, None when there is nothing to show.

    `names` are the lands' names by id (else the outline's own), `roles` the words of the key, `approximate` those for
    a place known only as a district or province; `format_distance` writes kilometres. ValueError: it is no GeoJSON.
    """
    outlines = read_outlines(outline) if outline else ()
    shown = _shown(outlines, highlight, places)
    if not shown:
        return None
    width = float(max(layers))
    projection, height = fit(shown, width=width, tallest=1.15, flattest=0.55, margin=width * 0.055)
    height = float(round(height))
    frame = Box(0.0, 0.0, width, height)
    shapes = shapes_in(frame, outlines, projection)
    scene = _Scene(
        frame=frame,
        projection=projection,
        places=places,
        links=links,
        here={place.id: projection(place.longitude, place.latitude) for place in places},
        highlight=highlight,
        shapes=shapes,
        names={shape.id: names.get(shape.id) or shape.name for shape in shapes},
        border=_border(shapes, highlight),
    )
    return MapDrawing(
        width=width,
        height=height,
        lands=tuple(
            Land(d=path(ring for polygon in shape.polygons for ring in polygon), own=shape.id == highlight)
            for shape in sorted(shapes, key=lambda shape: shape.id == highlight)
        ),
        layers=tuple(_layer(scene, least, format_distance) for least in layers),
        key=_key(places, roles, approximate),
    )


def _shown(outlines: Sequence[Outline], highlight: str, places: Sequence[Place]) -> list[Point]:
    """Return what must be on the map: the places, and those parts of the outline that hold them, or its largest."""
    at = [(place.longitude, place.latitude) for place in places]
    parts = [polygon for outline in outlines if outline.id == highlight for polygon in outline.polygons if polygon]
    used = [part for part in parts if any(inside(point, part) for point in at)]
    return at + [point for part in used or sorted(parts, key=lambda part: area(part[0]))[-1:] for point in part[0]]


def _border(shapes: Sequence[Shape], highlight: str) -> tuple[Line, ...]:
    """Return the border that labels should rather not cross."""
    rings = [ring for shape in shapes if shape.id == highlight for polygon in shape.rough for ring in polygon]
    return tuple(Line(*start, *end) for ring in rings for start, end in edges(ring))


def _layer(scene: _Scene, least: int, format_distance: Callable[[int], str]) -> Layer:
    unit = scene.frame.right / least
    joins = tuple(_join(scene.here[start], scene.here[end]) for start, end in scene.links)
    lines = [Line(join.x1, join.y1, join.x2, join.y2) for join in joins]
    marks = tuple(_mark(place, scene.here[place.id], unit) for place in sorted(scene.places, key=_from_below))
    solid = [Box(mark.x, mark.y, mark.x, mark.y).grown(mark.r + unit) for mark in marks]
    bar, bar_box = _scale_bar(scene, unit, format_distance, solid)
    solid.append(bar_box)
    labels, boxes = _labels(scene, unit, solid, [*lines, *scene.border])
    return Layer(
        least=least,
        fallback=least == FALLBACK,
        size=round(LABEL * unit, 1),
        name_size=round(NAME * unit, 1),
        names=tuple(_names(scene, unit, [*solid, *boxes], lines)),
        joins=joins,
        marks=marks,
        labels=labels,
        bar=bar,
    )


def _from_below(place: Place) -> bool:
    """Sort hubs last, so that they are drawn over what is at the same point."""
    return place.role == "hub"


def _join(start: Point, end: Point) -> Join:
    return Join(x1=round(start[0], 1), y1=round(start[1], 1), x2=round(end[0], 1), y2=round(end[1], 1))


def _mark(place: Place, at: Point, unit: float) -> PlaceMark:
    return PlaceMark(
        x=round(at[0], 1),
        y=round(at[1], 1),
        r=round(_radius(place, unit), 1),
        role=place.role,
        approximate=_is_approximate(place),
        title=place.name,
    )


def _radius(place: Place, unit: float) -> float:
    """Return the radius of a mark in drawing units, smaller on the narrowest screens, where places are close."""
    size = _APPROXIMATE if _is_approximate(place) else 1.0
    return _RADIUS.get(place.role, _OTHER_RADIUS) * size * min(unit, _GREATEST_UNIT)


def _is_approximate(place: Place) -> bool:
    return place.precision in ("district", "province")


def _labels(
    scene: _Scene, unit: float, solid: Sequence[Box], lines: Sequence[Line]
) -> tuple[tuple[PlaceLabel, ...], list[Box]]:
    """Return one label for all places that are at one point, hubs first, and the boxes taken."""
    groups = list(_groups(scene, unit))
    requests = [
        Request(
            x=x,
            y=y,
            width=text_width(text, LABEL * BOLD * unit),
            height=LABEL * LINE * unit,
            candidates=around(_radius(group[0], unit) + unit, LABEL * unit),
            marker=_radius(group[0], unit),
            loss=2000.0 if group[0].role == "hub" else 1000.0,
        )
        for group, text, (x, y) in groups
    ]
    placed = place_labels(requests, frame=scene.frame.grown(-2 * unit), solid=solid, soft=lines, crossed=_CROSSED)
    labels = []
    for place, (group, text, _) in zip(placed, groups, strict=True):
        if place:
            leader = place.leader
            labels.append(
                PlaceLabel(
                    x=round(place.x, 1),
                    y=round(place.y + LABEL * unit * 0.35, 1),
                    anchor=place.anchor,
                    text=text,
                    role=group[0].role,
                    leader=_join((leader.x1, leader.y1), (leader.x2, leader.y2)) if leader else None,
                )
            )
    return tuple(labels), [place.box for place in placed if place]


def _groups(scene: _Scene, unit: float) -> Iterator[tuple[list[Place], str, Point]]:
    """Yield places that share a point, the words for them all, and the point."""
    room = (scene.frame.right - scene.frame.left) * _LONGEST

    def cell(place: Place) -> tuple[int, int]:
        x, y = scene.here[place.id]
        return round(x / (2 * unit)), round(y / (2 * unit))

    for _, group in groupby(sorted(scene.places, key=lambda p: (cell(p), p.role != "hub", p.id)), key=cell):
        together = list(group)
        text = ", ".join(dict.fromkeys(place.name for place in together))
        yield together, shorten(text, LABEL * BOLD * unit, room), scene.here[together[0].id]


def _scale_bar(
    scene: _Scene, unit: float, format_distance: Callable[[int], str], marks: Sequence[Box]
) -> tuple[ScaleBar, Box]:
    """Return a bar of a round length, near a fifth of the width, in the lower corner that is further from any mark."""
    frame, units_per_km = scene.frame, scene.projection.units_per_km
    kilometres = _round_down(frame.right * 0.26 / units_per_km)
    length = kilometres * units_per_km
    label = format_distance(kilometres)
    taken = max(length, text_width(label, NAME * unit)) + 4 * unit
    edge = 10 * unit

    def box(left: float) -> Box:
        return Box(left, frame.bottom - edge - NAME * LINE * unit - 4 * unit, left + taken, frame.bottom - edge / 2)

    corners = [box(edge), box(frame.right - edge - taken)]
    corner = max(corners, key=lambda c: min((_apart(c, mark) for mark in marks), default=0.0))
    x1 = corner.left
    bar = ScaleBar(
        x1=round(x1, 1),
        x2=round(x1 + length, 1),
        y=round(corner.bottom - 4 * unit, 1),
        tick=round(3 * unit, 1),
        label_y=round(corner.bottom - 9 * unit, 1),
        label=label,
    )
    return bar, corner


def _apart(a: Box, b: Box) -> float:
    return hypot(max(a.left - b.right, b.left - a.right, 0.0), max(a.top - b.bottom, b.top - a.bottom, 0.0))


def _round_down(value: float) -> int:
    """Return the largest of 1, 2, 5, 10, 20, 50 and so on that is at most `value`, and at least 1."""
    steps = [factor * 10**power for power in range(5) for factor in (1, 2, 5)]
    return max((step for step in steps if step <= value), default=1)


def _names(scene: _Scene, unit: float, solid: Sequence[Box], lines: Sequence[Line]) -> Iterator[Name]:
    """Yield the name of each land that has room for it; none, if the one that the map is about has not."""
    for shape in sorted(scene.shapes, key=lambda shape: shape.id != scene.highlight):
        text, own = scene.names[shape.id], shape.id == scene.highlight
        half = text_width(text.upper(), NAME * unit) * _SPACED / 2
        for spot in shape.spots:
            box = Box(spot.x - half, spot.y, spot.x + half, spot.y).grown(NAME * LINE * unit / 2)
            clear = box.within(scene.frame) and not any(map(box.meets, solid))
            if text and clear and not any(line.length_in(box) for line in lines) and spot.fits(box):
                yield Name(x=round(spot.x, 1), y=round(spot.y + NAME * unit * 0.35, 1), text=text, own=own)
                break
        else:
            if own:
                return


def _key(places: Sequence[Place], roles: Mapping[str, str], approximate: str) -> tuple[tuple[str, str], ...]:
    used = {place.role for place in places}
    key = [(role, label) for role, label in roles.items() if role in used]
    if any(map(_is_approximate, places)):
        key.append(("approximate", approximate))
    return tuple(key)
