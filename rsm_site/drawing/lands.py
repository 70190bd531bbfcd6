"""Outlines in drawing units: those in the frame, with as many points as its size shows, and where their names fit."""

from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from rsm_site.drawing.geometry import (
    Outline,
    Polygon,
    Ring,
    area,
    clip,
    distance,
    extent,
    inside,
    simplify_together,
)
from rsm_site.drawing.labels import Box
from rsm_site.drawing.projection import Projection

_TOLERANCE = 1.0  # units that a border may be off
_ROUGH = 3.0  # the same where only labels ask for it
_BEYOND = 4.0  # clipped this far outside the frame, where no reader sees the cut
_SPECK = 1.5  # square units; smaller islands are left out
_GRID = 12  # places tried across and down for a name


class Spot(Struct, frozen=True, kw_only=True):
    """Where a name might be centred in `polygon`, and how far from any edge that is."""

    x: float
    y: float
    room: float
    polygon: Polygon

    def fits(self, box: Box) -> bool:
        """Tell whether `box` is in the polygon, looking at points along its edges."""
        xs = [box.left + (box.right - box.left) * part / 6 for part in range(7)]
        return all(inside((x, y), self.polygon) for y in (box.top, box.bottom) for x in xs)


class Shape(Struct, frozen=True, kw_only=True):
    """One outline as far as it is in the frame; `rough` has few points, `spots` are for its name, best first."""

    id: str
    name: str
    polygons: tuple[Polygon, ...]
    rough: tuple[Polygon, ...]
    spots: tuple[Spot, ...]


@lru_cache(maxsize=4)  # editions differ in their places, hardly ever in what is around them
def shapes_in(frame: Box, outlines: tuple[Outline, ...], projection: Projection) -> tuple[Shape, ...]:
    """Return the outlines that are in `frame`, borders shared by two still the same for both."""
    rings = [projection.ring(ring) for outline in outlines for polygon in outline.polygons for ring in polygon]
    thin = iter(simplify_together(rings, _TOLERANCE))
    edge = frame.grown(_BEYOND)
    found = []
    for outline in outlines:
        clipped = [[clip(next(thin), edge) for _ in polygon] for polygon in outline.polygons]
        polygons = tuple(tuple(filter(_shows, polygon)) for polygon in clipped if any(map(_shows, polygon)))
        rough = tuple(tuple(simplify_together(polygon, _ROUGH)) for polygon in polygons)
        spots = sorted((spot for polygon in rough for spot in _spots(polygon, frame)), key=lambda spot: -spot.room)
        if polygons:
            found.append(Shape(id=outline.id, name=outline.name, polygons=polygons, rough=rough, spots=tuple(spots)))
    return tuple(found)


def _shows(ring: Ring) -> bool:
    return len(ring) > 2 and area(ring) >= _SPECK


def _spots(polygon: Polygon, frame: Box) -> Iterator[Spot]:
    bounds = extent(polygon[0])
    for column in range(1, _GRID):
        for row in range(1, _GRID):
            x = bounds.left + (bounds.right - bounds.left) * column / _GRID
            y = bounds.top + (bounds.bottom - bounds.top) * row / _GRID
            if inside((x, y), polygon):
                to_frame = min(x - frame.left, frame.right - x, y - frame.top, frame.bottom - y)
                yield Spot(x=x, y=y, room=min(distance((x, y), polygon), to_frame), polygon=polygon)
