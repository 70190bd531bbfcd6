"""A page of prose, whole or in blocks."""

import re

from markupsafe import Markup, escape
from msgspec import Struct

from rsm_site.model import ProsePage
from rsm_site.pages.desk import Desk
from rsm_site.views import SourceView


class Block(Struct, frozen=True, kw_only=True):
    """A second-level heading of a page with what stands below it."""

    id: str
    title: str
    body: Markup


class ProseView(Struct, frozen=True, kw_only=True):
    """A page of prose, whole or in blocks; `headings` are level, id and words."""

    id: str
    summary: Markup | None
    body: Markup
    blocks: tuple[Block, ...]
    headings: tuple[tuple[int, str, str], ...]
    sources: tuple[SourceView, ...]

    @property
    def contents(self) -> tuple[tuple[str, str], ...]:
        """The second-level headings."""
        return tuple((id_, words) for level, id_, words in self.headings if level == 2)


def make_prose(desk: Desk, page: ProsePage, *, on_front: bool = False) -> ProseView:
    """The page as of the edition's day; on the front page its headings are one level lower."""
    prefix, level = (f"{page.id}-", 3) if on_front else ("", 2)
    body, headings = desk.viewer.article(page.body, prefix=prefix, level=level)
    blocks: tuple[Block, ...] = ()
    if page.layout == "blocks":
        body, blocks = _split_blocks(body, headings, level)
    return ProseView(
        id=page.id,
        summary=desk.viewer.prose(page.summary),
        body=body,
        blocks=blocks,
        headings=headings,
        sources=desk.viewer.sources(page.sources),
    )


def _split_blocks(
    body: Markup, headings: tuple[tuple[int, str, str], ...], level: int
) -> tuple[Markup, tuple[Block, ...]]:
    """Cut the HTML at its headings of `level`; what stands before the first stays the body."""
    titles = [(id_, words) for depth, id_, words in headings if depth == level]
    # Not at those that are written as HTML: they are no headings of the text.
    marks = [f'<h{level} id="{escape(id_)}">' for id_, _words in titles]
    before, *rest = re.split("|".join(map(re.escape, marks)) or r"(?!)", str(body))
    blocks = [
        Block(id=id_, title=words, body=Markup(chunk.partition(f"</h{level}>")[2].strip()))
        for (id_, words), chunk in zip(titles, rest, strict=True)
    ]
    return Markup(before.strip()), tuple(blocks)
