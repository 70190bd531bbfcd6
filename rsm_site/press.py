"""Plan -> pages as HTML, each made once, or kept from the build before."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import Struct

from rsm_site.book import Book
from rsm_site.errors import Problem
from rsm_site.linkcheck import Anchors, inspect_page
from rsm_site.pages import Plan
from rsm_site.render import Renderer
from rsm_site.workers import in_halves


class Tell(Protocol):
    """Takes the step that a build begins, and how much of it is done."""

    def __call__(self, step: str, done: int = 0, total: int = 0) -> None:
        """Tell it."""


class Rendered(Struct, frozen=True):
    """A page as HTML in UTF-8, and its ids and links."""

    data: bytes
    anchors: Anchors


class _Sheet(Struct, frozen=True):
    """A page fresh from the press, with what was found wrong while it was made, what is kept in the memo since, and the
    names of what was used of it."""

    page: Rendered
    problems: set[Problem]
    settled: dict[bytes, bytes]
    used: set[bytes]


class Press:
    """Makes the pages of a plan as they are asked for; what is wrong with them gathers in `problems`."""

    def __init__(self, plan: Plan, renderer: Renderer, book: Book, tell: Tell) -> None:
        """Begin with no page; `book` tells which need not be made again."""
        self.pages: dict[str, Rendered] = {}
        self.problems: set[Problem] = set()
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
        wanted = [url for url in urls if url not in self.pages]
        self._book.memo.settle()  # what another process is then given with a page was kept for that page
        for url, sheet in zip(wanted, in_halves(wanted, self._make), strict=True):
            self.pages[url] = sheet.page
            self.problems.update(sheet.problems)
            self._book.memo.accept(sheet.settled)
            self._book.memo.use(sheet.used)
        return {url: self.pages[url].data for url in urls}

    def _make(self, urls: Sequence[str]) -> list[_Sheet]:
        made, reads = [], self._book.reads
        for count, url in enumerate(urls):
            self._tell("rendering", count, len(urls))
            with reads.of(url), self._book.memo.noting() as used:
                page = self._plan.pages[url]()
                reads.note_all("images")
                # Once something is wrong nothing is published: what else is wrong shows without templates.
                html = "" if self.problems or reads.problems_of(url) else self._renderer.render(page)
            made_page = Rendered(html.encode(), inspect_page(url, html))
            if html:
                self._book.keep(url, {url: made_page.data}, reads.noted(url), made_page.anchors, used)
            made.append(_Sheet(made_page, reads.problems_of(url), self._book.memo.settle(), used))
        return made
