"""The list of sources with what rests on each, and the glossary."""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from rsm_site.edition import named_sources
from rsm_site.model import Citation
from rsm_site.pages.desk import Desk
from rsm_site.views import SourceView, TermView


class SourceEntry(Struct, frozen=True, kw_only=True):
    """A source with every claim that rests on it: words and address."""

    source: SourceView
    claims: tuple[tuple[str, str], ...]


class SourcesView(Struct, frozen=True, kw_only=True):
    """Every source that the edition cites, by kind: id, label, entries."""

    kinds: tuple[tuple[str, str, tuple[SourceEntry, ...]], ...]

    @property
    def contents(self) -> tuple[tuple[str, str], ...]:
        """The kinds."""
        return tuple((f"kind_{id_}", label) for id_, label, _entries in self.kinds)


class GlossaryView(Struct, frozen=True, kw_only=True):
    """Every term, in the order of the alphabet."""

    terms: tuple[TermView, ...]


def make_sources(desk: Desk) -> SourcesView:
    """Every source with each claim that rests on it."""
    claims: dict[str, list[tuple[str, str]]] = {}

    def note(citations: Iterable[Citation], words: str, url: str, named: Iterable[str] = ()) -> None:
        for id_ in (*(citation.id for citation in citations), *named):
            entry = (words, url)
            if entry not in claims.setdefault(id_, []):
                claims[id_].append(entry)

    of, day = desk.addresses.of, desk.edition.text_day
    for fact in desk.edition.facts:
        for observation in (*fact.observations, *desk.later_of(fact)):
            words = f"{fact.fact.label}: {desk.dated(observation)}"
            note(observation.sources, words, of("fact", fact.fact.id))
    for event in desk.all_events:
        words = desk.word("comma").join((event.title, desk.language.date(event.date)))
        note(
            event.sources, words, of("event", event.id), named_sources(event, date.max if desk.is_later(event) else day)
        )
    for hub in (*desk.edition.hubs, *desk.edition.closed_hubs):
        note(hub.sources, hub.name, of("hub", hub.id), named_sources(hub, day))
        for place in hub.places:
            note(place.sources, desk.word("claim_place", place=place.name), of("hub", hub.id))
    tables = [(table, "nations.html") for table in desk.edition.contributions]
    if desk.later:
        tables += [(table, "index.html#since") for table in desk.later.contributions]
    for table, url in tables:
        note(table.sources, desk.word("claim_nations", date=desk.language.date(table.date)), url)
    names = desk.front_names
    for page in desk.edition.pages:
        url = f"index.html#{page.id}" if page.id in names else f"{page.id}.html"
        note(page.sources, page.title, url, named_sources(page, day))
    for term in desk.edition.terms:
        note((), term.term, of("term", term.id), named_sources(term, day))
    kinds: dict[str, list[SourceEntry]] = {}
    for source in desk.sources:
        entry = SourceEntry(source=desk.viewer.source_view(source), claims=tuple(claims.get(source.id, ())))
        kinds.setdefault(source.kind.replace(" ", "-"), []).append(entry)
    return SourcesView(kinds=tuple((id_, found[0].source.kind, tuple(found)) for id_, found in kinds.items()))


def make_glossary(desk: Desk) -> GlossaryView:
    """Every term."""
    terms = sorted(desk.edition.terms, key=lambda term: (term.term.casefold(), term.id))
    return GlossaryView(terms=tuple(desk.viewer.term(term) for term in terms))
