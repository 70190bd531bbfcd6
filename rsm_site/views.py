"""Records -> what templates place: words in the page's language, addresses, and each claim with its sources."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from urllib.parse import quote

from markupsafe import Markup
from msgspec import Struct, structs

from rsm_site import dates, proofreading, prose, references
from rsm_site.dates import PartialDate
from rsm_site.edition import Edition, FactAt, Later, edition_of, is_known, value_on
from rsm_site.errors import Problem
from rsm_site.language import Language
from rsm_site.memo import Memo
from rsm_site.model import (
    Citation,
    Contribution,
    Event,
    Factsheet,
    Hub,
    Observation,
    Place,
    Prose,
    Source,
    Term,
)
from rsm_site.prose import Answer, Converter
from rsm_site.reads import Reads
from rsm_site.references import Reference

_LONG = 8  # characters of a figure that still fit its column at full size


class When(Struct, frozen=True):
    """A date in words, and in a form for machines where one is true."""

    words: str
    machine: str | None = None


class SourceView(Struct, frozen=True, kw_only=True):
    """A source as a claim shows it; `at` is where in it, `page` the entry in the list of sources, `number` in words the
    `rank` among those that the page cites; `is_later` when it was published after the edition's day."""

    id: str
    title: str
    publisher: str
    kind: str
    published: When | None
    accessed: When | None
    url: str
    archived_url: str
    reliability: str
    reliability_label: str
    verified: bool
    language: str
    note: str
    page: str
    is_later: bool
    at: str = ""
    rank: int = 0
    number: str = ""


class ObservationView(Struct, frozen=True, kw_only=True):
    """A dated value; `value` is without its qualifier, `words` with it."""

    when: When
    value: str
    words: str
    qualifier: str
    qualifier_label: str
    status: str
    status_label: str
    is_current: bool
    is_later: bool
    note: str
    sources: tuple[SourceView, ...]


class FigureView(Struct, frozen=True, kw_only=True):
    """A fact with the value that holds; `current` is None when there is none by that day, `size` is `long` or `text`
    for a value that needs smaller letters."""

    id: str
    label: str
    unit: str
    page: str
    current: ObservationView | None
    beside: tuple[ObservationView, ...]
    planned: ObservationView | None
    stale: str
    is_counted: bool
    is_text: bool
    size: str


class EventView(Struct, frozen=True, kw_only=True):
    """An event; `url` is its own page or its entry on the timeline."""

    id: str
    when: When
    year: str
    title: str
    category: str
    category_label: str
    category_number: int
    place: str
    place_url: str
    summary: Markup | None
    see: tuple[tuple[str, str], ...]
    url: str
    has_page: bool
    is_featured: bool
    is_later: bool
    sources: tuple[SourceView, ...]


class PlaceView(Struct, frozen=True, kw_only=True):
    """A point of a hub, in degrees as readers write them."""

    name: str
    coordinates: str
    precision: str
    precision_label: str
    sources: tuple[SourceView, ...]


class HubView(Struct, frozen=True, kw_only=True):
    """A hub; `nation` is the country that leads it, with the address of its entry."""

    id: str
    name: str
    role: str
    role_label: str
    opened: When | None
    closes: When | None
    nation: str
    nation_url: str
    places: tuple[PlaceView, ...]
    summary: Markup | None
    url: str
    sources: tuple[SourceView, ...]


class NationRow(Struct, frozen=True, kw_only=True):
    """A nation's strength; `share` is of the longest bar, in percent, and `anchor` what the row is reached by, if
    anything."""

    code: str
    name: str
    troops: str
    share: str
    anchor: str = ""


class NationsView(Struct, frozen=True, kw_only=True):
    """A table of strength by nation; `rest` is what its rows leave open."""

    id: str
    when: When
    total: str
    nations: str
    all_nations: str
    named: str
    rows: tuple[NationRow, ...]
    rest: NationRow | None
    note: str
    sources: tuple[SourceView, ...]


class TermView(Struct, frozen=True, kw_only=True):
    """A term of the glossary."""

    id: str
    term: str
    expansion: str
    definition: Markup | None


class Addresses:
    """Where on the site each record is found: URLs from its root, empty for what has no place."""

    def __init__(
        self,
        factsheet: Factsheet,
        main: Edition,
        later: Later | None,
        reads: Reads | None = None,
        memo: Memo | None = None,
    ) -> None:
        """Take the pages of the newest edition and what is `later` than it; archived editions link to them."""
        terms = factsheet.terms
        urls = (memo or Memo(None)).once("addresses", partial(_find_addresses, terms, main, later), terms, main, later)
        self._urls = (reads or Reads()).watched_by_key("addresses", urls)

    def of(self, kind: str, id_: str) -> str:
        """The address of a record."""
        return self._urls.get((kind, id_), "")


class Viewer:
    """Makes the views of one edition, in one language, for one page at a time."""

    def __init__(
        self,
        factsheet: Factsheet,
        edition: Edition,
        language: Language,
        converter: Converter,
        addresses: Addresses,
        texts: Mapping[str, str],
        reads: Reads | None = None,
        memo: Memo | None = None,
    ) -> None:
        """Work on the front page until `turn_to` names another; what is read meanwhile, and references that do not hold
        on the edition's day, are noted in `reads`."""
        self._reads = reads = reads or Reads()
        name = edition.day.isoformat()
        self.edition = reads.watched(f"edition of {name}", edition)
        self.language = language
        self.addresses = addresses
        self.url = "index.html"
        self._converter = converter
        self._texts = texts
        self._factsheet = factsheet
        watched = reads.watched_by_key
        hubs = {hub.id: hub for hub in (*edition.hubs, *edition.closed_hubs)}
        later_hubs = {hub.id: True for hub in factsheet.hubs if hub.id not in hubs}
        self._sources = watched("sources", {source.id: source for source in factsheet.sources})
        self._facts = watched(f"facts of {name}", {fact.fact.id: fact for fact in edition.facts})
        self._events = watched(f"events of {name}", {event.id: event for event in edition.events})
        self._hubs = watched(f"hubs of {name}", hubs)
        self._later_hubs = watched(f"hubs after {name}", later_hubs)
        self._terms = watched("terms", {term.id: term for term in factsheet.terms})
        self._source_views: dict[tuple[str, str], SourceView] = {}
        self._unranked: dict[str, SourceView] = {}
        self._expanded: set[str] = set()
        self._cited: dict[str, int] = {}
        site = factsheet.site
        self._categories = site.categories
        self._groups = site.groups
        # In the order in which they came up: a later one does not change the numbers of an earlier edition.
        make = partial(_number_categories, factsheet)
        numbers = (memo or Memo(None)).once("categories", make, site.categories, factsheet.events)
        self._category_numbers = watched("categories", numbers)

    def turn_to(self, url: str) -> None:
        """Begin the page at `url`: links are relative to it, terms are spelled out and sources numbered anew."""
        self.url = url
        self._expanded = set()
        self._cited = {}
        self._source_views = {}

    def share(self, other: "Viewer") -> None:
        """Work on the same page as `other`."""
        self.url, self._expanded = other.url, other._expanded
        self._cited, self._source_views = other._cited, other._source_views

    def cited_sources(self) -> tuple[SourceView, ...]:
        """The sources that the page has cited so far, in the order of their numbers."""
        return tuple(self.source(Citation(id=id_)) for id_ in self._cited)

    def count_numbers(self, whole: Prose) -> tuple[int, int]:
        """How many figures and dates in a text, as of the edition's day, are references, and how many are typed by
        hand."""
        text = structs.replace(whole, text=prose.select(whole.text, self.edition.text_day))
        bound = sum(reference.kind in ("fact", "date") for reference, _ in references.references(text))
        return bound, proofreading.count_numbers(text.text)

    def link(self, url: str) -> str:
        """The address of `url` (from the site's root) as the current page writes it."""
        return relative(self.url, url)

    def when(self, value: PartialDate | None) -> When | None:
        """A date in words and for machines."""
        return When(self.language.date(value), value.machine) if value else None

    def day(self, day: date) -> When:
        """A day in words and for machines."""
        return When(self.language.day(day), day.isoformat())

    def source(self, citation: Citation) -> SourceView:
        """A cited source."""
        number = self._cite(citation.id)
        key = (citation.id, citation.at)
        if key not in self._source_views:
            self._source_views[key] = self.source_view(self._sources[citation.id], citation.at, number)
        return self._source_views[key]

    def source_view(self, source: Source, at: str = "", rank: int = 0) -> SourceView:
        """A source; `rank` is its place among those that the page cites."""
        self._reads.note("sources", source.id)
        if source.id not in self._unranked:
            self._unranked[source.id] = self._unranked_view(source)
        number = self.language.number(rank) if rank else ""
        page = self.addresses.of("source", source.id)
        return structs.replace(self._unranked[source.id], page=page, at=at, rank=rank, number=number)

    def _unranked_view(self, source: Source) -> SourceView:
        return SourceView(
            id=source.id,
            title=source.title,
            publisher=source.publisher,
            kind=self.language.word(f"kind_{source.kind.replace(' ', '_')}"),
            published=self.when(source.published),
            accessed=self.when(source.accessed),
            url=source.url,
            archived_url=source.archived_url,
            reliability=source.reliability,
            reliability_label=self.language.word(f"reliability_{source.reliability}"),
            verified=source.verified,
            language=source.language,
            note=source.note,
            page="",
            is_later=bool(source.published and source.published.earliest > self.edition.day),
        )

    @contextmanager
    def uncited(self) -> Iterator[None]:
        """Make views whose sources do not count as cited by the page: they lead to the list of all sources."""
        cited, views = self._cited, self._source_views
        self._cited, self._source_views = {}, {}
        yield
        self._cited, self._source_views = cited, views

    def cited(self, id_: str) -> Source:
        """The record of a source."""
        return self._sources[id_]

    def _cite(self, id_: str) -> int:
        return self._cited.setdefault(id_, len(self._cited) + 1)

    def sources(self, citations: Iterable[Citation]) -> tuple[SourceView, ...]:
        """The cited sources in the order they are named."""
        return tuple(self.source(citation) for citation in citations)

    def observation(
        self, observation: Observation, *, current: Observation | None = None, is_later: bool = False
    ) -> ObservationView:
        """A dated value."""
        word = self.language.word
        return ObservationView(
            when=When(self.language.date(observation.date), observation.date.machine),
            value=self.language.value(observation.value),
            words=self.language.qualified(observation.value, observation.qualifier),
            qualifier=observation.qualifier,
            qualifier_label=word(f"qualifier_{observation.qualifier}"),
            status=observation.status,
            status_label=word(f"status_{observation.status}"),
            is_current=observation is current,
            is_later=is_later,
            note=observation.note,
            sources=self.sources(observation.sources),
        )

    def figure(self, fact: FactAt) -> FigureView:
        """A fact with the value that holds."""
        current = fact.current
        is_text = current is not None and not isinstance(current.value, int | Decimal)
        stale = ""
        if fact.is_stale and current:
            stale = self.language.word("stale", date=self.language.date(current.date))
        return FigureView(
            id=fact.fact.id,
            label=fact.fact.label,
            unit=fact.fact.unit,
            page=self.addresses.of("fact", fact.fact.id),
            current=self.observation(current, current=current) if current else None,
            beside=tuple(self.observation(observation) for observation in fact.beside),
            planned=self.observation(fact.planned) if fact.planned else None,
            stale=stale,
            is_counted=fact.is_counted,
            is_text=is_text,
            size="text" if is_text else "long" if current and len(self.language.value(current.value)) > _LONG else "",
        )

    def event(self, event: Event, *, is_later: bool = False) -> EventView:
        """An event; `is_later` says that it is after the edition's day."""
        place, hub = self.place_of(event)
        return EventView(
            id=event.id,
            when=When(self.language.date(event.date), event.date.machine),
            year=self.year(event.date.earliest.year),
            title=event.title,
            category=event.category,
            category_label=self.category(event.category),
            category_number=self.category_number(event.category),
            place=place,
            place_url=self.addresses.of("hub", hub.id) if hub else "",
            summary=self.prose(event.summary),
            see=tuple((self._events[id_].title, self.addresses.of("event", id_)) for id_ in event.see),
            url=self.addresses.of("event", event.id),
            has_page=event.has_text,
            is_featured=event.featured,
            is_later=is_later,
            sources=self.sources(event.sources),
        )

    def place_of(self, event: Event) -> tuple[str, Hub | None]:
        """Where an event happened, in words, and the hub that this is; no words for a hub the edition does not know."""
        hub = self._hubs.get(event.place)
        if hub:
            return hub.name, hub
        return ("" if event.place in self._later_hubs else event.place), None

    def hub(self, hub: Hub) -> HubView:
        """A hub."""
        return HubView(
            id=hub.id,
            name=hub.name,
            role=hub.role,
            role_label=self.language.word(f"role_{hub.role}"),
            opened=self.when(hub.from_),
            closes=self.when(hub.until),
            nation=self.language.country(hub.lead_nation) if hub.lead_nation else "",
            nation_url=self.addresses.of("nation", hub.lead_nation),
            places=tuple(self.place(place) for place in hub.places),
            summary=self.prose(hub.summary),
            url=self.addresses.of("hub", hub.id),
            sources=self.sources(hub.sources),
        )

    def place(self, place: Place) -> PlaceView:
        """A place of a hub."""
        north = self.language.word("north" if place.latitude >= 0 else "south", degrees=self._degrees(place.latitude))
        east = self.language.word("east" if place.longitude >= 0 else "west", degrees=self._degrees(place.longitude))
        return PlaceView(
            name=place.name,
            coordinates=f"{north} {east}",
            precision=place.precision,
            precision_label=self.language.word(f"precision_{place.precision}"),
            sources=self.sources(place.sources),
        )

    def nations(self, table: Contribution, shown_with: Iterable[Contribution] = ()) -> NationsView:
        """A table of strength by nation, the largest first; bars are on one scale with those of what it is shown
        with."""
        number = self.language.number
        rest = _rest_of(table)
        open_nations = table.nations - len(table.troops) if table.nations is not None else 0
        longest = max(1, *(max(_rest_of(each), *each.troops.values()) for each in (table, *shown_with)))
        rows = tuple(
            NationRow(code=code, name=self.language.country(code), troops=number(troops), share=_share(troops, longest))
            for code, troops in sorted(table.troops.items(), key=lambda item: (-item[1], item[0]))
        )
        rest_row = None
        if rest or open_nations:
            name = (
                self.language.word("nations_rest", count=open_nations) if open_nations else self.language.word("rest")
            )
            troops = self.language.qualified(rest, table.qualifier) if table.total is not None else ""
            rest_row = NationRow(code="", name=name, troops=troops, share=_share(rest, longest))
        return NationsView(
            id=_anchor(table.date),
            when=When(self.language.date(table.date), table.date.machine),
            total=self.language.qualified(table.total, table.qualifier) if table.total is not None else "",
            nations=number(table.nations) if table.nations is not None else "",
            all_nations=self.language.word("nations_all", count=table.nations) if table.nations is not None else "",
            named=number(len(table.troops)),
            rows=rows,
            rest=rest_row,
            note=table.note,
            sources=self.sources(table.sources),
        )

    def term(self, term: Term) -> TermView:
        """A term of the glossary."""
        return TermView(id=term.id, term=term.term, expansion=term.expansion, definition=self.prose(term.definition))

    def category(self, id_: str) -> str:
        """A category's label."""
        return self._categories.get(id_, _label(id_))

    def category_number(self, id_: str) -> int:
        """A category's place in their order, from 1."""
        return self._category_numbers[id_]

    def group(self, id_: str) -> str:
        """A group's label."""
        return self._groups.get(id_) or (_label(id_) if id_ else self.language.word("group_none"))

    def year(self, year: int) -> str:
        """A year in this language's digits."""
        return self.language.date(dates.parse_date(f"{year:04}"))

    def prose(self, text: Prose | None) -> Markup | None:
        """The HTML of a Markdown text as of the edition's day, None when nothing of it holds then."""
        return (self.article(text)[0] or None) if text else None

    def article(
        self, text: Prose, *, prefix: str = "", level: int = 2
    ) -> tuple[Markup, tuple[tuple[int, str, str], ...]]:
        """The HTML of a Markdown text as of the edition's day, and level, id and words of its headings."""
        selected = prose.select(text.text, self.edition.text_day)
        if not selected.strip():
            return Markup(), ()
        if selected != text.text:
            wrong = set(proofreading.check_selected(text, self._texts[text.location.file], selected))
            if wrong:
                self._reads.spoil(*wrong)
        compiled = self._converter.compile(selected, prefix=prefix, level=level)
        if compiled.has_image:
            hint = "describe it in words; drawings are made from the data"
            self._reads.spoil(Problem(text.location, "image", "an image cannot be part of a text", hint))

        def answer(reference: Reference) -> Answer:
            return self.answer(reference, text)

        return prose.render(compiled, answer, self.link), prose.headings(compiled, answer)

    def answer(self, reference: Reference, text: Prose) -> Answer:
        """What stands for a reference on the edition's day; a problem is noted when nothing does."""
        answer = self._answer(reference)
        if answer is None:
            source, day = self._texts[text.location.file], self.edition.text_day
            asked = reference.day if reference.day and reference.day <= self.edition.day else day
            what = "event" if reference.kind == "date" else reference.kind
            message = f"there is no {what} '{reference.id}' on {asked}"
            if reference.day and reference.day > self.edition.day:
                message = f"{reference.day} is after the edition of {self.edition.day}"
            hint = "limit the text with '::: from=... until=...', or the page with 'from:' and 'until:'"
            for place in prose.locate_references(text, source, reference.raw, day):
                self._reads.spoil(Problem(place, "not-on-that-day", message, hint))
            return Answer(reference.raw)
        return answer

    def _answer(self, reference: Reference) -> Answer | None:
        """None when nothing stands for it: Markdown may see a reference where the checks of content saw code."""
        url = self.addresses.of(reference.kind, reference.id)
        match reference.kind:
            case "fact":
                return self._answer_fact(reference, url)
            case "event" | "date":
                event = self._events.get(reference.id)
                if event is None:
                    return None
                return Answer(event.title if reference.kind == "event" else self.language.date(event.date), url)
            case "hub":
                hub = self._hubs.get(reference.id)
                return Answer(hub.name, url) if hub else None
            case "source":
                source = self._sources.get(reference.id)
                if source is None or not is_known(source, self.edition.known_by):
                    return None
                self._cite(reference.id)
                return Answer(source.title, url)
            case "term":
                term = self._terms.get(reference.id)
                if term is None:
                    return None
                if term.id in self._expanded or reference.words:
                    return Answer(term.term, url, term.expansion)
                self._expanded.add(term.id)
                return Answer(self.language.word("term_expanded", term=term.term, expansion=term.expansion), url)
            case _:
                name = self.language.country_or_none(reference.id)
                return Answer(name, url) if name else None

    def _answer_fact(self, reference: Reference, url: str) -> Answer | None:
        fact = self._facts.get(reference.id)
        day = reference.day or self.edition.day
        if fact is None or day > self.edition.day:
            return None
        if fact.is_counted and day < self.edition.day:
            self._reads.note_all("factsheet")
            counted = edition_of(self._factsheet, day, self.edition.known_by)
            fact = next(each for each in counted.facts if each.fact.id == reference.id)
        observation = value_on(fact, day)
        if observation is None:
            return None
        return Answer(self.language.qualified(observation.value, observation.qualifier, observation.status), url)

    def _degrees(self, degrees: Decimal) -> str:
        return self.language.number(abs(round(degrees, 3)))


def _find_addresses(terms: Iterable[Term], main: Edition, later: Later | None) -> dict[tuple[str, str], str]:
    urls: dict[tuple[str, str], str] = {}
    registered = {fact.fact.id for fact in main.facts if fact.observations}
    for fact_id in registered | {fact.id for fact, _ in (later.facts if later else ())}:
        urls["fact", fact_id] = f"facts.html#{fact_id}"
    for event in (*main.events, *(later.events if later else ())):
        url = f"events/{event.id}.html" if event.has_text else f"timeline.html#{event.id}"
        urls["event", event.id] = urls["date", event.id] = url
    for hub in main.hubs:
        urls["hub", hub.id] = f"hubs.html#{hub.id}"
    for source in (*main.sources, *(later.sources if later else ())):
        urls["source", source.id] = f"sources.html#{source.id}"
    for term in terms:
        urls["term", term.id] = f"glossary.html#{term.id}"
    for table in main.contributions:
        urls.update({("nation", code): f"nations.html#{code}" for code in table.troops})
    return urls


def _number_categories(factsheet: Factsheet) -> dict[str, int]:
    used = [event.category for event in sorted(factsheet.events, key=lambda event: event.date.sort_key)]
    categories = dict.fromkeys([*factsheet.site.categories, *used])
    return {id_: number for number, id_ in enumerate(categories, 1)}


def relative(page: str, url: str) -> str:
    """The address of `url` seen from `page`, both from the site's root; with a fragment alone on the same page."""
    target, mark, fragment = url.partition("#")
    if target == page and mark:
        return f"#{fragment}"
    return "../" * page.count("/") + _quoted(target) + mark + fragment


@lru_cache(maxsize=4096)
def _quoted(path: str) -> str:
    return quote(path, safe="/.-_~:?=&%,@")


def first_paragraph(html: Markup | None) -> Markup | None:
    """The HTML as far as its first paragraph goes."""
    if html is None:
        return None
    first, end, _rest = str(html).partition("</p>")
    return Markup(first + end)


def _rest_of(table: Contribution) -> int:
    """What is known of nations as a sum alone."""
    return table.total - sum(table.troops.values()) if table.total is not None else 0


def _share(part: int, longest: int) -> str:
    return f"{100 * part / longest:.1f}"


def _anchor(date: PartialDate) -> str:
    """A date as an id: as it is written, but for signs that an address would have to escape."""
    return date.text.replace("/", "--").replace("..", "open").replace("~", "-about").replace("?", "-uncertain")


def _label(id_: str) -> str:
    return id_.replace("-", " ").capitalize()
