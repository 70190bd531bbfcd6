"""A GeoJSON file (RFC 7946) -> the outlines that the map is drawn on."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from rsm_site.errors import Location, Problem
from rsm_site.model import MapSettings
from rsm_site.reader import Document, Lines
from rsm_site.schema import suggest

_BYTE = re.compile(r" \(byte (\d+)\)")

_REMEDY = "write GeoJSON as RFC 7946 has it"

Point = Annotated[list[Annotated[float, Meta(ge=-180, le=180)]], Meta(min_length=2, max_length=3)]
Ring = Annotated[list[Point], Meta(min_length=4)]
Area = Annotated[list[Ring], Meta(min_length=1)]


class Polygon(Struct, tag=True):
    """One area: its outer ring, then its holes."""

    coordinates: Area


class MultiPolygon(Struct, tag=True):
    """Several areas."""

    coordinates: Annotated[list[Area], Meta(min_length=1)]


class Feature(Struct, tag=True):
    """A country or another area."""

    geometry: Polygon | MultiPolygon
    id: str | int | None = None
    properties: dict[str, Any] | None = None


class FeatureCollection(Struct, tag=True):
    """The outlines of a map."""

    features: list[Feature]


def read_outline(document: Document, settings: MapSettings, problems: list[Problem]) -> dict[str, Any] | None:
    """The GeoJSON as plain values, each feature with the `id` by which it is known here (the one that the map is to
    highlight by that name, else `iso2` or its own); None when it is no collection of areas; what is wrong is added to
    `problems`."""
    text = document.text
    if not document.is_text:
        return None
    try:
        collection = msgspec.json.decode(text, type=FeatureCollection)
    except msgspec.ValidationError as error:
        place = Location(document.file)
        problems.append(Problem(place, "bad-geojson", f"not a FeatureCollection of areas: {error}", _REMEDY))
        return None
    except (msgspec.DecodeError, RecursionError) as error:
        said = _BYTE.search(str(error))
        before = text.encode()[: int(said[1])].decode(errors="ignore") if said else ""
        place = Lines(text).place(document.file, len(before))
        problems.append(Problem(place, "bad-json", f"not valid JSON: {_BYTE.sub('', str(error))}", _REMEDY))
        return None
    if any(abs(point[1]) > 90 for feature in collection.features for point in _points(feature.geometry)):
        message = "a latitude is beyond 90 degrees"
        problems.append(Problem(Location(document.file), "bad-geojson", message, "write longitude, then latitude"))
        return None
    names = [_names_of(feature) for feature in collection.features]
    if settings.highlight and settings.highlight not in chain(*names):
        hint = suggest(settings.highlight, chain(*names)) or "name a feature's id or iso2"
        message = f"the outline has no feature '{settings.highlight}'"
        problems.append(Problem(settings.located("highlight"), "unknown-id", message, hint))
    plain: dict[str, Any] = msgspec.json.decode(text)
    for feature, known in zip(plain["features"], names, strict=True):
        feature["id"] = settings.highlight if settings.highlight in known else (*known, "")[0]
    return plain


def _names_of(feature: Feature) -> list[str]:
    given = ((feature.properties or {}).get("iso2"), feature.id)
    return [str(name) for name in given if name not in (None, "")]


def _points(geometry: Polygon | MultiPolygon) -> Iterator[list[float]]:
    areas = [geometry.coordinates] if isinstance(geometry, Polygon) else geometry.coordinates
    return (point for area in areas for ring in area for point in ring)
