"""Edition -> the list of pages: URL, template, and the view that the template places."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property, partial
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup
from msgspec import Struct, structs

from rsm_site import changes, charts, views
from rsm_site.edition import Edition, FactAt, Later, days_of, edition_of, last_of, later_than
from rsm_site.errors import Problem
from rsm_site.freeze import Rewriting, find_corrections
from rsm_site.language import Language
from rsm_site.loader import DEFAULT_FRONT_PAGE, texts_of
from rsm_site.model import Event, Factsheet, Observation, ProsePage, Site
from rsm_site.prose import Converter
from rsm_site.rules import check_staleness
from rsm_site.views import (
    Addresses,
    EventView,
    FigureView,
    HubView,
    NationsView,
    ObservationView,
    SourceView,
    TermView,
    Viewer,
    When,
)


class NavItem(Struct, frozen=True, kw_only=True):
    """An entry of a navigation."""

    title: str
    url: str
    is_current: bool = False


class Frame(Struct, frozen=True, kw_only=True):
    """What stands around the content of every page; `link` makes a URL from the site's root relative to the page."""

    url: str
    link: Callable[[str], str]
    heading: str
    title: str
    description: str
    language: str
    direction: str
    site_title: str
    short_title: str
    tagline: str
    notice: str
    licence: str
    licence_url: str
    publisher: str
    publisher_url: str
    publisher_email: str
    edition: When
    edition_url: str
    newest: When
    ended: str
    has_later: bool
    is_archived: bool
    nav: tuple[NavItem, ...]
    crumbs: tuple[NavItem, ...]
    contents: tuple[tuple[str, str], ...]
    base: str
    canonical: str
    feed: str
    data: str
    is_front: bool
    lede: str
    has_own_style: bool
    robots: str


class Page(Struct, frozen=True, kw_only=True):
    """One page: its URL from the site's root, its template, and what the template places."""

    url: str
    template: str
    frame: Frame
    view: Any


class Section(Struct, frozen=True, kw_only=True):
    """A part of the front page; `kind` chooses the partial that shows `view`."""

    id: str
    kind: str
    title: str
    view: Any
    more_url: str = ""
    more: str = ""


class FiguresView(Struct, frozen=True, kw_only=True):
    """The featured facts."""

    figures: tuple[FigureView, ...]


class StrengthView(Struct, frozen=True, kw_only=True):
    """The drawing of strength and events at two widths, with the values it shows as a table."""

    label: str
    unit: str
    page: str
    drawings: tuple[Any, ...]
    title: str
    description: str
    observations: tuple[ObservationView, ...]
    events: tuple[EventView, ...]


class EventsView(Struct, frozen=True, kw_only=True):
    """Events under their years; `categories` are number, label and count of those that occur, for the filter."""

    years: tuple[tuple[str, tuple[EventView, ...]], ...]
    later: tuple[tuple[str, tuple[EventView, ...]], ...]
    categories: tuple[tuple[int, str, str], ...]
    count: str


class HubsView(Struct, frozen=True, kw_only=True):
    """The map, and the places it shows by role."""

    drawing: Any
    title: str
    description: str
    hubs: tuple[HubView, ...]
    closed: tuple[HubView, ...]


class NationsPageView(Struct, frozen=True, kw_only=True):
    """The tables of strength by nation, the newest first."""

    tables: tuple[NationsView, ...]


class Block(Struct, frozen=True, kw_only=True):
    """A second-level heading of a page with what stands below it."""

    id: str
    title: str
    body: Markup


class ProseView(Struct, frozen=True, kw_only=True):
    """A page of prose, whole or in blocks; `headings` are level, id and words."""

    id: str
    summary: Markup | None
    body: Markup
    blocks: tuple[Block, ...]
    headings: tuple[tuple[int, str, str], ...]
    sources: tuple[SourceView, ...]


class LaterFact(Struct, frozen=True, kw_only=True):
    """A fact with the value that holds at the end of the record, and the other values since the edition."""

    figure: FigureView
    value: ObservationView
    others: tuple[ObservationView, ...]


class SinceView(Struct, frozen=True, kw_only=True):
    """What is on record of the time after the edition."""

    facts: tuple[LaterFact, ...]
    years: tuple[tuple[str, tuple[EventView, ...]], ...]
    tables: tuple[NationsView, ...]


class Citation(Struct, frozen=True, kw_only=True):
    """How to cite the page, in words and as BibTeX."""

    plain: str
    bibtex: str


class FrontView(Struct, frozen=True, kw_only=True):
    """The factsheet on one page; `glance` are label and words of what the mission is."""

    glance: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    since: SinceView | None
    changes: Any
    cite: Citation


class RegisterFact(Struct, frozen=True, kw_only=True):
    """A fact with its whole history; `later` are observations after the edition."""

    figure: FigureView
    observations: tuple[ObservationView, ...]
    later: tuple[ObservationView, ...]
    sparkline: Any
    cite: Citation


class RegisterView(Struct, frozen=True, kw_only=True):
    """Every fact, by group: id, label, facts."""

    groups: tuple[tuple[str, str, tuple[RegisterFact, ...]], ...]


class EventPageView(Struct, frozen=True, kw_only=True):
    """An event with its longer text, and its neighbours in time."""

    event: EventView
    body: Markup
    headings: tuple[tuple[int, str, str], ...]
    previous: EventView | None
    next: EventView | None


class SourceEntry(Struct, frozen=True, kw_only=True):
    """A source with every claim that rests on it: words and address."""

    source: SourceView
    claims: tuple[tuple[str, str], ...]


class SourcesView(Struct, frozen=True, kw_only=True):
    """Every source that the edition cites, by kind: id, label, entries."""

    kinds: tuple[tuple[str, str, tuple[SourceEntry, ...]], ...]


class GlossaryView(Struct, frozen=True, kw_only=True):
    """Every term, in the order of the alphabet."""

    terms: tuple[TermView, ...]


class Measure(Struct, frozen=True, kw_only=True):
    """A computed figure about the factsheet itself."""

    label: str
    value: str
    detail: str = ""


class AboutView(Struct, frozen=True, kw_only=True):
    """How the factsheet was made, in figures computed from it."""

    measures: tuple[Measure, ...]
    cite: Citation


class CorrectionView(Struct, frozen=True, kw_only=True):
    """Something that was rewritten after it was published; `field` is empty for a whole claim."""

    when: When
    claim: str
    field: str
    kind: str
    kind_label: str
    old: str
    new: str
    reason: str
    url: str


class ChangesPageView(Struct, frozen=True, kw_only=True):
    """What changed from edition to edition, newest first, and the corrections of what was published."""

    pairs: tuple[changes.ChangesView, ...]
    corrections: tuple[CorrectionView, ...]


class ArchiveEntry(Struct, frozen=True, kw_only=True):
    """An edition in the archive; `values` are those of the columns, `changes` how much is new in it."""

    when: When
    url: str
    is_newest: bool
    values: tuple[str, ...]
    changes: str


class ArchiveView(Struct, frozen=True, kw_only=True):
    """Every edition, newest first, with the facts that stand in its columns."""

    columns: tuple[str, ...]
    entries: tuple[ArchiveEntry, ...]


class Plan(Struct, frozen=True, kw_only=True):
    """What is made: the pages in order, the editions by day (the newest last), what is later than it, and problems
    that show only when the pages are made."""

    pages: tuple[Page, ...]
    editions: tuple[Edition, ...]
    later: Later | None
    problems: tuple[Problem, ...]


def plan_pages(
    factsheet: Factsheet,
    language: Language,
    converter: Converter,
    texts: Mapping[str, str],
    *,
    day: date | None = None,
    known_by: date | None = None,
) -> Plan:
    """The pages of the edition of `day` and of the archived editions before it; None means the day that the site names,
    and then the newest edition alone also tells what is on record of later days."""
    newest_day = day or factsheet.site.edition
    editions = tuple(edition_of(factsheet, each, known_by) for each in days_of(factsheet.site, newest_day))
    newest = editions[-1]
    later = None if day else later_than(factsheet, newest_day, known_by)
    problems: set[Problem] = set()
    maps: charts.Maps = {}
    addresses = Addresses(factsheet, newest, later)
    rewritings, found = find_corrections(factsheet, newest_day)
    problems.update(found)
    if known_by:  # A correction tells what was learned later.
        rewritings = ()

    def planner(edition: Edition, later: Later | None) -> _Planner:
        return _Planner(
            factsheet, editions, edition, later, language, converter, texts, addresses, problems, maps, rewritings
        )

    pages = list(planner(newest, later or None).main_pages())
    for edition in editions:
        pages.append(planner(edition, None).front_page(f"editions/{edition.day}/index.html"))
    for fact in newest.facts:
        if fact.current:
            problems.update(check_staleness(fact.fact, fact.current, newest.day))
    return Plan(pages=tuple(pages), editions=editions, later=later, problems=tuple(sorted(problems)))


class _Planner:
    """Makes the pages of one edition."""

    def __init__(
        self,
        factsheet: Factsheet,
        editions: tuple[Edition, ...],
        edition: Edition,
        later: Later | None,
        language: Language,
        converter: Converter,
        texts: Mapping[str, str],
        addresses: Addresses,
        problems: set[Problem],
        maps: charts.Maps,
        rewritings: tuple[Rewriting, ...] = (),
    ) -> None:
        self.factsheet = factsheet
        self.rewritings = rewritings
        self.maps = maps
        self.editions = editions
        self.edition = edition
        self.later = later
        self.language = language
        self.addresses = addresses
        self.site: Site = edition.site
        self.viewer = Viewer(factsheet, edition, language, converter, addresses, texts, problems)
        self.hindsight = self.viewer
        if later:
            whole_record = edition_of(factsheet, date.max, edition.known_by)
            self.hindsight = Viewer(factsheet, whole_record, language, converter, addresses, texts, problems)
            self.hindsight.share(self.viewer)
        self.word = language.word
        self.nav = tuple(self._nav())

    def main_pages(self) -> Iterator[Page]:
        """Every page but those of the archived editions."""
        edition = self.edition
        yield self.front_page("index.html")
        if edition.events or self._later_events():
            yield self._page("timeline.html", "timeline", self.word("title_timeline"), self._timeline)
        yield from self._event_pages()
        if edition.facts:
            yield self._page("facts.html", "facts", self.word("title_facts"), self._register)
        if edition.hubs or edition.closed_hubs:
            yield self._page("hubs.html", "hubs", self.word("title_hubs"), self._hubs)
        if edition.contributions:
            yield self._page("nations.html", "nations", self.word("title_nations"), self._nations_page)
        for page in self._own_pages():
            yield self._page(f"{page.id}.html", "prose", page.title, partial(self._prose, page))
        if self._has_changes():
            yield self._page("changes.html", "changes", self.word("title_changes"), self._changes)
        yield self._page("editions/index.html", "archive", self.word("title_archive"), self._archive)
        if self._all_sources():
            yield self._page("sources.html", "sources", self.word("title_sources"), self._sources)
        if edition.terms:
            yield self._page("glossary.html", "glossary", self.word("title_glossary"), self._glossary)
        yield self._page("data.html", "data", self.word("title_data"), self._days)
        yield self._page("about.html", "about", self.word("title_about"), self._about)
        yield self._page("404.html", "404", self.word("title_404"), lambda: None, robots="noindex")

    def front_page(self, url: str) -> Page:
        """The factsheet on one page, at `url`."""
        return self._page(url, "index", self.site.title, lambda: self._front(url), is_front=True)

    def _page(
        self,
        url: str,
        template: str,
        heading: str,
        view: Callable[[], Any],
        *,
        robots: str = "",
        is_front: bool = False,
    ) -> Page:
        self.viewer.turn_to(url)
        self.hindsight.share(self.viewer)
        made = view()
        return Page(
            url=url,
            template=f"pages/{template}.html",
            frame=self._frame(url, heading, made, robots=robots, is_front=is_front),
            view=made,
        )

    def _frame(self, url: str, heading: str, view: Any, *, robots: str, is_front: bool) -> Frame:
        site = self.site
        newest = self.editions[-1].day
        is_archived = url.startswith("editions/") and url != "editions/index.html"
        base = site.url.rstrip("/") + "/" if site.url else ""
        short = site.short_title or site.title
        title = heading if heading == site.title else f"{heading} – {short}"
        if is_archived:
            title = f"{title} ({self.language.day(self.edition.day)})"
        publisher = site.publisher
        return Frame(
            url=url,
            link=partial(views.relative, url) if url != "404.html" or not base else partial(_absolute, base),
            heading=heading,
            title=title,
            description=site.tagline or site.title,
            language=site.language,
            direction=self.language.direction,
            site_title=site.title,
            short_title=short,
            tagline=site.tagline,
            notice=site.notice,
            licence=site.licence,
            licence_url=f"https://spdx.org/licenses/{site.licence}.html" if site.licence else "",
            publisher=publisher.name if publisher else "",
            publisher_url=publisher.url if publisher else "",
            publisher_email=publisher.email if publisher else "",
            edition=self.viewer.day(self.edition.day),
            edition_url=f"editions/{self.edition.day}/index.html",
            newest=self.viewer.day(newest),
            ended=self._ended(),
            is_archived=is_archived,
            nav=tuple(structs.replace(item, is_current=item.url == url) for item in self.nav),
            canonical=base + ("" if url == "index.html" else url) if base and url != "404.html" else "",
            base=base,
            feed="feed.xml" if base else "",
            data=(f"editions/{self.edition.day}/" if is_archived else "") + "data/factsheet.json",
            is_front=is_front,
            has_later=bool(self.later) and not is_archived,
            crumbs=tuple(self._crumbs(url)),
            contents=tuple(self._contents(view)),
            lede=self._lede(url),
            has_own_style=is_front or url == "404.html",
            robots=robots,
        )

    def _crumbs(self, url: str) -> Iterator[NavItem]:
        if url == "index.html":
            return
        yield NavItem(title=self.word("home"), url="index.html")
        if url.startswith("events/"):
            yield NavItem(title=self.word("title_timeline"), url="timeline.html")
        if url.startswith("editions/") and url != "editions/index.html":
            yield NavItem(title=self.word("title_archive"), url="editions/index.html")

    def _lede(self, url: str) -> str:
        """The sentence below a built-in page's heading."""
        name = "archive" if url == "editions/index.html" else url.removesuffix(".html")
        key = f"lede_{name}"
        return self.word(key) if key in self.language.strings else ""

    def _nav(self) -> Iterator[NavItem]:
        edition = self.edition
        newest = self.editions[-1]
        shown = (
            ("timeline", newest.events),
            ("facts", newest.facts),
            ("hubs", newest.hubs or newest.closed_hubs),
            ("nations", newest.contributions),
        )
        yield from (NavItem(title=self.word(f"nav_{name}"), url=f"{name}.html") for name, records in shown if records)
        for page in newest.pages:
            if page.id not in self._front_names(newest):
                yield NavItem(title=page.title, url=f"{page.id}.html")
        if self._has_changes():
            yield NavItem(title=self.word("nav_changes"), url="changes.html")
        if edition.sources:
            yield NavItem(title=self.word("nav_sources"), url="sources.html")
        if edition.terms:
            yield NavItem(title=self.word("nav_glossary"), url="glossary.html")
        yield NavItem(title=self.word("nav_data"), url="data.html")
        yield NavItem(title=self.word("nav_about"), url="about.html")

    def _ended(self) -> str:
        """The sentence that the mission is over, empty while it is not or when nobody knows."""
        ended = self.later.mission_end if self.later else None
        if ended is None and self.site.mission:
            ended = self.site.mission.end
        return self.word(f"status_ended_{_precision(ended)}", date=self.language.date(ended)) if ended else ""

    def _has_changes(self) -> bool:
        return len(self.editions) > 1 or bool(self.rewritings)

    def _front_names(self, edition: Edition) -> list[str]:
        if edition.site.front_page is not None:
            return list(edition.site.front_page)
        return list(DEFAULT_FRONT_PAGE)

    def _own_pages(self) -> Iterator[ProsePage]:
        names = self._front_names(self.edition)
        return (page for page in self.edition.pages if page.id not in names)

    def _front(self, url: str) -> FrontView:
        sections = []
        for name in self._front_names(self.edition):
            if name != "sources" and (section := self._section(name)):
                sections.append(section)
        since = self._since() if self.later else None
        if "sources" in self._front_names(self.edition) and (section := self._cited_sources()):
            index = self._front_names(self.edition).index("sources")
            sections.insert(sum(self._front_names(self.edition).index(_name_of(s)) < index for s in sections), section)
        return FrontView(
            glance=tuple(self._glance()),
            sections=tuple(sections),
            since=since,
            changes=self._changes_since_previous(),
            cite=self._cite(url),
        )

    def _glance(self) -> Iterator[tuple[str, str]]:
        mission, word = self.site.mission, self.word
        if mission is None:
            return
        if mission.organisation:
            yield word("glance_organisation"), mission.organisation
        if mission.country:
            yield word("glance_country"), self.language.country(mission.country)
        if mission.start:
            yield word("glance_start"), self.language.date(mission.start)
        if mission.end:
            yield word("glance_end"), self.language.date(mission.end)
        elif mission.start:
            yield word("glance_status"), word("glance_running", date=self.language.day(self.edition.day))

    def _contents(self, view: Any) -> Iterator[tuple[str, str]]:
        """Ids and titles of the parts of a page."""
        word = self.word
        match view:
            case FrontView():
                parts = [(section.id, section.title) for section in view.sections if section.id != "sources"]
                yield from parts
                if view.since:
                    yield "since", word("since")
                if any(section.id == "sources" for section in view.sections):
                    yield "sources", word("section_sources")
                yield "cite", word("cite")
            case RegisterView():
                yield from ((f"group_{id_ or 'other'}", label) for id_, label, _facts in view.groups)
            case SourcesView():
                yield from ((f"kind_{id_}", label) for id_, label, _entries in view.kinds)
            case ProseView() | EventPageView():
                yield from ((id_, words) for level, id_, words in view.headings if level == 2)
            case ChangesPageView():
                yield from ((f"to-{changed.after.machine}", changed.after.words) for changed in view.pairs)
                if view.corrections:
                    yield "corrections", word("corrections_title")
            case _:
                return

    def _section(self, name: str) -> Section | None:
        edition, word, names = self.edition, self.word, self._front_names(self.edition)
        if name.startswith("events:"):
            category = name.partition(":")[2]
            events = [event for event in edition.events if event.category == category]
            if not events:
                return None
            return Section(
                id=f"events-{category}",
                kind="events",
                title=self.viewer.category(category),
                view=self._events(events),
                more_url="timeline.html",
                more=word("more_timeline"),
            )
        match name:
            case "figures":
                figures = tuple(self.viewer.figure(fact) for fact in edition.facts if fact.fact.featured)
                view: Any = FiguresView(figures=figures) if figures else None
                more = "facts"
            case "strength":
                # Its values and events stand elsewhere with their sources.
                with self.viewer.uncited(), self.hindsight.uncited():
                    view, more = self._strength(), "facts"
            case "timeline":
                # Those of a category with a section of its own stand there.
                events = [e for e in edition.events if e.featured and f"events:{e.category}" not in names]
                view, more = self._events(events) if events else None, "timeline"
            case "hubs":
                view, more = self._hubs(on_front=True) if edition.hubs else None, "hubs"
            case "nations":
                table = edition.contribution
                view, more = self.viewer.nations(table) if table else None, "nations"
            case _:
                page = next((page for page in edition.pages if page.id == name), None)
                if page is None:
                    return None
                return Section(id=page.id, kind="prose", title=page.title, view=self._prose(page, on_front=True))
        if view is None:
            return None
        return Section(
            id=name,
            kind=name,
            title=word(f"section_{name}"),
            view=view,
            more_url=f"{more}.html",
            more=word(f"more_{more}"),
        )

    def _cited_sources(self) -> Section | None:
        sources = self.viewer.cited_sources()
        if not sources:
            return None
        return Section(
            id="sources",
            kind="sources",
            title=self.word("section_sources"),
            view=sources,
            more_url="sources.html",
            more=self.word("more_sources"),
        )

    def _strength(self) -> StrengthView | None:
        fact = next((fact for fact in self.edition.facts if fact.fact.id == self.site.strength), None)
        if fact is None:
            return None
        later = self._later_of(fact)
        events = (*self.edition.events, *self._later_events())
        if not fact.observations and not later and not events:
            return None
        shown = [observation for observation in (*fact.observations, *later) if observation.status != "withdrawn"]
        observations = tuple(
            self.viewer.observation(o, current=fact.current, is_later=o.date.earliest > self.edition.day) for o in shown
        )
        description = self.word("strength_none")
        numbers = [o for o in shown if o.status == "reported" and isinstance(o.value, int | Decimal)]
        if numbers:
            highest = max(numbers, key=lambda observation: Decimal(observation.value))  # type: ignore[arg-type]
            description = self.word(
                "strength_description",
                label=fact.fact.label,
                first=self._dated(numbers[0]),
                highest=self._dated(highest),
                last=self._dated(numbers[-1]),
            )
        return StrengthView(
            label=fact.fact.label,
            unit=fact.fact.unit,
            page=self.addresses.of("fact", fact.fact.id),
            drawings=charts.strength_drawings(
                self.viewer, self.edition, fact.fact.unit or fact.fact.label, shown, events
            ),
            title=self.word("strength_title", label=fact.fact.label),
            description=description,
            observations=observations,
            events=tuple(self._event(event) for event in events),
        )

    def _event(self, event: Event) -> EventView:
        """An event; one after the edition's day is told as of the end of the record."""
        is_later = event.date.earliest > self.edition.day
        return (self.hindsight if is_later else self.viewer).event(event, is_later=is_later)

    def _dated(self, observation: Observation) -> str:
        value = self.language.qualified(observation.value, observation.qualifier, observation.status)
        return self.word("value_dated", value=value, date=self.language.date(observation.date))

    def _events(self, events: Iterable[Event], later: Iterable[Event] = ()) -> EventsView:
        made, made_later = [self._event(event) for event in events], [self._event(event) for event in later]
        counts: dict[tuple[int, str], int] = {}
        for event in (*made, *made_later):
            key = (event.category_number, event.category_label)
            counts[key] = counts.get(key, 0) + 1
        number = self.language.number
        return EventsView(
            years=_by_year(made),
            later=_by_year(made_later),
            categories=tuple((index, label, number(count)) for (index, label), count in sorted(counts.items())),
            count=number(len(made) + len(made_later)),
        )

    def _timeline(self) -> EventsView:
        return self._events(self.edition.events, self._later_events())

    def _event_pages(self) -> Iterator[Page]:
        events = (*self.edition.events, *self._later_events())
        for index, event in enumerate(events):
            if event.text is None:
                continue

            def view(index: int = index, event: Event = event) -> EventPageView:
                viewer = self.hindsight if event.date.earliest > self.edition.day else self.viewer
                return EventPageView(
                    event=self._event(event),
                    body=viewer.prose(event.text) or Markup(),
                    headings=viewer.headings(event.text) if event.text else (),
                    previous=self._event(events[index - 1]) if index else None,
                    next=self._event(events[index + 1]) if index + 1 < len(events) else None,
                )

            yield self._page(f"events/{event.id}.html", "event", event.title, view)

    def _register(self) -> RegisterView:
        groups: dict[str, list[RegisterFact]] = {id_: [] for id_ in self.site.groups}
        for fact in self.edition.facts:
            later = self._later_of(fact)
            if fact.observations or later:
                groups.setdefault(fact.fact.group, []).append(self._register_fact(fact, later))
        made = ((id_, self.viewer.group(id_), tuple(facts)) for id_, facts in groups.items() if facts)
        return RegisterView(groups=tuple(made))

    def _register_fact(self, fact: FactAt, later: tuple[Observation, ...]) -> RegisterFact:
        figure = self.viewer.figure(fact)
        value = figure.current.words if figure.current else self.word("no_figure")
        return RegisterFact(
            figure=figure,
            observations=tuple(
                self.viewer.observation(observation, current=fact.current)
                for observation in reversed(fact.observations)
            ),
            later=tuple(self.viewer.observation(observation, is_later=True) for observation in later),
            sparkline=charts.history_line((*fact.observations, *later)),
            cite=self._cite(f"facts.html#{fact.fact.id}", f"{fact.fact.label}: {value}"),
        )

    def _hubs(self, *, on_front: bool = False) -> HubsView:
        hubs = tuple(self.viewer.hub(hub) for hub in self.edition.hubs)
        drawing = charts.hubs_map(self.viewer, self.edition, self.factsheet.outline, self.maps)
        roles: dict[str, list[str]] = {}
        for hub in hubs:
            roles.setdefault(hub.role_label, []).append(hub.name)
        listed = "; ".join(f"{role}: {self.language.join(names)}" for role, names in roles.items())
        return HubsView(
            drawing=drawing,
            title=self.word("map_title"),
            description=self.word("map_description", places=listed),
            hubs=tuple(structs.replace(hub, summary=views.first_paragraph(hub.summary)) for hub in hubs)
            if on_front
            else hubs,
            closed=tuple(self.viewer.hub(hub) for hub in self.edition.closed_hubs),
        )

    def _nations_page(self) -> NationsPageView:
        return NationsPageView(
            tables=tuple(self.viewer.nations(table) for table in reversed(self.edition.contributions))
        )

    def _prose(self, page: ProsePage, *, on_front: bool = False) -> ProseView:
        prefix, level = (f"{page.id}-", 3) if on_front else ("", 2)
        body = self.viewer.prose(page.body, prefix=prefix, level=level) or Markup()
        headings = self.viewer.headings(page.body, prefix=prefix, level=level)
        blocks: tuple[Block, ...] = ()
        if page.layout == "blocks":
            body, blocks = _split_blocks(body, headings, level)
        return ProseView(
            id=page.id,
            summary=self.viewer.prose(page.summary),
            body=body,
            blocks=blocks,
            headings=headings,
            sources=self.viewer.sources(page.sources),
        )

    def _since(self) -> SinceView | None:
        if not self.later:
            return None
        known = {fact.fact.id: fact for fact in self.edition.facts}
        return SinceView(
            facts=tuple(self._later_fact(known[fact.id], observations) for fact, observations in self.later.facts),
            years=_by_year([self._event(event) for event in self.later.events]),
            tables=tuple(self.viewer.nations(table) for table in self.later.contributions),
        )

    def _later_fact(self, fact: FactAt, observations: tuple[Observation, ...]) -> LaterFact:
        last = last_of(observations) or observations[-1]
        shown = {id(each): self.viewer.observation(each, is_later=True) for each in observations}
        return LaterFact(
            figure=self.viewer.figure(fact),
            value=shown[id(last)],
            others=tuple(view for key, view in shown.items() if key != id(last)),
        )

    def _later_events(self) -> tuple[Event, ...]:
        return self.later.events if self.later else ()

    def _later_of(self, fact: FactAt) -> tuple[Observation, ...]:
        if not self.later:
            return ()
        return next((found for other, found in self.later.facts if other.id == fact.fact.id), ())

    def _changes_since_previous(self) -> changes.ChangesView | None:
        index = [edition.day for edition in self.editions].index(self.edition.day)
        return self._describe_changes(index) if index else None

    def _describe_changes(self, index: int) -> changes.ChangesView:
        return changes.describe(changes.between(self.editions[index - 1], self.editions[index]), self.viewer)

    @cached_property
    def _changed(self) -> tuple[changes.ChangesView, ...]:
        """What changed from each edition to the next, the oldest first."""
        return tuple(self._describe_changes(index) for index in range(1, len(self.editions)))

    def _changes(self) -> ChangesPageView:
        corrections = []
        for rewriting in self.rewritings:
            list_, id_ = rewriting.claim.split("/")[:2]
            kind = {"facts": "fact", "timeline": "event", "hubs": "hub"}.get(list_, "")
            corrections.append(
                CorrectionView(
                    when=self.viewer.day(rewriting.day),
                    claim=rewriting.claim,
                    field=rewriting.field,
                    kind=rewriting.kind,
                    kind_label=self.word(f"change_{rewriting.kind}"),
                    old=rewriting.old,
                    new=rewriting.new,
                    reason=rewriting.reason,
                    url=self.addresses.of(kind, id_),
                )
            )
        return ChangesPageView(pairs=tuple(reversed(self._changed)), corrections=tuple(corrections))

    def _archive(self) -> ArchiveView:
        word, number = self.word, self.language.number
        shown = [fact.fact.id for fact in self.edition.facts if fact.fact.featured][:2]
        labels = {fact.fact.id: fact.fact.label for fact in self.edition.facts}
        entries = []
        for index, edition in enumerate(self.editions):
            figures = {fact.fact.id: self.viewer.figure(fact) for fact in edition.facts if fact.fact.id in shown}
            values = [current.words if (current := figures[id_].current) else word("no_figure") for id_ in shown]
            count = self._changed[index - 1].count if index else 0
            entries.append(
                ArchiveEntry(
                    when=self.viewer.day(edition.day),
                    url=f"editions/{edition.day}/index.html",
                    is_newest=edition.day == self.edition.day,
                    values=(*values, number(len(edition.events))),
                    changes=word("change_count", count=count) if count else "",
                )
            )
        columns = (*(labels[id_] for id_ in shown), word("changes_timeline"))
        return ArchiveView(columns=columns, entries=tuple(reversed(entries)))

    def _days(self) -> tuple[tuple[When, date], ...]:
        """The days of the editions, newest first, in words and as they are."""
        return tuple((self.viewer.day(edition.day), edition.day) for edition in reversed(self.editions))

    def _all_sources(self) -> tuple[Any, ...]:
        cited = {source.id for source in (*self.edition.sources, *(self.later.sources if self.later else ()))}
        return tuple(source for source in self.factsheet.sources if source.id in cited)

    def _sources(self) -> SourcesView:
        claims: dict[str, list[tuple[str, str]]] = {}

        def note(citations: Iterable[Any], words: str, url: str) -> None:
            for citation in citations:
                entry = (words, url)
                if entry not in claims.setdefault(citation.id, []):
                    claims[citation.id].append(entry)

        of = self.addresses.of
        for fact in self.edition.facts:
            for observation in (*fact.observations, *self._later_of(fact)):
                words = f"{fact.fact.label}: {self._dated(observation)}"
                note(observation.sources, words, of("fact", fact.fact.id))
        for event in (*self.edition.events, *self._later_events()):
            note(event.sources, f"{event.title}, {self.language.date(event.date)}", of("event", event.id))
        for hub in (*self.edition.hubs, *self.edition.closed_hubs):
            note(hub.sources, hub.name, of("hub", hub.id))
            for place in hub.places:
                note(place.sources, self.word("claim_place", place=place.name), of("hub", hub.id))
        later_tables = self.later.contributions if self.later else ()
        for table in (*self.edition.contributions, *later_tables):
            words = self.word("claim_nations", date=self.language.date(table.date))
            note(table.sources, words, "nations.html" if self.edition.contributions else "")
        names = self._front_names(self.edition)
        for page in self.edition.pages:
            note(page.sources, page.title, f"index.html#{page.id}" if page.id in names else f"{page.id}.html")
        kinds: dict[str, list[SourceEntry]] = {}
        for source in self._all_sources():
            entry = SourceEntry(source=self.viewer.source_view(source), claims=tuple(claims.get(source.id, ())))
            kinds.setdefault(source.kind.replace(" ", "-"), []).append(entry)
        return SourcesView(kinds=tuple((id_, found[0].source.kind, tuple(found)) for id_, found in kinds.items()))

    def _glossary(self) -> GlossaryView:
        terms = sorted(self.edition.terms, key=lambda term: (term.term.casefold(), term.id))
        return GlossaryView(terms=tuple(self.viewer.term(term) for term in terms))

    def _about(self) -> AboutView:
        return AboutView(measures=tuple(self._measures()), cite=self._cite("index.html"))

    def _measures(self) -> Iterator[Measure]:
        number, percent, word = self.language.number, self.language.percent, self.word
        sources = {source.id: source for source in self.factsheet.sources}
        edition = self.edition
        observations = [o for fact in edition.facts if not fact.is_counted for o in fact.observations]
        claims: list[Any] = [
            *observations,
            *edition.events,
            *edition.hubs,
            *edition.closed_hubs,
            *edition.contributions,
        ]
        total = len(claims)

        def share(label: str, holds: Callable[[Any], bool], among: list[Any]) -> Measure:
            count = sum(holds(claim) for claim in among)
            detail = word("measure_of", part=number(count), whole=number(len(among)))
            return Measure(label=word(label), value=percent(count, len(among)), detail=detail)

        yield Measure(label=word("measure_claims"), value=number(total))
        yield share("measure_sourced", lambda claim: bool(claim.sources), claims)
        yield share(
            "measure_official",
            lambda claim: any(sources[c.id].reliability == "official" for c in claim.sources),
            claims,
        )
        yield share("measure_checked", lambda claim: any(sources[c.id].verified for c in claim.sources), claims)
        dated = [claim for claim in claims if hasattr(claim, "date")]
        yield share("measure_dated", lambda claim: claim.date.day is not None, dated)
        current = [fact for fact in edition.facts if fact.current and not fact.is_counted]
        if current:
            oldest = min(current, key=lambda fact: fact.current.date.sort_key if fact.current else ())
            assert oldest.current
            yield Measure(
                label=word("measure_oldest"),
                value=self.language.date(oldest.current.date),
                detail=oldest.fact.label,
            )
        uses: dict[str, int] = {}
        for claim in claims:
            for citation in claim.sources:
                uses[citation.id] = uses.get(citation.id, 0) + 1
        once = sum(count == 1 for count in uses.values())
        yield Measure(label=word("measure_once"), value=number(once), detail=word("measure_cited", count=len(uses)))
        told = structs.replace(
            self.factsheet,
            events=(*edition.events, *self._later_events()),
            hubs=(*edition.hubs, *edition.closed_hubs),
            pages=edition.pages,
        )
        bound, bare = self.viewer.count_numbers(texts_of(told))
        yield Measure(
            label=word("measure_bound"),
            value=percent(bound, bound + bare),
            detail=word("measure_of", part=number(bound), whole=number(bound + bare)),
        )

    def _cite(self, url: str, claim: str = "") -> Citation:
        site = self.site
        author = site.publisher.name if site.publisher else ""
        title = f"{claim}. {site.title}" if claim else site.title
        edition = self.word("cite_edition", date=self.language.day(self.edition.day))
        permanent = f"editions/{self.edition.day}/index.html"
        where = url if claim else permanent
        address = site.url.rstrip("/") + "/" + where if site.url else ""
        plain = ". ".join(part.rstrip(".") for part in (author, title, edition, address) if part)
        key = f"{(site.short_title or site.title).casefold().replace(' ', '-')}-{self.edition.day}"
        fields = [
            ("author", f"{{{author}}}"),
            ("title", title),
            ("note", edition),
            ("year", str(self.edition.day.year)),
        ]
        if address:
            fields.append(("url", address))
        body = "".join(f"  {name:<6} = {{{_bibtex(value)}}},\n" for name, value in fields)
        return Citation(plain=plain, bibtex=f"@misc{{{_bibtex_key(key)},\n{body}}}")


def _bibtex(text: str) -> str:
    return "".join(f"\\{character}" if character in "#$%&_" else character for character in text)


def _bibtex_key(text: str) -> str:
    kept = (character for character in text if character.isascii() and (character.isalnum() or character == "-"))
    return "".join(kept).strip("-")


def _absolute(base: str, url: str) -> str:
    """The address on its host: what is sent for a missing page is read at any depth."""
    return urlsplit(base).path + views.relative("", url)


def _by_year(events: list[EventView]) -> tuple[tuple[str, tuple[EventView, ...]], ...]:
    return tuple((year, tuple(group)) for year, group in groupby(events, key=lambda event: event.year))


def _name_of(section: Section) -> str:
    return section.id.replace("events-", "events:", 1) if section.kind == "events" else section.id


def _precision(value: Any) -> str:
    return "day" if value.day else "period"


def _split_blocks(
    body: Markup, headings: tuple[tuple[int, str, str], ...], level: int
) -> tuple[Markup, tuple[Block, ...]]:
    """Cut the HTML at its headings of `level`; what stands before the first stays the body."""
    mark = f"<h{level}"
    before, *rest = str(body).split(mark)
    titles = [(id_, words) for depth, id_, words in headings if depth == level]
    blocks = []
    for (id_, words), chunk in zip(titles, rest, strict=True):
        html = chunk.partition(f"</h{level}>")[2]
        blocks.append(Block(id=id_, title=words, body=Markup(html.strip())))
    return Markup(before.strip()), tuple(blocks)
