"""Markdown and [[references]] -> safe HTML with heading ids."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape
from msgspec import Struct

from rsm_site import dates
from rsm_site.dates import PartialDate
from rsm_site.errors import Location
from rsm_site.memo import Memo, digest
from rsm_site.model import Prose, within
from rsm_site.references import ANY_REFERENCE, BadReferenceError, Reference, locate, mask_code, parse_reference

if TYPE_CHECKING:
    from markdown import Markdown
    from nh3 import Cleaner

# Two code points that Unicode reserves for a program's own use and that the reader refuses in content.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
# Nor may anyone write them in another way.
_FORGED = re.compile(r"&#(?:[xX]0*[fF][dD][dD][01]|0*6497[67])(?![\da-fA-F]);?")
SPAN_LINE = re.compile(r"^:::[ \t]*(.*?)[ \t]*$", re.MULTILINE)
SPAN_KEY = re.compile(r"(from|until)=(\S+)")
_TOKEN = re.compile(r'(<(?:[^<>"]|"[^"]*")*>)')
_MARK = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_FOOTNOTE_ID = re.compile(r'\b(?:id="|href="#)(?=fn(?:ref\d*)?-\d+")')
_HREF = re.compile(r'\bhref="([^"]*)"')
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#")
_INTERNAL = re.compile(rf'href="(?!{_SCHEME.pattern})')  # may find one too many; it begins with what is quickly found

_TAGS = {
    *("a", "abbr", "b", "br", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd", "mark", "q", "s", "samp", "small"),
    *("span", "strong", "sub", "sup", "time", "var"),
    *("blockquote", "dd", "div", "dl", "dt", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"),
    *("caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
}
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"title", "lang", "dir", "id"},
    "a": {"href", "class", "role"},
    "abbr": {"title"},
    "code": {"class"},
    "div": {"class"},
    "li": {"value"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "headers"},
    "th": {"colspan", "rowspan", "scope", "headers"},
    "time": {"datetime"},
}
_CLASSES = {"a": {"footnote-ref", "footnote-backref"}, "div": {"footnote"}}
# What a text must have for an inline pattern of Python-Markdown to find anything in it; a pattern not named here looks
# at every text. Each look costs as much as what it may find, and most texts have little but words.
_SIGNS = {
    **dict.fromkeys(("html", "autolink", "automail"), "<"),
    **dict.fromkeys(("reference", "short_reference", "image_reference", "short_image_ref"), "]:"),
    "link": "[",
    "image_link": "![",
    "footnote": "[^",
    "backtick": "`",
    "escape": "\\",
    "entity": "&",
}
# A text without any of these, and without any of those at the beginning of a line, is nothing but paragraphs.
_NOT_PLAIN = ("<", "&", "\\", "\t", "\r", "\x02", "\x03", "  \n")
_NOT_PLAIN_LINE = re.compile(r"\n(?:[^\S\n]|[#>=|:+-]|~~~|```|\d+\.|[*_](?:[*_]{2}|[*_]?\s)|\*\[|\[\^|\[[^\[\]]*\]:)")
# What Python-Markdown would look for in vain in the paragraphs of such a text.
_NOT_FOR_PLAIN = {
    "preprocessors": "normalize_whitespace html_block",
    "blockprocessors": "indent code hashheader setextheader hr olist ulist quote reference",
    "inlinePatterns": "linebreak",
    "treeprocessors": "unescape",
}


class Answer(Struct, frozen=True):
    """What stands for a reference: words, the URL they lead to from the site's root (empty for none), the long form."""

    words: str
    url: str = ""
    title: str = ""


class InternalLink(Struct, frozen=True):
    """A tag whose address is a URL from the site's root."""

    before: str
    url: str
    after: str


class Mention(Struct, frozen=True):
    """A reference in the HTML; inside a link or an attribute it is only words."""

    reference: Reference
    in_link: bool = False
    in_attribute: bool = False


class Heading(Struct, frozen=True):
    """A heading of a prose and the id it is reached by."""

    level: int
    id: str
    pieces: tuple["str | Mention", ...]


class Compiled(Struct, frozen=True):
    """Prose converted as far as it is the same on every page: HTML with places for references and internal links."""

    pieces: tuple[str | Mention | InternalLink, ...]
    headings: tuple[Heading, ...] = ()
    has_image: bool = False


Resolve = Callable[[Reference], Answer]
Link = Callable[[str], str]


def select(text: str, day: date) -> str:
    """Blank out what `::: from=... until=...` limits to other days; line numbers and offsets stay as they are."""
    if ":::" not in text:
        return text
    pieces, position = [], 0
    for start, end, from_, until in _spans(text):
        pieces.append(text[position:start])
        chunk = text[start:end]
        inside = chunk.split("\n")
        if within(from_, until, day):
            inside[0] = " " * len(inside[0])
            inside[-1] = " " * len(inside[-1])
            pieces.append("\n".join(inside))
        else:
            pieces.append("\n".join(" " * len(line) for line in inside))
        position = end
    return "".join([*pieces, text[position:]])


@lru_cache(maxsize=64)
def locate_references(prose: Prose, source: str, raw: str, day: date) -> tuple[Location, ...]:
    """Every place where the reference `raw` stands in the part of `prose` that holds on `day`."""
    found = re.finditer(re.escape(f"[[{raw}]]"), mask_code(select(prose.text, day)))
    return tuple(locate(prose, source, match.start(), match.end()) for match in found) or (prose.location,)


class Converter:
    """Python-Markdown with its extensions, made once and used for every text."""

    def __init__(self, memo: Memo | None = None) -> None:
        """Start with what was converted before and kept in `memo`."""
        self._memo = memo or Memo(None)
        self._engines: dict[int, tuple[Markdown, list[tuple[Any, str]]]] = {}
        self._references: list[Reference] = []
        self._prefix = ""

    def compile(self, text: str, *, prefix: str = "", level: int = 2) -> Compiled:
        """Convert Markdown; ids begin with `prefix`, and a second-level heading becomes one of `level`."""
        return self._memo.get("markdown", _key(text, prefix, level), lambda: self._compile(text, prefix, level))

    def _compile(self, text: str, prefix: str, level: int) -> Compiled:
        self._references, self._prefix = [], prefix
        # References are taken out before the parser sees them: their '|' would end a table's cell.
        text = _FORGED.sub("", text) if "&#" in text else text
        text = ANY_REFERENCE.sub(self._take_out, text) if "[[" in text else text
        if plain := _is_plain(text):
            text = text.strip("\n")
        engine = self._engine_for(text, 0 if plain else level)
        html = engine.reset().convert(text)
        tokens = _flatten(getattr(engine, "toc_tokens", []))
        has_image = "<img" in html.lower()
        clean = _cleaner().clean(html)
        headings = tuple(
            Heading(token["level"], token["id"], tuple(self._split_text(_plain(token["name"])))) for token in tokens
        )
        if prefix:
            clean = _FOOTNOTE_ID.sub(rf"\g<0>{prefix}", clean)
        return Compiled(tuple(self._split(clean)), headings, has_image)

    def _take_out(self, match: re.Match[str]) -> str:
        try:
            self._references.append(parse_reference(match[1]))
        except BadReferenceError:
            return match[0]
        return f"{_OPEN}{len(self._references) - 1}{_CLOSE}"

    def _split(self, html: str) -> Iterator[str | Mention | InternalLink]:
        if _OPEN not in html and not _INTERNAL.search(html):
            yield html
            return  # as most texts
        link_depth = code_depth = 0
        for token in _TOKEN.split(html):
            if not token.startswith("<"):
                if code_depth:
                    yield _MARK.sub(self._put_back, token)
                else:
                    yield from self._split_text(token, in_link=link_depth > 0)
                continue
            link_depth += token.startswith("<a ") - (token == "</a>")
            code_depth += token.startswith(("<code", "<pre")) - token.startswith(("</code", "</pre"))
            href = _HREF.search(token) if token.startswith("<a ") else None
            if href and not _SCHEME.match(href[1]):
                url = Markup(href[1]).unescape().lstrip("/")
                yield InternalLink(token[: href.start(1)], url, token[href.end(1) :])
            elif _OPEN in token:
                yield from self._split_text(token, in_attribute=True)
            else:
                yield token

    def _put_back(self, match: re.Match[str]) -> str:
        return str(escape(f"[[{self._references[int(match[1])].raw}]]"))

    def _split_text(self, text: str, *, in_link: bool = False, in_attribute: bool = False) -> Iterator[str | Mention]:
        for index, piece in enumerate(_MARK.split(text)):
            if index % 2:
                yield Mention(self._references[int(piece)], in_link, in_attribute)
            elif piece:
                yield piece

    def _engine_for(self, text: str, level: int) -> "Markdown":
        """Python-Markdown as far as it could find something in the text; level 0 is for nothing but paragraphs."""
        if level not in self._engines:
            engine = self._make_engine(level) if level else _make_plain_engine()
            patterns = engine.inlinePatterns
            signs = {id(patterns[name]): sign for name, sign in _SIGNS.items() if name in patterns}
            self._engines[level] = engine, [(pattern, signs.get(id(pattern), "")) for pattern in patterns]
        engine, signed = self._engines[level]
        inline: Any = engine.treeprocessors["inline"]
        inline.inlinePatterns = [pattern for pattern, sign in signed if sign in text]
        if level and ("```" in text or "~~~" in text) and "fenced_code_block" not in engine.preprocessors:
            # Imported for a text that has some: it brings a highlighter with it.
            from markdown.extensions.fenced_code import FencedCodeExtension

            engine.registerExtensions([FencedCodeExtension()], {})
        return engine

    def _make_engine(self, level: int) -> "Markdown":
        from markdown import Markdown
        from markdown.extensions.abbr import AbbrExtension
        from markdown.extensions.def_list import DefListExtension
        from markdown.extensions.footnotes import FootnoteExtension
        from markdown.extensions.sane_lists import SaneListExtension
        from markdown.extensions.tables import TableExtension
        from markdown.extensions.toc import TocExtension

        converter = self

        class Footnotes(FootnoteExtension):
            def makeFootnoteId(self, id: str) -> str:  # noqa: A002, N802
                return f"fn-{list(self.footnotes).index(id) + 1}"

            def makeFootnoteRefId(self, id: str, found: bool = False) -> str:  # noqa: A002, N802
                return str(self.unique_ref(f"fnref-{list(self.footnotes).index(id) + 1}", found))

        def slugify(text: str, separator: str) -> str:
            words = re.findall(r"\w+", _MARK.sub(" ", text).lower())
            return converter._prefix + (separator.join(words)[:60].strip(separator) or "section")

        return Markdown(
            # Not by name: to find one Markdown reads the metadata of every installed package.
            extensions=[
                AbbrExtension(),
                DefListExtension(),
                Footnotes(BACKLINK_TITLE="{}", SEPARATOR="-"),
                SaneListExtension(),
                TableExtension(),
                TocExtension(slugify=slugify, baselevel=level - 1, marker=""),
            ],
            output_format="html",
        )


def _make_plain_engine() -> "Markdown":
    from markdown import Markdown
    from markdown.inlinepatterns import LinkInlineProcessor

    engine = Markdown(output_format="html")
    for kind, names in _NOT_FOR_PLAIN.items():
        registry = getattr(engine.parser if kind == "blockprocessors" else engine, kind)
        for name in names.split():
            registry.deregister(name)
    # Finds what its own pattern does, in a fraction of the time: it begins with a character that can be searched for.
    engine.inlinePatterns.register(LinkInlineProcessor(r"\[(?<!!\[)", engine), "link", 160)
    return engine


def _is_plain(text: str) -> bool:
    return not any(sign in text for sign in _NOT_PLAIN) and not _NOT_PLAIN_LINE.search("\n" + text)


def _key(text: str, prefix: str, level: int) -> bytes:
    return digest(text.encode(), prefix.encode(), b"%d" % level)


def render(compiled: Compiled, resolve: Resolve, link: Link) -> Markup:
    """The HTML of one page: references answered by `resolve`, addresses made relative by `link`."""
    return Markup("".join(_piece(piece, resolve, link) for piece in compiled.pieces))


def plain(pieces: tuple[str | Mention | InternalLink, ...], resolve: Resolve) -> str:
    """The words alone, as a heading or a description has them."""
    html = "".join(_piece(piece, resolve, lambda url: url) for piece in pieces)
    return " ".join(Markup(html).striptags().split())


def headings(compiled: Compiled, resolve: Resolve) -> tuple[tuple[int, str, str], ...]:
    """Level, id and words of each heading."""
    return tuple((heading.level, heading.id, plain(heading.pieces, resolve)) for heading in compiled.headings)


def _piece(piece: str | Mention | InternalLink, resolve: Resolve, link: Link) -> str:
    if isinstance(piece, str):
        return piece
    if isinstance(piece, InternalLink):
        return f"{piece.before}{escape(link(piece.url))}{piece.after}"
    answer = resolve(piece.reference)
    words = str(escape(piece.reference.words or answer.words))
    if piece.in_attribute:
        return words
    if answer.title:
        words = f'<abbr title="{escape(answer.title)}">{words}</abbr>'
    if not answer.url or piece.in_link:
        return words
    return f'<a class="ref ref--{piece.reference.kind}" href="{escape(link(answer.url))}">{words}</a>'


@cache
def _cleaner() -> "Cleaner":
    import nh3

    return nh3.Cleaner(
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        link_rel=None,
        url_schemes={"http", "https", "mailto"},
        strip_comments=True,
        attribute_filter=_filter_attribute,
    )


def _filter_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return " ".join(word for word in value.split() if word in _CLASSES.get(tag, ())) or None
    return value


def _flatten(tokens: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for token in tokens:
        yield token
        yield from _flatten(token["children"])


def _plain(html: str) -> str:
    return str(escape(Markup(html).striptags()))


def _spans(text: str) -> Iterator[tuple[int, int, PartialDate | None, PartialDate | None]]:
    """Start, end and limits of each well-formed block between two lines of colons."""
    opened: tuple[int, PartialDate | None, PartialDate | None] | None = None
    for match in SPAN_LINE.finditer(mask_code(text)):
        if opened and not match[1]:
            yield opened[0], match.end(), opened[1], opened[2]
            opened = None
        elif not opened and match[1]:
            try:
                limits = {key: dates.parse_date(value) for key, value in SPAN_KEY.findall(match[1])}
            except ValueError:
                continue
            opened = (match.start(), limits.get("from"), limits.get("until"))
