"""The rendered site: every link and anchor leads somewhere, ids stand once, headings are in order."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from urllib.parse import unquote

from rsm_site.errors import Location, Problem

_TAG = re.compile(r"<(?P<name>[a-zA-Z][\w-]*)(?P<attributes>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_ATTRIBUTE = re.compile(r"""(?<![\w-])(?P<name>id|href|src)=(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')""")
_HIDDEN = re.compile(r"<!--.*?-->|<(script|style|template)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_OUTSIDE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")


def check_site(pages: Mapping[str, str], files: Iterable[str], base: str = "/") -> Iterator[Problem]:
    """What is wrong in the HTML of `pages` (by URL from the site's root); `files` are the other URLs that exist, `base`
    is the path at which the site is published."""
    ids: dict[str, set[str]] = {}
    links: dict[str, list[str]] = {}
    for url, html in pages.items():
        ids[url], links[url] = set(), []
        level = 0
        for match in _TAG.finditer(_HIDDEN.sub("", html)):
            name = match["name"].lower()
            if len(name) == 2 and name[0] == "h" and name[1].isdigit():
                step = int(name[1])
                if step > level + 1:
                    before = f"after a heading of level {level}" if level else "as the first heading"
                    yield _problem(url, "heading-order", f"a heading of level {step} stands {before}")
                level = step
            if 'id="' not in match[0] and "href=" not in match[0] and "src=" not in match[0]:
                continue
            for attribute in _ATTRIBUTE.finditer(match["attributes"]):
                value = unescape(attribute["double"] if attribute["double"] is not None else attribute["single"])
                if attribute["name"] != "id":
                    links[url].append(value)
                elif value in ids[url]:
                    yield _problem(url, "repeated-anchor", f"the id '{value}' stands twice on the page")
                else:
                    ids[url].add(value)
    known = {*pages, *files}
    for url, targets in links.items():
        for target in dict.fromkeys(targets):
            if _OUTSIDE.match(target):
                continue
            path, _, fragment = target.partition("#")
            folder = "" if path.startswith(base) else posixpath.dirname(url)
            path = path.removeprefix(base)
            there = posixpath.normpath(posixpath.join(folder, unquote(path))) if path else url
            if there not in known:
                yield _problem(url, "broken-link", f"the link to '{target}' leads nowhere")
            elif fragment and there in ids and unquote(fragment) not in ids[there] and fragment not in ids[there]:
                yield _problem(url, "broken-link", f"the link to '{target}' leads to no anchor")


def _problem(url: str, code: str, message: str) -> Problem:
    return Problem(Location(url), code, message, "mend the text or the template that makes this page")
