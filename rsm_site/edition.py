"""(Factsheet, day) -> what was true that day, as far as it was known."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import TypeVar

from msgspec import Struct, structs

from rsm_site.dates import PartialDate, of_day
from rsm_site.model import (
    Citation,
    Contribution,
    Event,
    Fact,
    Factsheet,
    Hub,
    Mission,
    Observation,
    Place,
    Prose,
    ProsePage,
    Site,
    Source,
    Term,
    within,
)
from rsm_site.prose import select
from rsm_site.references import references
from rsm_site.rules import is_stale

C = TypeVar("C", Observation, Event, Hub, Place, Contribution, ProsePage)
D = TypeVar("D", Observation, Event, Contribution)


class FactAt(Struct, frozen=True, kw_only=True):
    """A fact on a day: its observations so far, oldest first, and the one that holds; `beside` are disputed values of
    the same time, `planned` is the last plan made since."""

    fact: Fact
    observations: tuple[Observation, ...]
    current: Observation | None = None
    beside: tuple[Observation, ...] = ()
    planned: Observation | None = None
    is_stale: bool = False
    is_counted: bool = False


class Edition(Struct, frozen=True, kw_only=True):
    """The factsheet as of `day`; events, hubs and contributions of later days are not in it."""

    day: date
    known_by: date | None
    site: Site
    facts: tuple[FactAt, ...]
    events: tuple[Event, ...]
    hubs: tuple[Hub, ...]
    closed_hubs: tuple[Hub, ...]
    contributions: tuple[Contribution, ...]
    pages: tuple[ProsePage, ...]
    terms: tuple[Term, ...]
    sources: tuple[Source, ...]

    @property
    def text_day(self) -> date:
        """The day that texts are of: what they say of later days was not known then."""
        return min(self.day, self.known_by or self.day)

    @property
    def contribution(self) -> Contribution | None:
        """The newest table of strength by nation."""
        return self.contributions[-1] if self.contributions else None


class Later(Struct, frozen=True, kw_only=True):
    """What the record holds of the time after an edition's day."""

    facts: tuple[tuple[Fact, tuple[Observation, ...]], ...]
    events: tuple[Event, ...]
    contributions: tuple[Contribution, ...]
    mission_end: PartialDate | None
    sources: tuple[Source, ...]

    def __bool__(self) -> bool:
        """Tell whether anything is on record."""
        return bool(self.facts or self.events or self.contributions or self.mission_end)


def edition_of(factsheet: Factsheet, day: date, known_by: date | None = None) -> Edition:
    """Everything whose earliest day is not after `day` and, when `known_by` is given, that a source had published by
    then."""
    factsheet = _known(factsheet, known_by)
    opened = [hub for hub in factsheet.hubs if hub.from_ is None or hub.from_.earliest <= day]
    edition = Edition(
        day=day,
        known_by=known_by,
        site=_site_on(factsheet.site, day),
        facts=tuple(_fact_at(fact, day) for fact in factsheet.facts),
        events=_among(_in_order(event for event in factsheet.events if event.date.earliest <= day)),
        hubs=tuple(
            structs.replace(hub, until=_by(hub.until, day)) for hub in opened if within(hub.from_, hub.until, day)
        ),
        closed_hubs=tuple(hub for hub in opened if not within(hub.from_, hub.until, day)),
        contributions=_in_order(table for table in factsheet.contributions if table.date.earliest <= day),
        pages=tuple(page for page in factsheet.pages if within(page.from_, page.until, min(day, known_by or day))),
        terms=factsheet.terms,
        sources=(),
    )
    cited = {citation.id for citation in citations(edition)}
    told: Iterable[Event | Hub | ProsePage | Term] = chain(
        edition.events, edition.hubs, edition.closed_hubs, edition.pages, edition.terms
    )
    cited.update(id_ for record in told for id_ in named_sources(record, edition.text_day))
    # A text may name a source that nobody knew by then; that is a problem of the text.
    sources = tuple(each for each in factsheet.sources if each.id in cited and is_known(each, known_by))
    edition = structs.replace(edition, sources=sources)
    return structs.replace(edition, facts=tuple(_counted(fact, edition) for fact in edition.facts))


def later_than(factsheet: Factsheet, day: date, known_by: date | None = None) -> Later:
    """What is on record of the days after `day`."""
    factsheet = _known(factsheet, known_by)
    facts = tuple(
        (fact, found)
        for fact in factsheet.facts
        if (found := _in_order(each for each in fact.observations if each.date.earliest > day))
    )
    events = _in_order(event for event in factsheet.events if event.date.earliest > day)
    tables = _in_order(table for table in factsheet.contributions if table.date.earliest > day)
    end = factsheet.site.mission.end if factsheet.site.mission else None
    records: list[Observation | Event | Contribution] = [each for _fact, found in facts for each in found]
    cited = {citation.id for record in (*records, *events, *tables) for citation in record.sources}
    cited.update(id_ for event in events for id_ in named_sources(event, date.max))
    return Later(
        facts=facts,
        events=events,
        contributions=tables,
        mission_end=end if end and end.earliest > day else None,
        sources=tuple(source for source in factsheet.sources if source.id in cited and is_known(source, known_by)),
    )


def days_of(site: Site, last: date) -> tuple[date, ...]:
    """The days that have an edition, oldest first: those listed up to `last`, and `last` itself."""
    return tuple(sorted({day for day in site.editions if day <= last} | {last}))


def value_on(fact: FactAt, day: date) -> Observation | None:
    """The value that holds on `day`, no later than the edition: the last reported, else the last planned, else the
    last disputed one."""
    return last_of(observation for observation in fact.observations if observation.date.earliest <= day)


def last_of(observations: Iterable[Observation]) -> Observation | None:
    """The last reported of the observations, else the last planned, else the last disputed one."""
    by_status: dict[str, Observation] = {}
    for observation in observations:
        before = by_status.get(observation.status)
        if before is None or observation.date.sort_key >= before.date.sort_key:
            by_status[observation.status] = observation
    return by_status.get("reported") or by_status.get("planned") or by_status.get("disputed")


def reported_numbers(observations: Iterable[Observation]) -> list[tuple[int | Decimal, Observation]]:
    """The observations that report a number, each after its number."""
    return [
        (observation.value, observation)
        for observation in observations
        if observation.status == "reported" and isinstance(observation.value, int | Decimal)
    ]


def citations(edition: Edition) -> Iterable[Citation]:
    """Every citation of the edition."""
    for fact in edition.facts:
        for observation in fact.observations:
            yield from observation.sources
    for event in edition.events:
        yield from event.sources
    for hub in (*edition.hubs, *edition.closed_hubs):
        yield from hub.sources
        for place in hub.places:
            yield from place.sources
    for table in edition.contributions:
        yield from table.sources
    for page in edition.pages:
        yield from page.sources


def named_sources(record: Event | Hub | ProsePage | Term, day: date) -> Iterator[str]:
    """The sources that a record's texts name as they read on `day`, by their ids."""
    match record:
        case Event():
            yield from record.named
            texts: tuple[Prose | None, ...] = (record.summary,)
        case Hub():
            texts = (record.summary,)
        case Term():
            texts = (record.definition,)
        case ProsePage():
            texts = (record.summary, record.body)
    for text in texts:
        if text and "source:" in text.text:
            told = structs.replace(text, text=select(text.text, day))
            yield from (reference.id for reference, _ in references(told) if reference.kind == "source")


def is_known(source: Source, known_by: date | None) -> bool:
    """Tell whether a source had been published by a day; all are when there is none."""
    return known_by is None or (source.known_from is not None and source.known_from <= known_by)


def _known(factsheet: Factsheet, known_by: date | None) -> Factsheet:
    """The factsheet without the claims that no source had published by `known_by`, and without the later sources of the
    others; the whole of it when no day is given."""
    if known_by is None:
        return factsheet
    known = {source.id for source in factsheet.sources if is_known(source, known_by)}

    def cut(record: C) -> C:
        return structs.replace(record, sources=tuple(each for each in record.sources if each.id in known))

    def keep(records: Iterable[C]) -> tuple[C, ...]:
        return tuple(record for record in map(cut, records) if record.sources)

    return structs.replace(
        factsheet,
        # Ends name no source of their own, but nobody can have known of one that had not come.
        site=structs.replace(factsheet.site, mission=_mission_by(factsheet.site.mission, known_by)),
        facts=tuple(structs.replace(fact, observations=keep(fact.observations)) for fact in factsheet.facts),
        events=_among(keep(factsheet.events)),
        hubs=tuple(
            structs.replace(hub, until=_by(hub.until, known_by), places=tuple(map(cut, hub.places)))
            for hub in keep(factsheet.hubs)
        ),
        contributions=keep(factsheet.contributions),
        pages=tuple(map(cut, factsheet.pages)),
    )


def _in_order(records: Iterable[D]) -> tuple[D, ...]:
    return tuple(sorted(records, key=lambda record: record.date.sort_key))


def _among(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """The events, none leading on to one that is not among them."""
    there = {event.id for event in events}
    return tuple(
        event
        if there.issuperset(event.see)
        else structs.replace(event, see=tuple(id_ for id_ in event.see if id_ in there))
        for event in events
    )


def _by(value: PartialDate | None, day: date) -> PartialDate | None:
    """The date as far as it had come by `day`."""
    return value if value and value.earliest <= day else None


def _site_on(site: Site, day: date) -> Site:
    return structs.replace(site, mission=_mission_by(site.mission, day), edition=day, editions=days_of(site, day))


def _mission_by(mission: Mission | None, day: date) -> Mission | None:
    if mission is None:
        return None
    return structs.replace(mission, start=_by(mission.start, day), end=_by(mission.end, day))


def _fact_at(fact: Fact, day: date) -> FactAt:
    observations = _in_order(each for each in fact.observations if each.date.earliest <= day)
    current = last_of(observations)
    if current is None:
        return FactAt(fact=fact, observations=observations)
    others = [each for each in observations if each is not current]
    since = [each for each in others if each.date.sort_key >= current.date.sort_key]
    return FactAt(
        fact=fact,
        observations=observations,
        current=current,
        beside=tuple(
            each for each in others if each.status == "disputed" and (_overlap(each, current) or each in since)
        ),
        planned=next((each for each in reversed(since) if each.status == "planned"), None),
        is_stale=is_stale(fact, current, day),
    )


def _overlap(one: Observation, other: Observation) -> bool:
    return one.date.earliest <= other.date.latest and other.date.earliest <= one.date.latest


def _counted(fact: FactAt, edition: Edition) -> FactAt:
    """The fact with what it counts in the edition, when it counts something."""
    count_of = fact.fact.count_of
    if count_of is None:
        return fact
    lists: dict[str, tuple[Event | Hub | Contribution | Source | Term | Fact, ...]] = {
        "timeline": edition.events,
        "hubs": edition.hubs,
        "contributions": edition.contributions,
        "sources": edition.sources,
        "glossary": edition.terms,
        "facts": tuple(each.fact for each in edition.facts if each.observations or each.fact.count_of),
    }
    records = [
        record
        for record in lists[count_of.list]
        if all(str(getattr(record, name)) == value for name, value in count_of.where.items())
    ]
    cited = [each for record in records if isinstance(record, Event | Hub | Contribution) for each in record.sources]
    count = Observation(
        date=of_day(edition.day),
        value=len(records),
        sources=tuple(Citation(id=id_) for id_ in dict.fromkeys(each.id for each in cited)),
        file=fact.fact.file,
        marks=fact.fact.marks,
    )
    return FactAt(fact=fact.fact, observations=(count,), current=count, is_counted=True)
