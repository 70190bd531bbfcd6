"""Edition -> the pages by URL: template, and the view that the template places, each made when it is asked for."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from msgspec import Struct

from rsm_site.edition import Edition, Later
from rsm_site.errors import Problem
from rsm_site.freeze import find_corrections
from rsm_site.material import Material
from rsm_site.pages.about import make_about
from rsm_site.pages.desk import Commons, Desk
from rsm_site.pages.frame import Frame, Page, Planned, make_commons, make_page
from rsm_site.pages.front import make_front
from rsm_site.pages.history import list_days, make_archive, make_changes
from rsm_site.pages.places import make_hubs, make_nations
from rsm_site.pages.prose import make_prose
from rsm_site.pages.register import make_register
from rsm_site.pages.sources import make_glossary, make_sources
from rsm_site.pages.timeline import event_pages, make_timeline
from rsm_site.rules import check_staleness

__all__ = ["Frame", "Page", "Plan", "plan_pages"]


class Plan(Struct, frozen=True, kw_only=True):
    """What is made: each page, in order of their URLs, by who makes it, given its URL, when it is asked for; and
    problems that show only in an edition."""

    pages: Mapping[str, Callable[[str], Page]]
    problems: tuple[Problem, ...]


def plan_pages(material: Material) -> Plan:
    """The pages of the newest edition, which alone also tells what is on record of later days, and those of the
    archive."""
    newest = material.newest
    problems: set[Problem] = set()
    addresses = material.addresses()
    rewritings, found = find_corrections(material.factsheet, newest.day)
    problems.update(found)
    if newest.known_by:  # A correction tells what was learned later.
        rewritings = ()

    commons: dict[str, Commons] = {}
    material.reads.offer("frame", commons.get)

    def desk(name: str, edition: Edition, later: Later | None) -> Desk:
        made = Desk(name, material, edition, later, addresses, rewritings)
        made.commons = commons[made.name] = make_commons(made)
        return made

    planned = list(_main_pages(desk("newest", newest, material.later or None)))
    for edition in material.editions:
        planned.append(_front_page(desk(f"{edition.day}", edition, None), f"editions/{edition.day}/index.html"))
    for fact in newest.facts:
        if fact.current:
            problems.update(check_staleness(fact.fact, fact.current, newest.day))
    return Plan(
        pages=dict(planned),
        problems=tuple(sorted(problems)),
    )


def _front_page(desk: Desk, url: str) -> Planned:
    return url, partial(make_page, desk, "index", desk.site.title, partial(make_front, desk, url), is_front=True)


def _main_pages(desk: Desk) -> Iterator[Planned]:
    """Every page but those of the archived editions."""
    edition, word, page = desk.edition, desk.word, partial(make_page, desk)
    yield _front_page(desk, "index.html")
    if desk.all_events:
        yield "timeline.html", partial(page, "timeline", word("title_timeline"), partial(make_timeline, desk))
    yield from event_pages(desk)
    if edition.facts:
        yield "facts.html", partial(page, "facts", word("title_facts"), partial(make_register, desk))
    if edition.hubs or edition.closed_hubs:
        yield "hubs.html", partial(page, "hubs", word("title_hubs"), partial(make_hubs, desk))
    if edition.contributions:
        yield "nations.html", partial(page, "nations", word("title_nations"), partial(make_nations, desk))
    own = {each.id: each for each in desk.own_pages}
    desk.reads.offer("page", own.get)
    for each in own.values():
        view = partial(make_prose, desk, each)
        yield f"{each.id}.html", partial(page, "prose", each.title, view, record=("page", each.id))
    if desk.has_changes:
        yield "changes.html", partial(page, "changes", word("title_changes"), partial(make_changes, desk))
    yield "editions/index.html", partial(page, "archive", word("title_archive"), partial(make_archive, desk))
    if desk.sources:
        yield "sources.html", partial(page, "sources", word("title_sources"), partial(make_sources, desk))
    if edition.terms:
        yield "glossary.html", partial(page, "glossary", word("title_glossary"), partial(make_glossary, desk))
    yield "data.html", partial(page, "data", word("title_data"), partial(list_days, desk))
    yield "about.html", partial(page, "about", word("title_about"), partial(make_about, desk))
    yield "404.html", partial(page, "404", word("title_404"), lambda: None, robots="noindex")
