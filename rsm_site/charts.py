"""Edition -> the drawings' view data: which values, events and places are drawn, and in which words."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rsm_site.dates import OPEN_END, PartialDate
from rsm_site.drawing.lanes import Mark
from rsm_site.drawing.map import LAYERS, MapDrawing, draw_map
from rsm_site.drawing.map import Place as MapPlace
from rsm_site.drawing.plot import Value
from rsm_site.drawing.sparkline import Sparkline, draw_sparkline
from rsm_site.drawing.strength import StrengthDrawing, Words, draw_strength
from rsm_site.edition import Edition, reported_numbers
from rsm_site.memo import Memo
from rsm_site.model import Event, Hub, Observation
from rsm_site.reads import dump
from rsm_site.views import Viewer

WIDTHS = (288, 640)
_KEY = ("exactly", "about", "over", "under", "planned", "disputed", "text", "span", "several", "later")


def strength_drawings(
    viewer: Viewer,
    edition: Edition,
    unit: str,
    observations: Sequence[Observation],
    events: Sequence[Event],
    memo: Memo,
) -> tuple[StrengthDrawing, ...]:
    """The drawing of strength over time and of events, once for narrow and once for wide places; what is after the
    edition's day is marked as later."""
    language = viewer.language
    values = [_value(observation, viewer, edition) for observation in observations if observation.status != "withdrawn"]
    marks = [
        Mark(
            id=event.id,
            earliest=event.date.earliest,
            latest=_end(event.date),
            title=event.title,
            when=language.date(event.date),
            category=event.category,
            category_label=viewer.category(event.category),
            href=viewer.addresses.of("event", event.id),
            later=event.date.earliest > edition.day,
        )
        for event in events
    ]
    words = Words(
        axis=unit,
        day=language.word("edition", date=language.day(edition.day)),
        planned=language.word("value_planned"),
        disputed=language.word("value_disputed"),
        key={kind: language.word(f"key_{kind}") for kind in _KEY},
    )
    order = [*edition.site.categories, *sorted({event.category for event in events} - set(edition.site.categories))]
    categories = [(id_, viewer.category(id_)) for id_ in order]
    day = edition.day
    return memo.get(
        "strength",
        dump((values, marks, categories, day, words, language.tag)),
        lambda: tuple(
            draw_strength(
                values,
                marks,
                categories=categories,
                day=day,
                words=words,
                width=width,
                format_number=language.compact,
                format_year=viewer.year,
            )
            for width in WIDTHS
        ),
    )


def hubs_map(
    viewer: Viewer, edition: Edition, outline: dict[str, Any] | None, memo: Memo, layers: Sequence[int] = LAYERS
) -> MapDrawing | None:
    """The map of the hubs' places, each spoke joined to the hub; None when there is nothing to show."""
    places: list[MapPlace] = []
    links: list[tuple[str, str]] = []
    centres = [hub for hub in edition.hubs if hub.role == "hub"]
    for hub in edition.hubs:
        for index, place in enumerate(hub.places):
            places.append(
                MapPlace(
                    id=_place_id(hub, index),
                    name=place.name,
                    role=hub.role,
                    latitude=float(place.latitude),
                    longitude=float(place.longitude),
                    precision=place.precision,
                )
            )
        if hub.role == "hub":
            links.extend((_place_id(hub, 0), _place_id(hub, index)) for index in range(1, len(hub.places)))
        elif hub.role == "spoke" and centres and hub.places and centres[0].places:
            links.append((_place_id(centres[0], 0), _place_id(hub, 0)))
    language = viewer.language
    features = outline["features"] if outline else ()
    codes = {feature["id"] for feature in features}
    settings = edition.site.map
    highlight = settings.highlight if settings else ""
    names = {code: name for code in sorted(codes) if (name := language.country_or_none(code))}
    roles = {role: language.word(f"role_{role}") for role in ("hub", "spoke", "functional")}
    approximate = language.word("key_approximate")
    distance = language.word("kilometres", distance="")
    (drawing,) = memo.get(
        "map",
        dump((outline, highlight, places, links, names, roles, approximate, distance, language.tag, layers)),
        lambda: (
            draw_map(
                outline,
                highlight,
                places,
                links,
                names=names,
                roles=roles,
                approximate=approximate,
                format_distance=lambda kilometres: language.word("kilometres", distance=language.number(kilometres)),
                layers=layers,
            ),
        ),
    )
    return drawing


def history_line(observations: Sequence[Observation]) -> Sparkline | None:
    """A fact's reported numbers as a small line, None with fewer than three: two are a cliff, however near they are."""
    values = [
        (observation.date.earliest, observation.date.latest, float(number))
        for number, observation in reported_numbers(observations)
    ]
    return draw_sparkline(values) if len(values) > 2 else None


def _value(observation: Observation, viewer: Viewer, edition: Edition) -> Value:
    language = viewer.language
    is_number = isinstance(observation.value, int | Decimal)
    assert observation.status != "withdrawn"
    return Value(
        earliest=observation.date.earliest,
        latest=_end(observation.date),
        amount=float(observation.value) if is_number else None,  # type: ignore[arg-type]
        qualifier=observation.qualifier,
        status=observation.status,
        text=language.qualified(observation.value, observation.qualifier),
        when=language.date(observation.date),
        later=observation.date.earliest > edition.day,
    )


def _end(value: PartialDate) -> Any:
    """The last day that can be drawn: an interval without end is drawn at its start."""
    return value.latest if value.latest != OPEN_END else value.earliest


def _place_id(hub: Hub, index: int) -> str:
    return f"{hub.id}-{index}"
