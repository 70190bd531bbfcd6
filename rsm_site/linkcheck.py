"""The rendered site: every link and anchor leads somewhere, ids stand once, headings are in order."""

import posixpath
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from html import unescape
from itertools import filterfalse
from urllib.parse import unquote

from msgspec import Struct

from rsm_site.errors import Location, Problem

# Headings, and what has attributes.
_TAG = re.compile(r"""<(?:h\d|[a-z][^\s<>"']*\s)(?:[^<>"']++|"[^"]*"|'[^']*')*+>""", re.IGNORECASE)
_HEADING = re.compile(r"<h(\d)[\s>]", re.IGNORECASE)
# Begins with a character, not with a look at the one before: that is found in half of the time.
_ATTRIBUTE = re.compile(r"""[\s"'/](id|href|src)=(?:"([^"]*)(?=")|'([^']*)(?='))""")
_HIDDEN = re.compile(r"<!--.*?-->|<(script|style|template)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_OUTSIDE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")


class Anchors(Struct, frozen=True, kw_only=True):
    """What the HTML of a page holds for others and wants of them: its ids, where its links lead within the site as they
    are written, and what is wrong on the page alone."""

    ids: tuple[str, ...]
    links: tuple[str, ...]
    problems: tuple[Problem, ...]


def inspect_page(url: str, html: str) -> Anchors:
    """The ids and links of a page, and whether an id stands twice or a heading skips a level."""
    ids: dict[str, None] = {}
    links: dict[str, None] = {}
    problems = []
    level = 0
    for step, attributes in map(_read_tag, _TAG.findall(_HIDDEN.sub("", html))):
        if step:
            if step > level + 1:
                before = f"after a heading of level {level}" if level else "as the first heading"
                problems.append(_problem(Location(url), "heading-order", f"a heading of level {step} stands {before}"))
            level = step
        for name, value in attributes:
            if name != "id":
                links[sys.intern(value)] = None  # most pages have the same ones
            elif value in ids:
                problems.append(
                    _problem(Location(url), "repeated-anchor", f"the id '{value}' stands twice on the page")
                )
            else:
                ids[value] = None
    return Anchors(ids=tuple(ids), links=tuple(links), problems=tuple(problems))


def check_links(
    pages: Mapping[str, Anchors],
    files: Iterable[str],
    base: str = "/",
    find: Callable[[str, str], Iterable[Location]] = lambda _page, _address: (),
) -> Iterator[Problem]:
    """What is wrong in the pages (by URL from the site's root), and every link of them that leads nowhere; `files` are
    the other URLs that exist, `base` is the path at which the site is published, and `find` finds where texts have an
    address from the site's root that is on a page."""
    known = {*pages, *files}
    ids = {url: set(page.ids) for url, page in pages.items() if page.ids}
    good: dict[str, set[str]] = {}
    for url, page in pages.items():
        yield from page.problems
        folder = posixpath.dirname(url)
        # What is written alike leads to the same place from all pages of a folder, unless it is on the page itself.
        fine = good.setdefault(folder, set())
        for target in filterfalse(fine.__contains__, page.links):
            path, _, fragment = target.partition("#")
            if path:
                root = "" if path.startswith(base) else folder
                there = posixpath.normpath(posixpath.join(root, unquote(path.removeprefix(base))))
            else:
                there = url
            fault = "leads nowhere" if there not in known else ""
            if (
                not fault
                and fragment
                and there in pages
                and ids.get(there, set()).isdisjoint({fragment, unquote(fragment)})
            ):
                fault = "leads to no anchor"
            if fault:
                address = target.removeprefix("../" * url.count("/"))
                message = f"the link to '{unquote(address)}' {fault}"
                for place in list(find(url, address)) or [Location(url)]:
                    yield _problem(place, "broken-link", message)
            elif path:
                fine.add(target)


@lru_cache(maxsize=2_000)
def _read_tag(tag: str) -> tuple[int, tuple[tuple[str, str], ...]]:
    """The level of a heading, 0 of another tag, and its ids and links within the site."""
    heading = _HEADING.match(tag)
    found = []
    for name, double, single in _ATTRIBUTE.findall(tag):
        value = unescape(double or single)
        if name == "id" or not _OUTSIDE.match(value):
            found.append((name, value))
    return int(heading[1]) if heading else 0, tuple(found)


def _problem(place: Location, code: str, message: str) -> Problem:
    return Problem(place, code, message, "mend the text or the template that makes this page")
