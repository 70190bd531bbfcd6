"""How the factsheet was made, in figures computed from it."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from rsm_site.pages.cite import Citation, cite
from rsm_site.pages.desk import Desk


class Measure(Struct, frozen=True, kw_only=True):
    """A computed figure about the factsheet itself."""

    label: str
    value: str
    detail: str = ""


class AboutView(Struct, frozen=True, kw_only=True):
    """How the factsheet was made, in figures computed from it."""

    measures: tuple[Measure, ...]
    cite: Citation


def make_about(desk: Desk) -> AboutView:
    """What is measured, and how to cite the factsheet."""
    return AboutView(measures=tuple(_measures(desk)), cite=cite(desk, "index.html"))


def _measures(desk: Desk) -> Iterator[Measure]:
    number, percent, word = desk.language.number, desk.language.percent, desk.word
    sources = {source.id: source for source in desk.factsheet.sources}
    edition = desk.edition
    observations = [o for fact in edition.facts if not fact.is_counted for o in fact.observations]
    claims: list[Any] = [
        *observations,
        *edition.events,
        *edition.hubs,
        *edition.closed_hubs,
        *edition.contributions,
    ]
    total = len(claims)

    def share(label: str, holds: Callable[[Any], bool], among: list[Any], of: str = "measure_of") -> Measure:
        count = sum(holds(claim) for claim in among)
        detail = word(of, part=number(count), whole=number(len(among)))
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
    yield share("measure_dated", lambda claim: claim.date.day is not None, dated, "measure_of_dated")
    current = [fact for fact in edition.facts if fact.current and not fact.is_counted]
    if current:
        oldest = min(current, key=lambda fact: fact.current.date.sort_key if fact.current else ())
        assert oldest.current
        yield Measure(
            label=word("measure_oldest"),
            value=desk.language.date(oldest.current.date),
            detail=oldest.fact.label,
        )
    uses: dict[str, int] = {}
    for claim in claims:
        for citation in claim.sources:
            uses[citation.id] = uses.get(citation.id, 0) + 1
    once = sum(count == 1 for count in uses.values())
    yield Measure(label=word("measure_once"), value=number(once), detail=word("measure_cited", count=len(uses)))
    bound, bare = desk.numbers
    yield Measure(
        label=word("measure_bound"),
        value=percent(bound, bound + bare),
        detail=word("measure_of", part=number(bound), whole=number(bound + bare)),
    )
