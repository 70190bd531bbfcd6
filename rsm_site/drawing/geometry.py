"""GeoJSON outlines as rings of points: reading, simplifying together, clipping, SVG paths, point in polygon."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import cos, fsum, hypot, radians
from typing import Any

from msgspec import Struct

from rsm_site.drawing.labels import Box

Point = tuple[float, float]
Ring = tuple[Point, ...]
Polygon = tuple[Ring, ...]

KM_PER_DEGREE = 111.2


class Outline(Struct, frozen=True, kw_only=True):
    """One feature: its id, its `name` property, and its polygons of (longitude, latitude)."""

    id: str
    name: str
    polygons: tuple[Polygon, ...]


def read_outlines(geojson: Mapping[str, Any]) -> tuple[Outline, ...]:
    """Return the polygons of a FeatureCollection (RFC 7946); ValueError says what else `geojson` is."""
    if geojson.get("type") != "FeatureCollection" or not isinstance(geojson.get("features"), list):
        raise ValueError("not a GeoJSON FeatureCollection")
    return tuple(_read_outline(feature) for feature in geojson["features"])


def _read_outline(feature: Any) -> Outline:
    try:
        properties, geometry = feature.get("properties") or {}, feature.get("geometry") or {}
        coordinates = geometry.get("coordinates", ())
        kind = geometry.get("type")
        polygons = [coordinates] if kind == "Polygon" else coordinates if kind == "MultiPolygon" else ()
        return Outline(
            id=str(feature.get("id") or ""),
            name=str(properties.get("name") or ""),
            polygons=tuple(tuple(_read_ring(ring) for ring in polygon) for polygon in polygons),
        )
    except (AttributeError, TypeError, ValueError, IndexError) as error:
        raise ValueError(f"a feature is not as GeoJSON has it: {error}") from error


def _read_ring(ring: Any) -> Ring:
    points = tuple((float(position[0]), float(position[1])) for position in ring)
    return points[:-1] if points[:1] == points[-1:] else points


def contains(
    outlines: Iterable[Outline], highlight: str, latitude: float, longitude: float, *, tolerance_km: float = 10.0
) -> bool:
    """Tell whether the outline named `highlight` has the place in it or within `tolerance_km` of its border.

    Borders are simplified, hence the tolerance. True when there is no such outline: nothing then speaks against it.
    """
    named = [outline for outline in outlines if outline.id == highlight]
    if not named:
        return True
    scale = cos(radians(latitude))

    def flat(ring: Ring) -> Ring:
        """The ring in degrees of latitude round the place, across the antimeridian where that is nearer."""
        return tuple((((lon - longitude + 180) % 360 - 180) * scale, lat - latitude) for lon, lat in ring)

    polygons = [tuple(map(flat, polygon)) for outline in named for polygon in outline.polygons]
    near = tolerance_km / KM_PER_DEGREE
    return any(inside((0.0, 0.0), polygon) or distance((0.0, 0.0), polygon) <= near for polygon in polygons)


def inside(point: Point, polygon: Iterable[Ring]) -> bool:
    """Tell whether `point` is in `polygon` (even-odd rule, so holes count as holes)."""
    x, y = point
    odd = False
    for ring in polygon:
        for (x1, y1), (x2, y2) in edges(ring):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                odd = not odd
    return odd


def distance(point: Point, polygon: Iterable[Ring]) -> float:
    """Return how far `point` is from the nearest edge of `polygon`."""
    return min((_to_edge(point, a, b) for ring in polygon for a, b in edges(ring)), default=float("inf"))


def area(ring: Sequence[Point]) -> float:
    """Return the area that `ring` encloses, in square units."""
    return abs(fsum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in edges(ring))) / 2


def extent(points: Iterable[Point]) -> Box:
    """Return the box round `points`, of which there is at least one."""
    xs, ys = zip(*points, strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys))


def edges(ring: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    """Return the edges of `ring`, the closing one too."""
    return zip(ring, (*ring[1:], *ring[:1]), strict=True)


def _to_edge(point: Point, a: Point, b: Point) -> float:
    (x, y), (ax, ay), (bx, by) = point, a, b
    dx, dy = bx - ax, by - ay
    along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy or 1)
    along = 0.0 if along < 0 else 1.0 if along > 1 else along  # a third of what min and max take
    return hypot(ax + along * dx - x, ay + along * dy - y)


def simplify_together(rings: Sequence[Ring], tolerance: float) -> list[Ring]:
    """Return `rings` with fewer points, none further than `tolerance` from its border, shared borders still shared.

    Borders are cut where three meet, so that both neighbours lose the same points (Douglas and Peucker, arc by arc).
    """
    neighbours: dict[Point, set[Point]] = defaultdict(set)
    for ring in rings:
        for a, b in edges(ring):
            neighbours[a].add(b)
            neighbours[b].add(a)
    junctions = {point for point, others in neighbours.items() if len(others) != 2}
    return [_simplify_ring(ring, junctions, tolerance) for ring in rings]


def _simplify_ring(ring: Ring, junctions: set[Point], tolerance: float) -> Ring:
    if len(ring) < 4:
        return ring
    cuts = [index for index, point in enumerate(ring) if point in junctions]
    if len(cuts) < 2:  # an island: the same two far points whichever way round it is written
        first = ring.index(min(ring))
        far = max(ring, key=lambda point: (hypot(point[0] - ring[first][0], point[1] - ring[first][1]), point))
        cuts = sorted({*cuts, first, ring.index(far)})
    kept: list[Point] = []
    for start, end in zip(cuts, (*cuts[1:], cuts[0] + len(ring)), strict=True):
        arc = [ring[index % len(ring)] for index in range(start, end + 1)]
        forward = arc[0] <= arc[-1]
        thinned = _thin(arc if forward else arc[::-1], tolerance)
        kept += (thinned if forward else thinned[::-1])[:-1]
    return tuple(kept)


def _thin(arc: Sequence[Point], tolerance: float) -> list[Point]:
    keep = {0, len(arc) - 1}
    spans = [(0, len(arc) - 1)]
    while spans:
        start, end = spans.pop()
        far, at = max(((_to_edge(arc[i], arc[start], arc[end]), i) for i in range(start + 1, end)), default=(0.0, 0))
        if far > tolerance:
            keep.add(at)
            spans += [(start, at), (at, end)]
    return [arc[index] for index in sorted(keep)]


def clip(ring: Ring, box: Box) -> Ring:
    """Return the part of `ring` in `box`, closed along its edges (Sutherland and Hodgman)."""
    for axis, limit, sign in ((0, box.left, 1), (0, box.right, -1), (1, box.top, 1), (1, box.bottom, -1)):
        kept: list[Point] = []
        for a, b in edges(ring):
            before, after = (a[axis] - limit) * sign, (b[axis] - limit) * sign
            if before >= 0:
                kept.append(a)
            if (before > 0 > after) or (before < 0 < after):
                part = before / (before - after)
                kept.append((a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part))
        ring = tuple(kept)
    return ring


def path(rings: Iterable[Ring]) -> str:
    """Return `rings` as an SVG path of whole halves in relative steps; rings with no area left are dropped."""
    return "".join(_subpath(ring) for ring in rings)


def _subpath(ring: Ring) -> str:
    halves = [(round(2 * x), round(2 * y)) for x, y in ring]
    points = [point for index, point in enumerate(halves) if point != halves[index - 1]]
    if len(points) < 3:
        return ""
    steps = [_pair(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)]
    line = steps[0] + "".join(step if step[0] == "-" else f" {step}" for step in steps[1:])
    return f"M{_pair(*points[0])}l{line}z"


def _pair(x: int, y: int) -> str:
    """Return two numbers, parted where no sign parts them."""
    return f"{x}{y}" if y < 0 else f"{x} {y}"
