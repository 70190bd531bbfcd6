"""What pages and data files are made from: the editions of a factsheet, and all that is needed to tell of them."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from itertools import chain

from msgspec import Struct

from rsm_site.edition import Edition, Later, edition_of, later_than
from rsm_site.language import Language
from rsm_site.loader import records_of
from rsm_site.memo import Memo
from rsm_site.model import Event, Factsheet
from rsm_site.prose import Converter
from rsm_site.reads import Reads
from rsm_site.views import Addresses, Viewer


def edition_on(factsheet: Factsheet, day: date, known_by: date | None, memo: Memo) -> Edition:
    """The edition of a day, the same object as long as no record has changed."""
    make = partial(edition_of, factsheet, day, known_by)
    return memo.once(f"edition {day} {known_by}", make, *records_of(factsheet))


def later_on(factsheet: Factsheet, day: date, known_by: date | None, memo: Memo) -> Later:
    """What is on record of the days after one, the same object as long as no record has changed."""
    make = partial(later_than, factsheet, day, known_by)
    return memo.once(f"later {day} {known_by}", make, *records_of(factsheet))


class Material(Struct, frozen=True, kw_only=True):
    """A factsheet in its editions, oldest first, and what is on record `later` than the newest, None where that may not
    be told; `texts` are those of the content files by name, what is read of it all is noted in `reads`."""

    factsheet: Factsheet
    editions: tuple[Edition, ...]
    later: Later | None
    language: Language
    texts: Mapping[str, str]
    converter: Converter
    reads: Reads
    memo: Memo

    @property
    def newest(self) -> Edition:
        """The edition that the site describes."""
        return self.editions[-1]

    @property
    def events(self) -> tuple[Event, ...]:
        """Those of the newest edition, and those on record after it."""
        made_of = (self.newest.events, self.later.events if self.later else ())
        return self.memo.once("events", lambda: tuple(chain(*made_of)), *made_of)

    @property
    def event_indices(self) -> Mapping[str, int]:
        """Where among the events each is, by its id."""
        events = self.events
        return self.memo.once("event indices", lambda: {each.id: index for index, each in enumerate(events)}, events)

    def event_at(self, url: str) -> Event:
        """The event whose page is at the URL."""
        return self.events[self.event_indices[url.removeprefix("events/").removesuffix(".html")]]

    def addresses(self) -> Addresses:
        """Where on the site each record is found."""
        return Addresses(self.factsheet, self.newest, self.later, self.reads, self.memo)

    def viewer(self, edition: Edition, addresses: Addresses) -> Viewer:
        """Who tells of an edition."""
        return Viewer(
            self.factsheet, edition, self.language, self.converter, addresses, self.texts, self.reads, self.memo
        )

    def hindsight(self, addresses: Addresses) -> Viewer:
        """Who tells of all that is on record."""
        return self.viewer(edition_on(self.factsheet, date.max, self.newest.known_by, self.memo), addresses)
