"""What stands around the content of every page: titles, navigation, the way back, addresses."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct, structs

from rsm_site import views
from rsm_site.dates import PartialDate
from rsm_site.pages.desk import Commons, Desk, NavItem
from rsm_site.reads import Read
from rsm_site.views import When


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
    known_by: When | None
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


Planned = tuple[str, Callable[[str], Page]]


def make_page(
    desk: Desk,
    template: str,
    heading: str,
    view: Callable[[], Any],
    url: str,
    *,
    record: Read | None = None,
    robots: str = "",
    is_front: bool = False,
) -> Page:
    """The page at `url`; `view` makes what its template places, which may have `contents`: ids and titles of parts;
    `record` is what the page is of, if anything."""
    desk.turn_to(url)
    desk.reads.note("frame", desk.name)
    if record:
        desk.reads.note(*record)
    made = view()
    return Page(
        url=url,
        template=f"pages/{template}.html",
        frame=_frame(desk, url, heading, getattr(made, "contents", ()), robots=robots, is_front=is_front),
        view=made,
    )


def make_commons(desk: Desk) -> Commons:
    """What the frames of all pages of a desk share."""
    return Commons(site=desk.site, nav=tuple(_nav(desk)), ended=_ended(desk), has_later=bool(desk.later))


def _frame(
    desk: Desk, url: str, heading: str, contents: tuple[tuple[str, str], ...], *, robots: str, is_front: bool
) -> Frame:
    site, commons = desk.site, desk.commons
    newest, known_by = desk.editions[-1].day, desk.edition.known_by
    is_archived = url.startswith("editions/") and url != "editions/index.html"
    base = site.url.rstrip("/") + "/" if site.url else ""
    short = site.short_title or site.title
    title = heading if heading == site.title else f"{heading} – {short}"
    if is_archived:
        title = f"{title} ({desk.language.day(desk.edition.day)})"
    publisher = site.publisher
    return Frame(
        url=url,
        link=partial(views.relative, url) if url != "404.html" or not base else partial(_absolute, base),
        heading=heading,
        title=title,
        description=site.tagline or site.title,
        language=site.language,
        direction=desk.language.direction,
        site_title=site.title,
        short_title=short,
        tagline=site.tagline,
        notice=site.notice,
        licence=site.licence,
        licence_url=site.licence_url,
        publisher=publisher.name if publisher else "",
        publisher_url=publisher.url if publisher else "",
        publisher_email=publisher.email if publisher else "",
        edition=desk.viewer.day(desk.edition.day),
        edition_url=f"editions/{desk.edition.day}/index.html",
        newest=desk.viewer.day(newest),
        known_by=desk.viewer.day(known_by) if known_by else None,
        ended=commons.ended,
        is_archived=is_archived,
        nav=tuple(structs.replace(item, is_current=True) if item.url == url else item for item in commons.nav),
        canonical=base + ("" if url == "index.html" else url) if base and url != "404.html" else "",
        base=base,
        feed="feed.xml" if base else "",
        data=(f"editions/{desk.edition.day}/" if is_archived else "") + "data/factsheet.json",
        is_front=is_front,
        has_later=commons.has_later and not is_archived,
        crumbs=tuple(_crumbs(desk, url)),
        contents=contents,
        lede=_lede(desk, url),
        has_own_style=is_front or url == "404.html",
        robots=robots,
    )


def _crumbs(desk: Desk, url: str) -> Iterator[NavItem]:
    if url == "index.html":
        return
    yield NavItem(title=desk.word("home"), url="index.html")
    if url.startswith("events/"):
        yield NavItem(title=desk.word("title_timeline"), url="timeline.html")
    if url.startswith("editions/") and url != "editions/index.html":
        yield NavItem(title=desk.word("title_archive"), url="editions/index.html")


def _lede(desk: Desk, url: str) -> str:
    """The sentence below a built-in page's heading."""
    name = "archive" if url == "editions/index.html" else url.removesuffix(".html")
    key = f"lede_{name}"
    return desk.word(key) if key in desk.language.strings else ""


def _nav(desk: Desk) -> Iterator[NavItem]:
    newest = desk.editions[-1]
    shown = (
        ("timeline", newest.events),
        ("facts", newest.facts),
        ("hubs", newest.hubs or newest.closed_hubs),
        ("nations", newest.contributions),
    )
    yield from (NavItem(title=desk.word(f"nav_{name}"), url=f"{name}.html") for name, records in shown if records)
    for page in newest.pages:
        if page.id not in desk.front_names:
            yield NavItem(title=page.title, url=f"{page.id}.html")
    if desk.has_changes:
        yield NavItem(title=desk.word("nav_changes"), url="changes.html")
    if newest.sources:
        yield NavItem(title=desk.word("nav_sources"), url="sources.html")
    if newest.terms:
        yield NavItem(title=desk.word("nav_glossary"), url="glossary.html")
    yield NavItem(title=desk.word("nav_data"), url="data.html")
    yield NavItem(title=desk.word("nav_about"), url="about.html")


def _ended(desk: Desk) -> str:
    """The sentence that the mission is over, empty while it is not or when nobody knows."""
    ended = desk.later.mission_end if desk.later else None
    if ended is None and desk.site.mission:
        ended = desk.site.mission.end
    return desk.word(f"status_ended_{_precision(ended)}", date=desk.language.date(ended)) if ended else ""


def _absolute(base: str, url: str) -> str:
    """The address on its host: what is sent for a missing page is read at any depth."""
    return urlsplit(base).path + views.relative("", url)


def _precision(value: PartialDate) -> str:
    return "day" if value.day else "period"
