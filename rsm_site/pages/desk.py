"""What the pages of one edition are made from: its records, the language, and who makes views of them."""

from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from itertools import groupby
from operator import itemgetter

from msgspec import Struct

from rsm_site import changes
from rsm_site.edition import Edition, FactAt, Later, reported_numbers
from rsm_site.freeze import Rewriting
from rsm_site.loader import texts_of
from rsm_site.material import Material
from rsm_site.model import Event, Factsheet, Observation, Prose, ProsePage, Site, Source
from rsm_site.views import Addresses, EventView, Viewer

Years = tuple[tuple[str, tuple[EventView, ...]], ...]


class NavItem(Struct, frozen=True, kw_only=True):
    """An entry of a navigation."""

    title: str
    url: str
    is_current: bool = False


class Commons(Struct, frozen=True, kw_only=True):
    """What the frames of all pages of an edition share, `ended` is the sentence that the mission is over."""

    site: Site
    nav: tuple[NavItem, ...]
    ended: str
    has_later: bool


class Desk:
    """One edition and all that its pages need, by a name that no other desk has; `later` is None where nothing later
    may be told."""

    def __init__(
        self,
        name: str,
        material: Material,
        edition: Edition,
        later: Later | None,
        addresses: Addresses,
        rewritings: tuple[Rewriting, ...],
    ) -> None:
        """Begin on the front page."""
        reads, factsheet, language = material.reads, material.factsheet, material.language
        self.material = material
        self.reads = reads
        self.memo = material.memo
        self.name = name
        self.commons = Commons(site=edition.site, nav=(), ended="", has_later=bool(later))
        self.factsheet = reads.watched("factsheet", factsheet)
        self._rewritings = rewritings
        reads.offer("rewritings", lambda _part: rewritings)
        self.editions = tuple(reads.watched(f"edition of {each.day}", each) for each in material.editions)
        self.edition = reads.watched(f"edition of {edition.day}", edition)
        self.later = reads.watched("later", later) if later else None
        self.language = language
        self.addresses = addresses
        self.site: Site = edition.site
        self.viewer = material.viewer(edition, addresses)
        self.hindsight = self.viewer
        if later:
            self.hindsight = material.hindsight(addresses)
            self.hindsight.share(self.viewer)
        self.word = language.word
        self._longer = longer = factsheet.longer
        reads.offer("texts", lambda id_: longer[id_].text)
        self._told = Factsheet(
            site=edition.site,
            events=(*edition.events, *(later.events if later else ())),
            longer=longer,
            hubs=(*edition.hubs, *edition.closed_hubs),
            terms=edition.terms,
            pages=edition.pages,
        )
        reads.offer(f"numbers of {self.name}", lambda _part: self._numbers)

    def turn_to(self, url: str) -> None:
        """Begin the page at `url`."""
        self.viewer.turn_to(url)
        self.hindsight.share(self.viewer)

    def event(self, event: Event) -> EventView:
        """An event; one after the edition's day is told as of the end of the record."""
        return self.viewer_of(event).event(event, is_later=self.is_later(event))

    def viewer_of(self, event: Event) -> Viewer:
        """Who tells of an event: in hindsight of one after the edition's day."""
        return self.hindsight if self.is_later(event) else self.viewer

    def text_of(self, event: Event) -> Prose:
        """The longer text of an event that has one."""
        self.reads.note("texts", event.id)
        return self._longer[event.id]

    @property
    def numbers(self) -> tuple[int, int]:
        """How many figures and dates in the texts are references, and how many are typed by hand."""
        self.reads.note_all(f"numbers of {self.name}")
        return self._numbers

    @cached_property
    def _numbers(self) -> tuple[int, int]:
        counts = [
            self.memo.same(
                "numbers", (id(text), self.commons.site.edition), partial(self.viewer.count_numbers, text), text
            )
            for text in texts_of(self._told)
        ]
        return sum(bound for bound, _ in counts), sum(bare for _, bare in counts)

    def is_later(self, record: Event | Observation) -> bool:
        """Tell whether a record is of a time after the edition's day."""
        return record.date.earliest > self.edition.day

    def dated(self, observation: Observation) -> str:
        """A value with its date, in words."""
        value = self.language.qualified(observation.value, observation.qualifier, observation.status)
        return self.word("value_dated", value=value, date=self.language.date(observation.date))

    def describe(self, fact: FactAt) -> str:
        """A fact's numbers up to the edition in a sentence, none when it has none: the first, the highest, the last."""
        numbers = reported_numbers(fact.observations)
        if not numbers:
            return ""
        highest = max(numbers, key=itemgetter(0))
        first, most, last = (self.dated(observation) for _, observation in (numbers[0], highest, numbers[-1]))
        return self.word("strength_description", label=fact.fact.label, first=first, highest=most, last=last)

    @property
    def later_events(self) -> tuple[Event, ...]:
        """Events on record after the edition's day."""
        return self.later.events if self.later else ()

    @property
    def all_events(self) -> tuple[Event, ...]:
        """Events of the edition, and those on record after it."""
        return (*self.edition.events, *self.later_events)

    def later_of(self, fact: FactAt) -> tuple[Observation, ...]:
        """A fact's values after the edition's day."""
        if not self.later:
            return ()
        return next((found for other, found in self.later.facts if other.id == fact.fact.id), ())

    @property
    def front_names(self) -> tuple[str, ...]:
        """The sections of the front page, in order."""
        return self.site.sections

    @property
    def own_pages(self) -> Iterator[ProsePage]:
        """The pages of prose that are no sections of the front page."""
        return (page for page in self.edition.pages if page.id not in self.front_names)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source that is cited, in the order of the content."""
        cited = {source.id for source in (*self.edition.sources, *(self.later.sources if self.later else ()))}
        return tuple(source for source in self.factsheet.sources if source.id in cited)

    @property
    def rewritings(self) -> tuple[Rewriting, ...]:
        """What was rewritten after it was published."""
        self.reads.note_all("rewritings")
        return self._rewritings

    @property
    def has_changes(self) -> bool:
        """Tell whether anything can be said of changes."""
        return len(self.editions) > 1 or bool(self.rewritings)

    @property
    def changed(self) -> tuple[changes.ChangesView, ...]:
        """What changed from each edition to the next, the oldest first."""
        return tuple(self.describe_changes(index) for index in range(1, len(self.editions)))

    def describe_changes(self, index: int) -> changes.ChangesView:
        """What changed from the edition before to the one at `index`."""
        return changes.describe(changes.between(self.editions[index - 1], self.editions[index]), self.viewer)


def by_year(events: Iterable[EventView]) -> Years:
    """Events in order of time, under their years."""
    return tuple((year, tuple(group)) for year, group in groupby(events, key=lambda event: event.year))
