"""A map projection for one region: Lambert's azimuthal equal-area, centred on what is shown, north up."""

from collections.abc import Iterable, Sequence
from math import cos, radians, sin, sqrt

from msgspec import Struct

from rsm_site.drawing.geometry import Point, Ring, extent

EARTH_KM = 6371.0088  # mean radius (IUGG)
_LEAST_KM = 60.0  # shown across at least, so that a single place still has surroundings


class Projection(Struct, frozen=True, kw_only=True):
    """Longitude and latitude in degrees to drawing units; areas keep their proportions (Snyder 1987, section 24)."""

    longitude: float
    latitude: float
    units_per_km: float = 1.0
    left: float = 0.0
    top: float = 0.0

    def __call__(self, longitude: float, latitude: float) -> Point:
        """Return (x, y), y downwards; longitudes may be written on either side of the antimeridian."""
        turn, up, centre = radians(longitude - self.longitude), radians(latitude), radians(self.latitude)
        facing = 1 + sin(centre) * sin(up) + cos(centre) * cos(up) * cos(turn)
        scale = EARTH_KM * sqrt(2 / max(facing, 1e-9)) * self.units_per_km
        x = scale * cos(up) * sin(turn)
        y = scale * (cos(centre) * sin(up) - sin(centre) * cos(up) * cos(turn))
        return x + self.left, self.top - y

    def ring(self, ring: Ring) -> Ring:
        """Return each point of `ring` in drawing units."""
        return tuple(self(longitude, latitude) for longitude, latitude in ring)


def fit(
    points: Sequence[Point], *, width: float, tallest: float, flattest: float, margin: float
) -> tuple[Projection, float]:
    """Return the projection that shows all `points` (longitude, latitude; at least one) in `width`, and its height.

    `margin` is left on each side; the height is between `flattest` and `tallest` parts of the width.
    """
    longitude, latitude = centre(points)
    plain = Projection(longitude=longitude, latitude=latitude)
    shown = extent(plain(*point) for point in points)
    across, down = max(shown.right - shown.left, _LEAST_KM), max(shown.bottom - shown.top, _LEAST_KM)
    height = min(tallest * width, max(flattest * width, (width - 2 * margin) * down / across + 2 * margin))
    scale = min((width - 2 * margin) / across, (height - 2 * margin) / down)
    fitted = Projection(
        longitude=longitude,
        latitude=latitude,
        units_per_km=scale,
        left=width / 2 - (shown.left + shown.right) / 2 * scale,
        top=height / 2 - (shown.top + shown.bottom) / 2 * scale,
    )
    return fitted, height


def centre(points: Iterable[Point]) -> Point:
    """Return the middle of `points` in degrees; of longitudes, the middle of the shortest arc that holds them all."""
    longitudes, latitudes = zip(*points, strict=True)
    turns = sorted({longitude % 360 for longitude in longitudes})
    gaps = [(after - before, after) for before, after in zip(turns, (*turns[1:], turns[0] + 360), strict=True)]
    widest, west = max(gaps)
    middle = west + (360 - widest) / 2
    return (middle + 180) % 360 - 180, (min(latitudes) + max(latitudes)) / 2
