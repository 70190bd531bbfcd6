"""Plan -> pages as HTML, each made once, or kept from the build before."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Protocol

from msgspec import Struct

from rsm_site.book import Book
from rsm_site.errors import Problem
from rsm_site.linkcheck import Anchors, inspect_page
from rsm_site.pages import Plan
from rsm_site.render import Renderer


class Tell(Protocol):
    """Takes the step that a build begins, and how much of it is done."""

    def __call__(self, step: str, done: int = 0, total: int = 0) -> None:
        """Tell it."""


class Rendered(Struct, frozen=True):
    """A page as HTML in UTF-8, and its ids and links."""

    data: bytes
    anchors: Anchors


class Press:
    """Makes the pages of a plan as they are asked for; what is wrong with their texts is in `problems`, by page."""

    def __init__(self, plan: Plan, renderer: Renderer, book: Book, tell: Tell) -> None:
        """Begin with no page; `book` tells which need not be made again."""
        self.pages: dict[str, Rendered] = {}
        self.problems: dict[str, tuple[Problem, ...]] = {}
        self._plan = plan
        self._renderer = renderer
        self._book = book
        self._tell = tell

    def make(self, urls: Iterable[str]) -> dict[str, bytes]:
        """The pages at these URLs."""
        urls = tuple(urls)
        new = [url for url in urls if url not in self.pages]
        for url, kept in zip(new, self._book.find_all(new), strict=True):
            if kept:
                self.pages[url] = Rendered(kept.files[url], kept.known)
        # Lists before the pages of single records: a long page that came last would keep one process waiting.
        wanted = sorted((url for url in urls if url not in self.pages), key=lambda url: url.startswith("events/"))
        made = self._book.memo.map_in_two(partial(self._make, wanted), range(len(wanted)))
        for url, (page, problems) in zip(wanted, made, strict=True):
            self.pages[url] = page
            if problems:
                self.problems[url] = problems
        return {url: self.pages[url].data for url in urls}

    def _make(self, urls: Sequence[str], number: int) -> tuple[Rendered, tuple[Problem, ...]]:
        """The page at the URL of that number, and what was found wrong while it was made."""
        self._tell("rendering", number, len(urls))
        url, reads = urls[number], self._book.reads
        with reads.of(url), self._book.memo.noting() as used:
            page = self._plan.pages[url](url)
            reads.note_all("images")
            html = self._renderer.render(page)
        made = Rendered(html.encode(), inspect_page(url, html))
        self._book.keep(url, {url: made.data}, reads.noted(url), made.anchors, used)
        reads.forget(url)
        return made, reads.problems_of(url)
