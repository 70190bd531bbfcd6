"""Maps: outlines, projection, places, names and scale bar."""

import json
import math
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from rsm_site.drawing import map as drawing
from rsm_site.drawing.geometry import area, clip, contains, inside, path, read_outlines, simplify_together
from rsm_site.drawing.labels import BOLD, LINE, Box, text_width
from rsm_site.drawing.projection import EARTH_KM, Projection, centre, fit

CSS = Path(__file__).parents[1] / "templates/assets/css/components/map.css"


Outline = dict[str, object]


def ring(west: float, south: float, east: float, north: float, steps: int = 40) -> list[list[float]]:
    """A rectangle with a wavy border, closed, counterclockwise."""
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    points = []
    for (x1, y1), (x2, y2) in pairwise(corners):
        for step in range(steps):
            wave = 0.03 * min(east - west, north - south) * math.sin(step)
            part = step / steps
            points.append([x1 + (x2 - x1) * part + wave * (x1 == x2), y1 + (y2 - y1) * part + wave * (y1 == y2)])
    return [*points, points[0]]


def collection(**rings: list[list[float]]) -> Outline:
    features = [
        {
            "type": "Feature",
            "id": name,
            "properties": {"name": f"Land {name}"},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for name, ring in rings.items()
    ]
    return {"type": "FeatureCollection", "features": features}


WEST = collection(AA=ring(-75, 17, -70, 20), BB=ring(-79, 17, -75, 20), CC=ring(-70, 17, -66, 20))
PLACES = [
    drawing.Place(id="a", name="Puerto Nuevo", role="hub", latitude=18.5, longitude=-72.3),
    drawing.Place(id="b", name="Base Norte", role="hub", latitude=18.9, longitude=-72.2),
    drawing.Place(id="c", name="San Telmo", role="spoke", latitude=19.4, longitude=-71.2),
    drawing.Place(id="d", name="Laguna", role="spoke", latitude=18.6, longitude=-74.0, precision="province"),
    drawing.Place(id="e", name="Puerto Nuevo", role="functional", latitude=18.5, longitude=-72.3),
]
LINKS = [("a", "c"), ("a", "d")]


def draw(outline: Outline | None, places: list[drawing.Place], links: list[tuple[str, str]]) -> drawing.MapDrawing:
    drawn = drawing.draw_map(
        outline,
        "AA",
        places,
        links,
        names={"BB": "Westland"},
        roles={"hub": "Hub", "spoke": "Spoke", "functional": "Command"},
        approximate="Approximate",
        format_distance=lambda kilometres: f"{kilometres} km",
    )
    assert drawn is not None
    return drawn


def boxes(layer: drawing.Layer) -> list[Box]:
    """What the words of a layer cover, by the estimate."""
    found = []
    for label in layer.labels:
        width = text_width(label.text, layer.size * BOLD)
        left = label.x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[label.anchor]
        found.append(Box(left, label.y - layer.size, left + width, label.y + layer.size * (LINE - 1) / 2))
    for name in layer.names:
        half = text_width(name.text.upper(), layer.name_size) / 2
        found.append(Box(name.x - half, name.y - layer.name_size, name.x + half, name.y))
    bar = layer.bar
    found.append(Box(bar.x1, bar.label_y - layer.name_size, bar.x1 + text_width(bar.label, layer.name_size), bar.y))
    return found


@pytest.mark.parametrize("centre_of_map", [(67.7, 34.0), (-72.0, 19.0), (-70.0, -40.0), (179.5, -17.0), (20.0, 89.0)])
def test_projection_keeps_areas_and_comes_back(centre_of_map: tuple[float, float]) -> None:
    """Small cells keep their area within 0.1 %, north is up, and each point comes back from the drawing."""
    longitude, latitude = centre_of_map
    projection = Projection(longitude=longitude, latitude=latitude)
    for east, north in ((0, 0), (3, 0.4), (-4, -3), (2, -4)):
        lon, lat = longitude + east, max(-89.5, min(89.0, latitude + north))
        cell = [(lon, lat), (lon + 0.1, lat), (lon + 0.1, lat + 0.1), (lon, lat + 0.1)]
        true = math.radians(0.1) * (math.sin(math.radians(lat + 0.1)) - math.sin(math.radians(lat))) * EARTH_KM**2
        assert area([projection(*point) for point in cell]) == pytest.approx(true, rel=1e-3)
        x, y = projection(lon, lat)
        assert inverse(projection, x, y) == pytest.approx(((lon + 180) % 360 - 180, lat), abs=1e-6)
    assert projection(longitude, latitude - 1)[1] > projection(longitude, latitude)[1]


def inverse(projection: Projection, x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of a point of the drawing (Snyder 1987, formulas 20-14, 20-15, 24-16)."""
    y = -y
    away = math.hypot(x, y)
    if not away:
        return projection.longitude, projection.latitude
    angle, up = 2 * math.asin(away / (2 * EARTH_KM)), math.radians(projection.latitude)
    latitude = math.asin(math.cos(angle) * math.sin(up) + y * math.sin(angle) * math.cos(up) / away)
    turn = math.atan2(x * math.sin(angle), away * math.cos(up) * math.cos(angle) - y * math.sin(up) * math.sin(angle))
    return (projection.longitude + math.degrees(turn) + 180) % 360 - 180, math.degrees(latitude)


def test_centre_crosses_the_antimeridian() -> None:
    """Points on both sides of the antimeridian have their middle there, and are near each other in the drawing."""
    assert centre([(179.0, 0.0), (-179.0, 2.0)]) == pytest.approx((-180.0, 1.0))
    projection, _ = fit([(179.0, -17.0), (-179.0, -16.0)], width=300, tallest=1, flattest=0.5, margin=20)
    assert abs(projection(179, -17)[0] - projection(-181, -17)[0]) < 1e-6


def test_shared_borders_stay_shared() -> None:
    """After simplifying, two neighbours still have the same points along their common border, fewer than before."""
    wave = tuple((5 + math.sin(i), float(i)) for i in range(40))
    left = ((0.0, 0.0), *wave, (0.0, 39.0))
    right = ((10.0, 39.0), *reversed(wave), (10.0, 0.0))
    thin_left, thin_right = simplify_together([left, right], 0.9)
    common = set(wave)
    assert common & set(thin_left) == common & set(thin_right)
    assert 2 < len(common & set(thin_left)) < 40


def test_a_clipped_ring_is_in_the_box() -> None:
    """What is cut off is gone, and what was within is kept to the last unit of area."""
    cut = clip(((-10.0, -10.0), (30.0, -10.0), (30.0, 5.0), (-10.0, 5.0)), Box(0, 0, 20, 20))
    assert area(cut) == pytest.approx(100)


def test_a_path_is_short_and_exact() -> None:
    """Points are written as halves in relative steps that add up; a ring without area is left out."""
    assert path([((0.0, 0.0), (4.2, 0.0), (4.0, -1.7)), ((5.0, 5.0), (5.1, 5.0))]) == "M0 0l8 0 0-3z"


def test_contains_knows_inside_border_and_outside() -> None:
    """A place in the outline or just beyond its border is in it, one far away is not; no outline, no verdict."""
    assert contains(read_outlines(WEST), "AA", 18.5, -72.3)
    assert contains(read_outlines(WEST), "AA", 18.5, 287.7)
    assert contains(read_outlines(WEST), "AA", 20.08, -72.0)
    assert not contains(read_outlines(WEST), "AA", 18.5, -77.0)
    assert not contains(read_outlines(WEST), "AA", 34.5, 69.2)
    assert contains(read_outlines(WEST), "ZZ", 0, 0)


def test_islands_across_the_antimeridian_contain_their_places() -> None:
    """An outline on both sides of the antimeridian holds a place written on either."""
    islands = collection(AA=ring(179, -18, 181, -16))
    assert contains(read_outlines(islands), "AA", -17, 179.5)
    assert contains(read_outlines(islands), "AA", -17, -179.5)


@pytest.mark.parametrize("broken", [{}, {"type": "Feature"}, {"type": "FeatureCollection", "features": [7]}])
def test_what_is_no_geojson_is_refused(broken: dict[str, object]) -> None:
    """Anything but a FeatureCollection is a ValueError that says so."""
    with pytest.raises(ValueError, match="GeoJSON"):
        read_outlines(broken)


@pytest.mark.parametrize("outline", [WEST, None])
def test_words_of_a_map_keep_clear_of_each_other(outline: Outline | None) -> None:
    """In every layer no word covers another or leaves the map."""
    drawn = draw(outline, PLACES, LINKS)
    frame = Box(0, 0, drawn.width, drawn.height)
    for layer in drawn.layers:
        found = boxes(layer)
        assert all(box.within(frame) for box in found)
        assert not any(a.meets(b) for a, b in combinations(found, 2))


def test_every_place_is_marked_and_named_once() -> None:
    """Each place has its mark in each layer; places at one point share a label; all are in the frame."""
    drawn = draw(WEST, PLACES, LINKS)
    for layer in drawn.layers:
        assert len(layer.marks) == len(PLACES)
        assert sorted(label.text for label in layer.labels) == ["Base Norte", "Laguna", "Puerto Nuevo", "San Telmo"]
        assert len(layer.joins) == len(LINKS)
        assert all(0 < mark.x < drawn.width and 0 < mark.y < drawn.height for mark in layer.marks)
    names = {name.text for name in drawn.layers[-1].names}
    assert "Land AA" in names
    assert "Land BB" not in names
    assert dict(drawn.key) == {"hub": "Hub", "spoke": "Spoke", "functional": "Command", "approximate": "Approximate"}


def test_places_fifty_kilometres_apart_do_not_cover_each_other() -> None:
    """Marks of two places of one hub, about 45 km apart, are apart on the narrowest screen too."""
    first, second = (mark for mark in draw(WEST, PLACES, LINKS).layers[0].marks if mark.role == "hub")
    assert math.dist((first.x, first.y), (second.x, second.y)) > first.r


def test_the_scale_bar_is_true() -> None:
    """The bar is as long as its label says: the distance of two places on the map confirms it within 1 %."""
    drawn = draw(WEST, PLACES, LINKS)
    layer = drawn.layers[-1]
    start, end = (next(mark for mark in layer.marks if mark.title == name) for name in ("San Telmo", "Laguna"))
    per_km = (layer.bar.x2 - layer.bar.x1) / int(layer.bar.label.split()[0])
    a, b = (math.radians(18.6), math.radians(-74.0)), (math.radians(19.4), math.radians(-71.2))
    chord = math.sin((b[0] - a[0]) / 2) ** 2 + math.cos(a[0]) * math.cos(b[0]) * math.sin((b[1] - a[1]) / 2) ** 2
    assert math.dist((start.x, start.y), (end.x, end.y)) / per_km == pytest.approx(
        2 * EARTH_KM * math.asin(chord**0.5), rel=0.01
    )


def test_a_crowd_a_point_and_long_names_stay_whole() -> None:
    """Thirty places, one alone, and names of 200 letters give maps whose words are all in the frame."""
    crowd = [
        drawing.Place(id=str(i), name="N" * (i * 7 + 1), role="spoke", latitude=18 + i % 6 / 3, longitude=-74 + i / 9)
        for i in range(30)
    ]
    for places in (crowd, crowd[:1], crowd[-1:]):
        for outline in (WEST, None):
            drawn = draw(outline, places, [])
            assert all(
                box.within(Box(0, 0, drawn.width, drawn.height)) for layer in drawn.layers for box in boxes(layer)
            )


def test_nothing_to_show_is_no_map() -> None:
    """Without places and outline there is no drawing."""
    assert drawing.draw_map(None, "AA", [], [], names={}, roles={}, approximate="", format_distance=str) is None


def test_the_same_map_twice() -> None:
    """Equal input gives an equal drawing, in whatever order the outlines are written."""
    assert draw(WEST, PLACES, LINKS) == draw(json.loads(json.dumps(WEST)), PLACES, LINKS)


def test_layers_are_those_of_the_stylesheet() -> None:
    """Each layer has its rule, so that exactly one is shown at any width."""
    css = CSS.read_text(encoding="utf-8")
    assert all(f".map__layer--{least} " in css for least in drawing.LAYERS)
    assert f".map__layer--{drawing.FALLBACK} {{ display: inline; }}" in css


def test_the_land_on_the_map_is_where_it_should_be() -> None:
    """A place of the country is inside its drawn outline."""
    drawn = draw(WEST, PLACES, LINKS)
    own = next(land for land in drawn.lands if land.own)
    x, y, points = 0.0, 0.0, []
    numbers = [float(n) for n in own.d[1:-1].replace("l", " ").replace("-", " -").split()]
    for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
        x, y = x + dx, y + dy
        points.append((x, y))
    mark = next(mark for mark in drawn.layers[0].marks if mark.title == "San Telmo")
    assert inside((mark.x, mark.y), [points])
