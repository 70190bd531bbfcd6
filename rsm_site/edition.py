"""(Factsheet, day) -> what was true that day, as far as it was known."""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct, structs

from rsm_site.dates import PartialDate, of_day
from rsm_site.model import (
    Citation,
    Contribution,
    Event,
    Fact,
    Factsheet,
    Hub,
    Observation,
    ProsePage,
    Site,
    Source,
    Term,
    within,
)
from rsm_site.rules import is_stale


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
    known = _KnownBy(factsheet.sources, known_by)
    events = tuple(
        structs.replace(event, see=_earlier(event.see, factsheet.events, day, known))
        for event in sorted(factsheet.events, key=lambda event: event.date.sort_key)
        if event.date.earliest <= day and known(event.sources)
    )
    opened = [hub for hub in factsheet.hubs if (hub.from_ is None or hub.from_.earliest <= day) and known(hub.sources)]
    hubs = tuple(
        structs.replace(hub, until=hub.until if hub.until and hub.until.earliest <= day else None)
        for hub in opened
        if within(hub.from_, hub.until, day)
    )
    contributions = tuple(
        table
        for table in sorted(factsheet.contributions, key=lambda table: table.date.sort_key)
        if table.date.earliest <= day and known(table.sources)
    )
    published = {source.id for source in factsheet.sources if source.known_from and source.known_from <= day}
    pages = tuple(
        # A page outlives many editions: what it rests on as a whole is only what there was by then.
        structs.replace(page, sources=tuple(citation for citation in page.sources if citation.id in published))
        for page in factsheet.pages
        if within(page.from_, page.until, day)
    )
    edition = Edition(
        day=day,
        known_by=known_by,
        site=_site_on(factsheet.site, day),
        facts=(),
        events=events,
        hubs=hubs,
        closed_hubs=tuple(hub for hub in opened if not within(hub.from_, hub.until, day)),
        contributions=contributions,
        pages=pages,
        terms=factsheet.terms,
        sources=(),
    )
    facts = tuple(_fact_at(fact, edition, factsheet, known) for fact in factsheet.facts)
    edition = structs.replace(edition, facts=facts)
    cited = {citation.id for citation in citations(edition)}
    return structs.replace(edition, sources=tuple(source for source in factsheet.sources if source.id in cited))


def later_than(factsheet: Factsheet, day: date, known_by: date | None = None) -> Later:
    """What is on record of the days after `day`."""
    known = _KnownBy(factsheet.sources, known_by)
    facts = []
    for fact in factsheet.facts:
        observations = [
            observation
            for observation in fact.observations
            if observation.date.earliest > day and known(observation.sources)
        ]
        if observations:
            facts.append((fact, tuple(sorted(observations, key=lambda observation: observation.date.sort_key))))
    events = [event for event in factsheet.events if event.date.earliest > day and known(event.sources)]
    tables = [table for table in factsheet.contributions if table.date.earliest > day and known(table.sources)]
    mission = factsheet.site.mission
    ended = mission.end if mission and mission.end and mission.end.earliest > day else None
    cited = {citation.id for _fact, found in facts for observation in found for citation in observation.sources}
    cited.update(citation.id for event in events for citation in event.sources)
    cited.update(citation.id for table in tables for citation in table.sources)
    return Later(
        facts=tuple(facts),
        events=tuple(sorted(events, key=lambda event: event.date.sort_key)),
        contributions=tuple(sorted(tables, key=lambda table: table.date.sort_key)),
        mission_end=ended,
        sources=tuple(source for source in factsheet.sources if source.id in cited),
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


class _KnownBy:
    """Tells whether any of a claim's sources was published by a day; all were when there is no such day."""

    def __init__(self, sources: tuple[Source, ...], known_by: date | None) -> None:
        self._everything = known_by is None
        self._known = {
            source.id for source in sources if known_by and source.known_from and source.known_from <= known_by
        }

    def __call__(self, sources: tuple[Citation, ...]) -> bool:
        return self._everything or any(citation.id in self._known for citation in sources)


def _earlier(ids: tuple[str, ...], events: tuple[Event, ...], day: date, known: _KnownBy) -> tuple[str, ...]:
    if not ids:
        return ids
    there = {event.id for event in events if event.date.earliest <= day and known(event.sources)}
    return tuple(id_ for id_ in ids if id_ in there)


def _site_on(site: Site, day: date) -> Site:
    mission = site.mission
    if mission and mission.end and mission.end.earliest > day:
        mission = structs.replace(mission, end=None)
    if mission and mission.start and mission.start.earliest > day:
        mission = structs.replace(mission, start=None)
    return structs.replace(site, mission=mission, edition=day, editions=days_of(site, day))


def _fact_at(fact: Fact, edition: Edition, factsheet: Factsheet, known: _KnownBy) -> FactAt:
    if fact.count_of:
        counted = _count(fact, edition, factsheet)
        return FactAt(fact=fact, observations=(counted,), current=counted, is_counted=True)
    observations = tuple(
        sorted(
            (
                observation
                for observation in fact.observations
                if observation.date.earliest <= edition.day and known(observation.sources)
            ),
            key=lambda observation: observation.date.sort_key,
        )
    )
    current = last_of(observations)
    if current is None:
        return FactAt(fact=fact, observations=observations)
    return FactAt(
        fact=fact,
        observations=observations,
        current=current,
        beside=tuple(
            observation
            for observation in observations
            if observation.status == "disputed" and observation is not current and _overlap(observation, current)
        ),
        planned=next(
            (
                observation
                for observation in reversed(observations)
                if observation.status == "planned"
                and observation is not current
                and observation.date.sort_key >= current.date.sort_key
            ),
            None,
        ),
        is_stale=is_stale(fact, current, edition.day),
    )


def _overlap(one: Observation, other: Observation) -> bool:
    return one.date.earliest <= other.date.latest and other.date.earliest <= one.date.latest


def _count(fact: Fact, edition: Edition, factsheet: Factsheet) -> Observation:
    assert fact.count_of
    lists: dict[str, tuple[Event | Hub | Contribution | Source | Term | Fact, ...]] = {
        "timeline": edition.events,
        "hubs": edition.hubs,
        "contributions": edition.contributions,
        "sources": factsheet.sources,
        "glossary": factsheet.terms,
        "facts": factsheet.facts,
    }
    where = fact.count_of.where
    counted = [
        record
        for record in lists[fact.count_of.list]
        if all(str(getattr(record, name)) == value for name, value in where.items())
    ]
    sources: dict[str, Citation] = {}
    for record in counted:
        if isinstance(record, Event | Hub | Contribution):
            for citation in record.sources:
                sources.setdefault(citation.id, Citation(id=citation.id))
    return Observation(
        date=of_day(edition.day),
        value=len(counted),
        sources=tuple(sources.values()),
        file=fact.file,
        marks=fact.marks,
    )
