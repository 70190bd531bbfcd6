"""Markdown and [[references]] -> safe HTML with heading ids; finds what editors typed by hand in it."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape
from msgspec import Struct

from rsm_site import dates
from rsm_site.dates import PartialDate
from rsm_site.errors import Location, Problem
from rsm_site.model import Prose, within

if TYPE_CHECKING:
    from markdown import Markdown

KINDS = ("fact", "event", "date", "hub", "source", "term", "nation")

# Two code points that Unicode reserves for a program's own use and that the reader refuses in content.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_ANY_REFERENCE = re.compile(r"(?<!\\)\[\[([^\[\]\n]*(?:\n[^\[\]\n]+)?)\]\]")
_REFERENCE = re.compile(r"\s*([a-z]+):([^\s@|]+?)(?:@([0-9-]+))?\s*(?:\|\s*(.*\S)\s*)?", re.DOTALL)
_FENCE = re.compile(r"^(?P<fence> {0,3}(`{3,}|~{3,}))[^\n]*\n.*?(?:^ {0,3}\2[`~]*[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_INDENTED = re.compile(r"(?:\A|(?<=\n\n))(?: {4}|\t)[^\n]*(?:\n(?: {4}|\t)[^\n]*)*", re.MULTILINE)
_CODE_SPAN = re.compile(r"(?<![`\\])(`+)(?!`)(?:(?!\n\n).)+?(?<!`)\1(?!`)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NOT_PROSE = re.compile(
    r"""\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)      # where a link leads
      | <[A-Za-z/!][^<>]*>                           # HTML and <https://...>
      | https?://[^\s<>]+
      | &\#?\w+;
      | \[\^[^\]\n]+\]:?                             # footnote marks
      | ^[ ]{0,3}\[[^\]\n]+\]:[^\n]*                 # addresses of links
      | ^[ \t]*(?:>[ \t]*)*\d{1,9}[.)](?=[ \t])      # list marks
      | ^[ ]{0,3}\#{1,6}[^\n]*                       # titles
      | ^[^\n]+\n[ ]{0,3}(?:=+|-+)[ \t]*$
      | ^:::[^\n]*""",
    re.VERBOSE | re.MULTILINE,
)
_NUMBER = re.compile(r"(?<![^\W_])(?<![^\W\d_]-)\d+(?:[.,'’\u00a0\u202f٬٫]\d+)*(?![^\W_])")
_SPAN_LINE = re.compile(r"^:::[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_SPAN_KEY = re.compile(r"(from|until)=(\S+)")
_TOP_HEADING = re.compile(r"^ {0,3}#(?!#)[^\n]*|^[^\s>#-][^\n]*\n {0,3}=+[ \t]*$", re.MULTILINE)
_TOKEN = re.compile(r'(<(?:[^<>"]|"[^"]*")*>)')
_MARK = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_HREF = re.compile(r'\bhref="([^"]*)"')
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#")

_TAGS = set(
    "a abbr b blockquote br caption cite code col colgroup dd del dfn div dl dt em h2 h3 h4 h5 h6 hr i ins kbd li mark "
    "ol p pre q s samp small span strong sub sup table tbody td tfoot th thead time tr ul var".split()
)
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


class Reference(Struct, frozen=True):
    """`[[kind:id@day|words]]`; `day` is the last of the year or month asked for, None when none was."""

    raw: str
    kind: str
    id: str
    day: date | None = None
    words: str = ""


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


def parse_reference(raw: str) -> Reference:
    """Read what stands between `[[` and `]]`, ValueError with the reason when it is no reference."""
    match = _REFERENCE.fullmatch(raw)
    if not match:
        raise ValueError("a reference is written [[kind:id]]")
    kind, name, day, words = match.groups()
    if kind not in KINDS:
        raise ValueError(f"'{kind}' is not a kind of reference")
    try:
        asked = dates.last_day(day) if day else None
    except ValueError as error:
        raise ValueError(str(error)) from None
    if asked and kind != "fact":
        raise ValueError("only a fact can be asked for on another day")
    return Reference(raw, kind, name, asked, " ".join((words or "").split()))


def select(text: str, day: date) -> str:
    """Blank out what `::: from=... until=...` limits to other days; line numbers and offsets stay as they are."""
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


def references(prose: Prose, source: str) -> Iterator[tuple[Reference, Location]]:
    """Every well-formed reference of `prose` with its place; `source` is the text of the file it stands in."""
    for raw, offset in _raw_references(prose.text):
        try:
            yield parse_reference(raw), _place(prose, source, f"[[{raw}]]", offset)
        except ValueError:
            continue


def check(prose: Prose, source: str) -> Iterator[Problem]:
    """What is wrong in `prose` on any day: references that are none, spans that do not close, top headings, numbers
    typed by hand."""
    text = prose.text
    masked = _mask_code(text)
    for raw, offset in _raw_references(text):
        try:
            parse_reference(raw)
        except ValueError as error:
            where = _place(prose, source, f"[[{raw}]]", offset)
            yield Problem(where, "bad-reference", str(error), f"write one of {', '.join(KINDS)}, a colon and an id")
    yield from _check_spans(prose, source, masked)
    for match in _TOP_HEADING.finditer(masked):
        where = _place(prose, source, text[match.start() : match.end()].split("\n")[0], match.start())
        yield Problem(where, "top-heading", "the page's title is its only first-level heading", "begin with '##'")
    for pattern in (_ANY_REFERENCE, _NOT_PROSE):
        masked = pattern.sub(_blank, masked)
    for match in _NUMBER.finditer(masked):
        yield Problem(
            _place(prose, source, match[0], match.start()),
            "bare-number",
            f"the number {match[0]} is typed by hand",
            "cite it: [[fact:...]] or [[date:...]]",
            "warning",
        )


def locate_reference(prose: Prose, source: str, raw: str, day: date) -> Location:
    """Where the reference `raw` first stands in the part of `prose` that holds on `day`."""
    for found, offset in _raw_references(select(prose.text, day)):
        if found == raw:
            return _place(prose, source, f"[[{raw}]]", offset)
    return prose.location


class Converter:
    """Python-Markdown with its extensions, made once and used for every text."""

    def __init__(self) -> None:
        """Start with nothing converted."""
        self._done: dict[tuple[str, str, int], Compiled] = {}
        self._engines: dict[int, Markdown] = {}
        self._references: list[Reference] = []
        self._prefix = ""

    def compile(self, text: str, *, prefix: str = "", level: int = 2) -> Compiled:
        """Convert Markdown; ids begin with `prefix`, and a second-level heading becomes one of `level`."""
        key = (text, prefix, level)
        if key not in self._done:
            self._done[key] = self._compile(text, prefix, level)
        return self._done[key]

    def _compile(self, text: str, prefix: str, level: int) -> Compiled:
        import nh3

        if level not in self._engines:
            self._engines[level] = self._make_engine(level)
        engine = self._engines[level]
        self._references, self._prefix = [], prefix
        html = engine.reset().convert(text)
        tokens = _flatten(getattr(engine, "toc_tokens", []))
        has_image = "<img" in html.lower()
        clean = nh3.clean(
            html,
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            link_rel=None,
            url_schemes={"http", "https", "mailto"},
            strip_comments=True,
            attribute_filter=_filter_attribute,
        )
        headings = tuple(
            Heading(token["level"], token["id"], tuple(self._split_text(_plain(token["name"])))) for token in tokens
        )
        return Compiled(tuple(self._split(clean)), headings, has_image)

    def _split(self, html: str) -> Iterator[str | Mention | InternalLink]:
        link_depth = 0
        for token in _TOKEN.split(html):
            if not token.startswith("<"):
                yield from self._split_text(token, in_link=link_depth > 0)
                continue
            link_depth += token.startswith("<a ") - (token == "</a>")
            href = _HREF.search(token) if token.startswith("<a ") else None
            if href and not _SCHEME.match(href[1]):
                yield InternalLink(token[: href.start(1)], Markup(href[1]).unescape(), token[href.end(1) :])
            elif _OPEN in token:
                yield from self._split_text(token, in_attribute=True)
            else:
                yield token

    def _split_text(self, text: str, *, in_link: bool = False, in_attribute: bool = False) -> Iterator[str | Mention]:
        for index, piece in enumerate(_MARK.split(text)):
            if index % 2:
                yield Mention(self._references[int(piece)], in_link, in_attribute)
            elif piece:
                yield piece

    def _make_engine(self, level: int) -> "Markdown":
        from markdown import Markdown
        from markdown.extensions.footnotes import FootnoteExtension
        from markdown.extensions.toc import TocExtension
        from markdown.inlinepatterns import InlineProcessor

        converter = self

        class References(InlineProcessor):
            def handleMatch(self, m: re.Match[str], data: str) -> tuple[str | None, int | None, int | None]:  # type: ignore[override]  # noqa: N802
                try:
                    reference = parse_reference(m[1])
                except ValueError:
                    return None, None, None
                converter._references.append(reference)
                return f"{_OPEN}{len(converter._references) - 1}{_CLOSE}", m.start(0), m.end(0)

        class Footnotes(FootnoteExtension):
            def makeFootnoteId(self, id: str) -> str:  # noqa: A002, N802
                return f"{converter._prefix}fn-{list(self.footnotes).index(id) + 1}"

            def makeFootnoteRefId(self, id: str, found: bool = False) -> str:  # noqa: A002, N802
                return f"{converter._prefix}fnref-{list(self.footnotes).index(id) + 1}"

        def slugify(text: str, separator: str) -> str:
            words = re.findall(r"\w+", _MARK.sub(" ", text).lower())
            return converter._prefix + (separator.join(words)[:60].strip(separator) or "section")

        engine = Markdown(
            extensions=[
                "abbr",
                "def_list",
                "fenced_code",
                Footnotes(BACKLINK_TITLE="{}"),
                "sane_lists",
                "tables",
                TocExtension(slugify=slugify, baselevel=level - 1, marker=""),
            ],
            output_format="html",
        )
        engine.inlinePatterns.register(References(_ANY_REFERENCE.pattern, engine), "fact_reference", 175)
        return engine


def render(compiled: Compiled, resolve: Resolve, link: Link) -> Markup:
    """The HTML of one page: references answered by `resolve`, addresses made relative by `link`."""
    return Markup("".join(_piece(piece, resolve, link) for piece in compiled.pieces))  # noqa: S704


def plain(pieces: tuple[str | Mention | InternalLink, ...], resolve: Resolve) -> str:
    """The words alone, as a heading or a description has them."""
    html = "".join(_piece(piece, resolve, lambda url: url) for piece in pieces)
    return " ".join(Markup(html).striptags().split())  # noqa: S704


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


def _filter_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return " ".join(word for word in value.split() if word in _CLASSES.get(tag, ())) or None
    return value


def _flatten(tokens: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for token in tokens:
        yield token
        yield from _flatten(token["children"])


def _plain(html: str) -> str:
    return str(escape(Markup(html).striptags()))  # noqa: S704


def _blank(match: re.Match[str]) -> str:
    return "".join(character if character == "\n" else " " for character in match[0])


def _mask_code(text: str) -> str:
    for pattern in (_FENCE, _COMMENT, _INDENTED, _CODE_SPAN):
        text = pattern.sub(_blank, text)
    return text


def _raw_references(text: str) -> Iterator[tuple[str, int]]:
    for match in _ANY_REFERENCE.finditer(_mask_code(text)):
        yield match[1], match.start()


def _spans(text: str) -> Iterator[tuple[int, int, PartialDate | None, PartialDate | None]]:
    """Start, end and limits of each well-formed block between two lines of colons."""
    opened: tuple[int, PartialDate | None, PartialDate | None] | None = None
    for match in _SPAN_LINE.finditer(_mask_code(text)):
        if opened and not match[1]:
            yield opened[0], match.end(), opened[1], opened[2]
            opened = None
        elif not opened and match[1]:
            try:
                limits = {key: dates.parse_date(value) for key, value in _SPAN_KEY.findall(match[1])}
            except ValueError:
                continue
            opened = (match.start(), limits.get("from"), limits.get("until"))


def _check_spans(prose: Prose, source: str, masked: str) -> Iterator[Problem]:
    opened: re.Match[str] | None = None
    for match in _SPAN_LINE.finditer(masked):
        where = _place(prose, source, match[0].rstrip(), match.start())
        if not match[1]:
            if not opened:
                yield Problem(where, "bad-span", "this ':::' closes nothing", "delete it, or begin with '::: from=...'")
            opened = None
            continue
        if opened:
            yield Problem(where, "bad-span", "a block with limits begins inside another", "close the first with ':::'")
            continue
        opened = match
        if _SPAN_KEY.sub("", match[1]).strip() or not match[1]:
            yield Problem(where, "bad-span", f"'{match[1]}' limits nothing", "write '::: from=YYYY-MM-DD until=YYYY-MM-DD'")
        for _key, value in _SPAN_KEY.findall(match[1]):
            try:
                dates.parse_date(value)
            except ValueError as error:
                yield Problem(where, "bad-date", str(error), dates.HINT)
    if opened:
        where = _place(prose, source, opened[0].rstrip(), opened.start())
        yield Problem(where, "bad-span", "this block with limits is not closed", "add a line ':::' after it")


def _place(prose: Prose, source: str, needle: str, offset: int) -> Location:
    """Find in the file the `needle` that stands at `offset` of the text: YAML may have folded and indented it, so the
    occurrence is counted instead."""
    count = prose.text.count(needle, 0, offset)
    lines = source.split("\n")
    start = sum(len(line) + 1 for line in lines[: prose.location.line - 1]) + prose.location.column - 1
    for _ in range(count + 1):
        found = source.find(needle, start)
        if found < 0:
            return prose.location
        start = found + len(needle)
    before = source[:found]
    return Location(
        prose.location.file, before.count("\n") + 1, found - (before.rfind("\n") + 1) + 1, len(needle.split("\n")[0])
    )
