"""Records -> the JSON-LD of each page (schema.org): what the page is, and the claims it makes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import msgspec

from rsm_site.dates import parse_date
from rsm_site.exports.headers import content_type
from rsm_site.exports.records import Citation, Event, Fact, Hub, Observation, Record, Site, Source, absolute
from rsm_site.language import Language

Node = dict[str, Any]

# A bound of what is said to be more or less than it; the value itself would be another claim.
_VALUE_OF = {"exactly": "value", "about": "value", "over": "minValue", "under": "maxValue"}
_UNSAFE = {character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


class LinkedData:
    """Describes the pages of one edition, with records that are asked for only when a page needs them."""

    def __init__(
        self,
        site: Site,
        language: Language,
        *,
        whole: Callable[[], Record],
        event: Callable[[str], Event],
        source: Callable[[str], Source],
        files: Callable[[], Mapping[str, bytes]],
    ) -> None:
        """`site` is the edition's, `whole` all its records with what is later when its pages show that too; `event` is
        that of a page, `source` the one of an id, `files` are the data files by URL."""
        self._site = site
        self._language = language
        self._whole = whole
        self._event_of = event
        self._source_of = source
        self._files = files

    def describe(self, url: str, heading: str, description: str) -> str:
        """The JSON-LD of the page at `url`, fit to stand in a script element."""
        claims = list(self._claims(url))
        cited = dict.fromkeys(id_ for node in claims for id_ in _cited_in(node))
        site = self._site
        nodes = [
            self._page(url, heading, description),
            *self._crumbs(url, heading),
            *([self._mission()] if site.mission else []),
            *([self._publisher()] if site.publisher else []),
            *claims,
            *(self._cited(self._source_of(id_)) for id_ in cited if url != "sources.html"),
        ]
        for node in nodes:
            if citation := node.get("citation"):
                node["citation"] = [{"@id": self._id("source", id_)} for id_ in citation]
        graph = {"@context": "https://schema.org", "@graph": nodes}
        text = msgspec.json.Encoder(decimal_format="number").encode(graph).decode()
        for character, escaped in _UNSAFE.items():
            text = text.replace(character, escaped)
        return text

    def _claims(self, url: str) -> Iterator[Node]:
        name, _, rest = url.partition("/")
        match name:
            case "index.html" | "editions" if rest != "index.html":
                yield self._dataset()
                yield from self._figures(fact for fact in self._record.facts if fact.featured)
            case "data.html":
                yield self._dataset()
            case "facts.html":
                yield from self._figures(self._record.facts)
            case "timeline.html":
                later = self._record.later
                yield from map(self._event, (*self._record.events, *(later.events if later else ())))
            case "events":
                event = self._event_of(url)
                yield {**self._event(event), **_given({"description": event.summary})}
            case "hubs.html":
                yield from (node for hub in self._record.hubs for node in self._places(hub))
            case "nations.html":
                yield from self._nations()
            case "glossary.html":
                yield self._terms()
            case "sources.html":
                later = self._record.later
                sources = (*self._record.sources, *(later.sources if later else ()))
                yield from map(self._source, {source.id: source for source in sources}.values())
            case _:
                return

    @cached_property
    def _record(self) -> Record:
        return self._whole()

    def _id(self, kind: str, id_: str) -> str:
        """A name for a node: where the site shows it, or within the page alone when the site has no address."""
        pages = {"source": "sources.html", "fact": "facts.html", "hub": "hubs.html", "term": "glossary.html"}
        base = self._site.url
        return absolute(base, f"{pages.get(kind, 'index.html')}#{id_}") if base else f"_:{kind}-{id_}"

    def _page(self, url: str, heading: str, description: str) -> Node:
        site = self._site
        return _given(
            {
                "@type": "WebPage",
                "url": self._address(url),
                "name": heading,
                "description": description,
                "inLanguage": site.language,
                "contentReferenceTime": site.edition,
                "license": site.licence_url,
                "about": {"@id": self._id("mission", "mission")} if site.mission else None,
                "publisher": {"@id": self._id("publisher", "publisher")} if site.publisher else None,
            }
        )

    def _crumbs(self, url: str, heading: str) -> Iterator[Node]:
        if url == "index.html":
            return
        trail = [("index.html", self._site.title)]
        if url.startswith("events/"):
            trail.append(("timeline.html", self._language.word("title_timeline")))
        if url.startswith("editions/") and url != "editions/index.html":
            trail.append(("editions/index.html", self._language.word("title_archive")))
        items = [
            _given({"@type": "ListItem", "position": position, "name": name, "item": self._address(where)})
            for position, (where, name) in enumerate([*trail, (url, heading)], 1)
        ]
        yield {"@type": "BreadcrumbList", "itemListElement": items}

    def _mission(self) -> Node:
        mission = self._site.mission
        assert mission
        return _given(
            {
                "@type": "Organization",
                "@id": self._id("mission", "mission"),
                "name": mission.name,
                "parentOrganization": {"@type": "Organization", "name": mission.organisation}
                if mission.organisation
                else None,
                "areaServed": self._country(mission.country) if mission.country else None,
                "foundingDate": _machine(mission.start),
                "dissolutionDate": _machine(mission.end),
            }
        )

    def _publisher(self) -> Node:
        publisher = self._site.publisher
        assert publisher
        return _given(
            {
                "@type": "Organization",
                "@id": self._id("publisher", "publisher"),
                "name": publisher.name,
                "url": publisher.url,
                "email": publisher.email,
            }
        )

    def _country(self, code: str) -> Node:
        return {"@type": "Country", "name": self._language.country(code), "identifier": code}

    def _dataset(self) -> Node:
        site = self._site
        edition = self._language.word("edition", date=self._language.day(parse_date(site.edition).earliest))
        return _given(
            {
                "@type": "Dataset",
                "name": f"{site.title}: {edition}",
                "description": f"{site.tagline or site.title} {edition}.",
                "url": self._address("data.html"),
                "version": site.edition,
                "inLanguage": site.language,
                "license": site.licence_url,
                "isAccessibleForFree": True,
                "creator": {"@id": self._id("publisher", "publisher")} if site.publisher else None,
                "about": {"@id": self._id("mission", "mission")} if site.mission else None,
                "temporalCoverage": self._coverage(),
                "variableMeasured": [fact.label for fact in self._record.facts if fact.featured] or None,
                "distribution": [
                    {
                        "@type": "DataDownload",
                        "name": url.rpartition("/")[2],
                        "contentUrl": self._address(url),
                        "encodingFormat": content_type(url).partition(";")[0],
                        "contentSize": f"{len(data)} B",
                    }
                    for url, data in self._files().items()
                ]
                if site.url
                else None,
            }
        )

    def _coverage(self) -> str | None:
        """From the first claim whose date is known to the day of the edition."""
        dated = [observation.date for fact in self._record.facts for observation in fact.observations]
        dated += [event.date for event in self._record.events]
        sure = [date for date in map(parse_date, dated) if date.machine]
        return f"{min(sure, key=lambda date: date.sort_key)}/{self._site.edition}" if sure else None

    def _figures(self, facts: Iterable[Fact]) -> Iterator[Node]:
        """What was reported and holds; a plan or a value in dispute would be read as a fact."""
        for fact in facts:
            for observation in fact.observations:
                if observation.current and observation.status == "reported":
                    yield self._figure(fact, observation)

    def _figure(self, fact: Fact, observation: Observation) -> Node:
        mission = self._site.mission
        return _given(
            {
                "@type": "Observation",
                "@id": self._id("fact", fact.id),
                "variableMeasured": fact.label,
                "observationAbout": {"@id": self._id("mission", "mission")} if mission else None,
                "observationDate": _machine(observation.date),
                _VALUE_OF[observation.qualifier]: observation.value,
                "unitText": fact.unit,
                "description": None if observation.qualifier == "exactly" else observation.words,
                "citation": _ids(observation.sources),
            }
        )

    def _nations(self) -> Iterator[Node]:
        for table in self._record.contributions[-1:]:
            for code, troops in table.troops.items():
                yield _given(
                    {
                        "@type": "Observation",
                        "variableMeasured": self._language.word("column_troops"),
                        "observationAbout": self._country(code),
                        "observationDate": _machine(table.date),
                        "value": troops,
                        "citation": _ids(table.sources),
                    }
                )

    def _event(self, event: Event) -> Node:
        when = parse_date(event.date)
        return _given(
            {
                "@type": "Event",
                "name": event.title,
                "url": self._address(event.page),
                "startDate": when.start.text if not when.is_vague else None,
                "endDate": when.end.text if not when.is_vague and when.end else None,
                "location": {"@type": "Place", "name": event.place} if event.place else None,
                "citation": _ids(event.sources),
            }
        )

    def _places(self, hub: Hub) -> Iterator[Node]:
        for number, place in enumerate(hub.places, 1):
            # A point that stands for a district or a province would be read as the place itself.
            is_exact = place.precision in ("site", "city")
            yield _given(
                {
                    "@type": "Place",
                    "@id": self._id("hub", hub.id) if number == 1 else None,
                    "name": place.name if place.name == hub.name else f"{hub.name}: {place.name}",
                    "description": hub.summary if number == 1 else None,
                    "url": self._address(hub.page),
                    "geo": {"@type": "GeoCoordinates", "latitude": place.latitude, "longitude": place.longitude}
                    if is_exact
                    else None,
                    "citation": _ids((*place.sources, *hub.sources)),
                }
            )

    def _terms(self) -> Node:
        return {
            "@type": "DefinedTermSet",
            "name": self._language.word("title_glossary"),
            "hasDefinedTerm": [
                _given(
                    {
                        "@type": "DefinedTerm",
                        "@id": self._id("term", term.id),
                        "termCode": term.term,
                        "name": term.expansion,
                        "description": term.definition,
                    }
                )
                for term in self._record.glossary
            ],
        }

    def _cited(self, source: Source) -> Node:
        """A source as far as a claim needs it; all that is known of it stands on the page of sources."""
        return _given(
            {"@type": "CreativeWork", "@id": self._id("source", source.id), "name": source.title, "url": source.url}
        )

    def _source(self, source: Source) -> Node:
        return _given(
            {
                "@type": "CreativeWork",
                "@id": self._id("source", source.id),
                "name": source.title,
                "publisher": {"@type": "Organization", "name": source.publisher},
                "datePublished": _machine(source.published),
                "url": source.url,
                "inLanguage": source.language,
            }
        )

    def _address(self, url: str | None) -> str | None:
        return absolute(self._site.url, url) or None


def _machine(date: str | None) -> str | None:
    return parse_date(date).machine if date else None


def _ids(citations: Iterable[Citation]) -> list[str] | None:
    return list(dict.fromkeys(citation.id for citation in citations)) or None


def _cited_in(node: Node) -> list[str]:
    return list(node.get("citation", ()))


def _given(node: Node) -> Node:
    return {name: value for name, value in node.items() if value is not None}
