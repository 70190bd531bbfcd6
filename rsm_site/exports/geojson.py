"""Records -> hubs.geojson: a point for each place of a hub (RFC 7946)."""

from collections.abc import Iterator
from typing import Any

import msgspec

from rsm_site.exports.records import Hub, Record


def encode_places(record: Record) -> bytes:
    """A FeatureCollection in WGS84 degrees, with edition and licence beside its features."""
    site = record.site
    collection = {
        "type": "FeatureCollection",
        "title": site.title,
        "edition": site.edition,
        "licence": site.licence,
        "features": [
            feature
            for is_open, hubs in ((True, record.hubs), (False, record.closed_hubs))
            for hub in hubs
            for feature in _features(hub, record, is_open=is_open)
        ],
    }
    encoder = msgspec.json.Encoder(decimal_format="number")
    return msgspec.json.format(encoder.encode(collection), indent=2) + b"\n"


def _features(hub: Hub, record: Record, *, is_open: bool) -> Iterator[dict[str, Any]]:
    sources = {source.id: source for source in record.sources}
    for number, place in enumerate(hub.places, 1):
        cited = dict.fromkeys(citation.id for citation in (*place.sources, *hub.sources))
        yield {
            "type": "Feature",
            "id": f"{hub.id}-{number}",
            "geometry": {"type": "Point", "coordinates": [place.longitude, place.latitude]},
            "properties": {
                "name": place.name,
                "precision": place.precision,
                "hub": hub.id,
                "hub_name": hub.name,
                "role": hub.role,
                "open": is_open,
                "from": hub.from_,
                "until": hub.until,
                "lead_nation": hub.lead_nation,
                "page": hub.page,
                "sources": [
                    {
                        "id": id_,
                        "title": sources[id_].title,
                        "publisher": sources[id_].publisher,
                        "url": sources[id_].url,
                    }
                    for id_ in cited
                ],
            },
        }
