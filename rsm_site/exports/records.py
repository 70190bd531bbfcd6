"""Edition -> the records that data files hold: plain values, each with the words that the page shows for it."""

from decimal import Decimal
from typing import Annotated, cast
from urllib.parse import quote

from markupsafe import Markup
from msgspec import Meta, Struct

from rsm_site import model
from rsm_site.dates import PartialDate
from rsm_site.edition import Edition, FactAt, Later
from rsm_site.views import Viewer

EDTF = r"^\d{4}(-\d\d(-\d\d)?)?[~?]?(/(\.\.|\d{4}(-\d\d(-\d\d)?)?[~?]?))?$"

Date = Annotated[str, Meta(pattern=EDTF)]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")]
Id = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
Page = Annotated[str | None, Meta(description="Its address on the site, from the site's root.")]
Words = Annotated[str, Meta(description="The value as the page shows it.")]
Number = int | float


_NAMES = {"from_": "from", "schema": "$schema"}


class Data(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=_NAMES):
    """A record of a data file; null stands for what is not given."""


class Mission(Data, frozen=True, kw_only=True):
    """The mission that the factsheet is about."""

    name: str
    organisation: str | None
    country: Country | None
    start: Date | None
    end: Date | None


class Publisher(Data, frozen=True, kw_only=True):
    """Who answers for the factsheet."""

    name: str
    url: str | None
    email: str | None


class Site(Data, frozen=True, kw_only=True):
    """The factsheet itself, and the day it describes."""

    title: str
    short_title: str | None
    tagline: str | None
    language: str
    url: str | None
    edition: Annotated[Day, Meta(description="The day the factsheet describes; nothing here is of a later day.")]
    known_by: Annotated[Day | None, Meta(description="The day by which a source had to be published, if asked for.")]
    editions: Annotated[tuple[Day, ...], Meta(description="The days that have an edition, up to this one.")]
    mission: Mission | None
    publisher: Publisher | None
    licence: str | None
    licence_url: Annotated[str | None, Meta(description="Where the licence is explained.")]
    notice: str | None


class Citation(Data, frozen=True, kw_only=True):
    """A source that a claim rests on, and where in it."""

    id: Id
    at: str | None


class Observation(Data, frozen=True, kw_only=True):
    """A dated value of a fact."""

    date: Date
    value: Annotated[Number | str, Meta(description="A number for a fact of numbers; else text, or a date in EDTF.")]
    words: Words
    qualifier: str
    status: str
    current: Annotated[bool, Meta(description="Whether the page shows it as the value of the edition.")]
    sources: tuple[Citation, ...]
    note: str | None


class Fact(Data, frozen=True, kw_only=True):
    """A figure or statement with its values up to the edition, oldest first."""

    id: Id
    label: str
    group: str | None
    type: str | None
    unit: str | None
    featured: bool
    counted: Annotated[bool, Meta(description="Whether the value is counted in the factsheet itself.")]
    stale: Annotated[bool, Meta(description="Whether the page says that the value may be out of date.")]
    observations: tuple[Observation, ...]


class Event(Data, frozen=True, kw_only=True):
    """Something that happened."""

    id: Id
    date: Date
    title: str
    category: Id
    place: Annotated[str | None, Meta(description="Where it happened, in words.")]
    hub: Annotated[Id | None, Meta(description="The hub that it happened at, if it is one.")]
    summary: Annotated[str | None, Meta(description="A sentence or two, as of the edition.")]
    see: tuple[Id, ...]
    featured: bool
    page: Page
    sources: tuple[Citation, ...]


class Place(Data, frozen=True, kw_only=True):
    """A point on the map."""

    name: str
    latitude: Number
    longitude: Number
    precision: str
    sources: tuple[Citation, ...]


class Hub(Data, frozen=True, kw_only=True):
    """A place that the mission works from."""

    id: Id
    name: str
    role: str
    from_: Date | None
    until: Date | None
    lead_nation: Country | None
    places: tuple[Place, ...]
    summary: Annotated[str | None, Meta(description="A sentence or two, as of the edition.")]
    page: Page
    sources: tuple[Citation, ...]


class Contribution(Data, frozen=True, kw_only=True):
    """Strength by nation as published on a date."""

    date: Date
    total: int | None
    qualifier: str
    nations: int | None
    troops: dict[Country, int]
    rest: Annotated[int | None, Meta(description="What `troops` leaves open of the total.")]
    note: str | None
    sources: tuple[Citation, ...]


class Source(Data, frozen=True, kw_only=True):
    """A publication that is cited."""

    id: Id
    title: str
    publisher: str
    kind: str
    published: Date | None
    url: str | None
    accessed: Date | None
    archived_url: str | None
    reliability: str
    verified: bool
    language: str | None
    note: str | None


class Term(Data, frozen=True, kw_only=True):
    """An abbreviation or term."""

    id: Id
    term: str
    expansion: str
    definition: Annotated[str | None, Meta(description="What it is, as of the edition.")]


class LaterFact(Data, frozen=True, kw_only=True):
    """Values of a fact after the edition, which may know the fact or not."""

    id: Annotated[Id, Meta(description="The fact.")]
    label: Annotated[str, Meta(description="What the value is of.")]
    group: Annotated[str | None, Meta(description="The group of facts that it is in.")]
    type: Annotated[str | None, Meta(description="number, date or text.")]
    unit: Annotated[str | None, Meta(description="What is counted.")]
    observations: tuple[Observation, ...]


class LaterRecord(Data, frozen=True, kw_only=True):
    """What is on record of the time after the edition; no part of it."""

    mission_end: Annotated[Date | None, Meta(description="The mission's last day, month or year.")]
    facts: tuple[LaterFact, ...]
    events: tuple[Event, ...]
    contributions: tuple[Contribution, ...]
    sources: tuple[Source, ...]


class Record(Data, frozen=True, kw_only=True):
    """A factsheet as of one day."""

    schema: Annotated[str, Meta(description="Where the schema is, seen from this file.")]
    site: Site
    facts: tuple[Fact, ...]
    events: tuple[Event, ...]
    hubs: Annotated[tuple[Hub, ...], Meta(description="Those open on the day of the edition.")]
    closed_hubs: Annotated[tuple[Hub, ...], Meta(description="Those closed by then.")]
    contributions: Annotated[tuple[Contribution, ...], Meta(description="Oldest first.")]
    sources: Annotated[tuple[Source, ...], Meta(description="Those cited by the records above.")]
    glossary: tuple[Term, ...]
    later: LaterRecord | None


def make_record(viewer: Viewer) -> Record:
    """The records of the viewer's edition."""
    edition = viewer.edition
    return Record(
        schema="factsheet.schema.json",
        site=make_site(edition),
        # The label of a fact without a value would tell what is still to come; a card shows it when it is featured.
        facts=tuple(_fact(fact, viewer) for fact in edition.facts if fact.observations or fact.fact.featured),
        events=tuple(make_event(event, viewer) for event in edition.events),
        hubs=tuple(_hub(hub, viewer) for hub in edition.hubs),
        closed_hubs=tuple(_hub(hub, viewer) for hub in edition.closed_hubs),
        contributions=tuple(_contribution(table) for table in edition.contributions),
        sources=tuple(make_source(source) for source in edition.sources),
        glossary=tuple(_term(term, viewer) for term in edition.terms),
        later=None,
    )


def make_later(later: Later, viewer: Viewer) -> LaterRecord:
    """The records of what came after an edition, told by the viewer of a day that knows them."""
    return LaterRecord(
        mission_end=_date(later.mission_end),
        facts=tuple(
            LaterFact(
                id=fact.id,
                label=fact.label,
                group=fact.group or None,
                type=fact.type,
                unit=fact.unit or None,
                observations=tuple(_observation(each, viewer) for each in observations),
            )
            for fact, observations in later.facts
        ),
        events=tuple(make_event(event, viewer) for event in later.events),
        contributions=tuple(_contribution(table) for table in later.contributions),
        sources=tuple(make_source(source) for source in later.sources),
    )


def absolute(base: str | None, url: str | None) -> str:
    """The whole address of a URL from the site's root, empty when the site has no address or there is no URL."""
    if not base or not url:
        return ""
    path, mark, fragment = url.partition("#")
    return f"{base.rstrip('/')}/{quote('' if path == 'index.html' else path)}{mark}{fragment}"


def make_site(edition: Edition) -> Site:
    """The record of the site."""
    site, mission, publisher = edition.site, edition.site.mission, edition.site.publisher
    return Site(
        title=site.title,
        short_title=site.short_title or None,
        tagline=site.tagline or None,
        language=site.language,
        url=site.url or None,
        edition=edition.day.isoformat(),
        known_by=edition.known_by.isoformat() if edition.known_by else None,
        editions=tuple(day.isoformat() for day in site.editions),
        mission=Mission(
            name=mission.name,
            organisation=mission.organisation or None,
            country=mission.country or None,
            start=_date(mission.start),
            end=_date(mission.end),
        )
        if mission
        else None,
        publisher=Publisher(name=publisher.name, url=publisher.url or None, email=publisher.email or None)
        if publisher
        else None,
        licence=site.licence or None,
        licence_url=site.licence_url or None,
        notice=site.notice or None,
    )


def _fact(fact: FactAt, viewer: Viewer) -> Fact:
    return Fact(
        id=fact.fact.id,
        label=fact.fact.label,
        group=fact.fact.group or None,
        type=fact.fact.type,
        unit=fact.fact.unit or None,
        featured=fact.fact.featured,
        counted=fact.is_counted,
        stale=fact.is_stale,
        observations=tuple(_observation(each, viewer, is_current=each is fact.current) for each in fact.observations),
    )


def _observation(observation: model.Observation, viewer: Viewer, *, is_current: bool = False) -> Observation:
    value = observation.value
    return Observation(
        date=observation.date.text,
        value=_number(value) if isinstance(value, int | Decimal) else str(value),
        words=viewer.language.qualified(value, observation.qualifier),
        qualifier=observation.qualifier,
        status=observation.status,
        current=is_current,
        sources=_citations(observation.sources),
        note=observation.note or None,
    )


def make_event(event: model.Event, viewer: Viewer) -> Event:
    """The record of an event."""
    place, hub = viewer.place_of(event)
    return Event(
        id=event.id,
        date=event.date.text,
        title=event.title,
        category=event.category,
        place=place or None,
        hub=hub.id if hub else None,
        summary=_plain(event.summary, viewer),
        see=event.see,
        featured=event.featured,
        page=viewer.addresses.of("event", event.id) or None,
        sources=_citations(event.sources),
    )


def _hub(hub: model.Hub, viewer: Viewer) -> Hub:
    return Hub(
        id=hub.id,
        name=hub.name,
        role=hub.role,
        from_=_date(hub.from_),
        until=_date(hub.until),
        lead_nation=hub.lead_nation or None,
        places=tuple(
            Place(
                name=place.name,
                latitude=_number(place.latitude),
                longitude=_number(place.longitude),
                precision=place.precision,
                sources=_citations(place.sources),
            )
            for place in hub.places
        ),
        summary=_plain(hub.summary, viewer),
        page=viewer.addresses.of("hub", hub.id) or None,
        sources=_citations(hub.sources),
    )


def _contribution(table: model.Contribution) -> Contribution:
    return Contribution(
        date=table.date.text,
        total=table.total,
        qualifier=table.qualifier,
        nations=table.nations,
        troops=dict(sorted(table.troops.items(), key=lambda item: (-item[1], item[0]))),
        rest=None if table.total is None else table.total - sum(table.troops.values()),
        note=table.note or None,
        sources=_citations(table.sources),
    )


def make_source(source: model.Source) -> Source:
    """The record of a source."""
    return Source(
        id=source.id,
        title=source.title,
        publisher=source.publisher,
        kind=source.kind,
        published=_date(source.published),
        url=source.url or None,
        accessed=_date(source.accessed),
        archived_url=source.archived_url or None,
        reliability=source.reliability,
        verified=source.verified,
        language=source.language or None,
        note=source.note or None,
    )


def _term(term: model.Term, viewer: Viewer) -> Term:
    return Term(id=term.id, term=term.term, expansion=term.expansion, definition=_plain(term.definition, viewer))


def _citations(citations: tuple[model.Citation, ...]) -> tuple[Citation, ...]:
    return tuple(Citation(id=citation.id, at=citation.at or None) for citation in citations)


def _plain(text: model.Prose | None, viewer: Viewer) -> str | None:
    """The words of a Markdown text; each stands alone, so a term is spelled out in each."""
    viewer.turn_to("data.html")
    html = viewer.prose(text)
    return html.striptags() if isinstance(html, Markup) else None


def _date(date: PartialDate | None) -> str | None:
    return date.text if date else None


def _number(value: int | Decimal) -> Number:
    """The number as it is: msgspec writes the digits of a Decimal, a float would lose some."""
    return cast(Number, value)
