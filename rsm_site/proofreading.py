"""What is wrong in a Markdown text on any day: too much of it, references and links that cannot be, numbers typed by
hand."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from urllib.parse import unquote

from msgspec import structs

from rsm_site import dates
from rsm_site.errors import Location, Problem
from rsm_site.model import REFERENCE_KINDS, Prose
from rsm_site.prose import SPAN_KEY, SPAN_LINE
from rsm_site.reader import Lines
from rsm_site.references import (
    ANY_REFERENCE,
    CODE_BLOCK,
    MAX_TEXT,
    BadReferenceError,
    blank,
    locate,
    mask_code,
    parse_reference,
)
from rsm_site.schema import suggest

MAX_PARAGRAPH = 10_000
MAX_LINES = 5_000
MAX_PARAGRAPH_LINES = 200
MAX_MARKS = 1000
MAX_OPEN = 20
MAX_TAGS = 1000

# Without any of these there is nothing to find in a text.
_SPECIAL = re.compile(r"[\[<#!\d`~]|//|:::|^ {0,3}[=-]|^(?: {4}|\t)", re.MULTILINE)
_DIGIT = re.compile(r"\d")
_OPEN_REFERENCE = re.compile(rf"(?<!\\)\[\[\s*(?:{'|'.join(REFERENCE_KINDS)}):[^\s\[\]]*")
_HEADING = r"^\#{1,6}[^\n]*|^[^\n]+\n(?:=+|-+)[ ]*$"
_NOT_PROSE = re.compile(
    rf"""\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)     # where a link leads
      | <[A-Za-z/!][^<>]*>                           # HTML and <https://...>
      | https?://[^\s<>]+
      | &\#?\w+;
      | \[\^[^\[\]\n]+\]:?                           # footnote marks
      | ^[ ]{{0,3}}\[[^\[\]\n]+\]:[^\n]*             # addresses of links
      | (?P<mark>^[ \t]*(?:>[ \t]*)*\d{{1,9}}\.(?=[ ]))
      | {_HEADING}
      | ^[ \t>*+-]*:::[^\n]*""",
    re.VERBOSE | re.MULTILINE,
)
_NUMBER = re.compile(r"(?<![^\W_])(?<![^\W\d_]-)\d++(?:[.,'’:/–\u00a0\u202f٬٫-]\d++)*+(?![^\W_])")
# What a line above one can be that begins a block.
_APART = re.compile(r"[ \t>]*|#[^\n]*|(?:=+|-+)[ ]*|:::[^\n]*")
_LIST_MARK = re.compile(r"[ \t]*(?:>[ \t]*)*(?:(?P<number>\d+\.)|[*+-])[ ]")
_UNDERLINE = re.compile(r"\n[=-]")
_HEADING_LINE = re.compile(r"^(?P<marks>#{1,6})[^\n]*|^[^\s>#|-][^\n]*(?=\n(?P<line>=+|-+)[ ]*$)", re.MULTILINE)
_INDENTED_HEADING = re.compile(r"^ {1,3}#{1,6} [^\n]*", re.MULTILINE)
_INDENTED_SPAN = re.compile(r"^[ \t>*+-]+:::[^\n]*", re.MULTILINE)
_LINK = re.compile(r"(?<![\w!\\\]])\[([^\[\]\n]+)\]\[([^\[\]\n]*)\]")
_NO_ADDRESS = re.compile(r"\]\([ ]*(?:<[ ]*>[ ]*)?\)")
_EMPTY_LINK = re.compile(rf"(?<![!\\\]])\[[^\[\]\n]+{_NO_ADDRESS.pattern}")
_LINK_ADDRESS = re.compile(r"^[ ]{0,3}\[([^\[\]\n]+)\]:", re.MULTILINE)
_NOT_SHORT = re.compile(rf"{_HEADING}|^[ ]{{0,3}}\[\^[^\[\]\n]+\]:[^\n]*", re.MULTILINE | re.VERBOSE)
_FOOTNOTE = re.compile(
    r"""^(?P<before>[ ]{0,3}) \[\^(?P<defined>[^\[\]\n]+)\]:
      | ^(?P<inside>[ \t>*+:-]*(?:\d+[.)])?[ \t]*) \[\^(?P<within>[^\[\]\n]+)\]:
      | \[\^(?P<used>[^\[\]\n]+)\]""",
    re.VERBOSE | re.MULTILINE,
)
_REFERENCE_ADDRESS = re.compile(
    r"""(?: \]\([ ]*<?[^\s()<>\[\]]*
          | ^[ ]{0,3}\[[^\[\]\n]+\]:[ ]*<?[^\s<>\[\]]*
          | <a\b[^<>]*?\shref\s*=\s*(?:"[^"<>\[\]]*|'[^'<>\[\]]*|[^\s"'<>\[\]]*)
        ) (?P<reference>\[\[[^\[\]\n]*\]\])""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
_SCHEME = r"(?P<scheme>[A-Za-z][\w+.-]*:|//)"
_INLINE_ADDRESS = re.compile(rf"\]\([ ]*<?{_SCHEME}")
_ADDRESS = re.compile(rf"(?:\]\([ ]*<?|^[ ]{{0,3}}\[[^\[\]\n]+\]:[ ]*<?|<){_SCHEME}", re.MULTILINE)
_SCHEMES = ("http:", "https:", "mailto:")
_IMAGE = re.compile(r"(?<!\\)!\[[^\[\]\n]*\](?=[(\[])|<img\b[^<>]*>?", re.IGNORECASE)
_INLINE_MARK = re.compile(r"[`*_\[<&\\]")
_SPACES = re.compile(r"[ \t]{500}")
_PARAGRAPH = re.compile(r"[^\n]+(?:\n[ \t]*[^\s][^\n]*)*")
_BRACKET = re.compile(r"[\[\]()]")
_TAG = re.compile(r"<[A-Za-z/!?](?P<open>(?![^<>]*>))?")
_QUOTES = re.compile(r"^(?:[ ]{0,3}>){10,}", re.MULTILINE)

Found = Callable[..., Problem]


def check(prose: Prose, source: str) -> Iterator[Problem]:
    """What is wrong in `prose` on any day: too much for the converter, references that are none, spans that do not
    close, headings and links that cannot be, numbers typed by hand. `source` is the text of the file it stands in."""
    text = prose.text

    def found(match: re.Match[str], code: str, message: str, hint: str, group: str | int = 0) -> Problem:
        return Problem(locate(prose, source, match.start(group), match.end(group)), code, message, hint)

    too_much = list(_check_size(prose, source))
    if too_much:
        yield from too_much
        return
    if not _SPECIAL.search(text):
        return
    masked = mask_code(text)
    # To look for a sign first takes a tenth of the time that a pattern takes to find nothing.
    for match in CODE_BLOCK.finditer(text) if "```" in text or "~~~" in text else ():
        if not match["end"]:
            yield found(
                match, "open-code", "the code that begins here does not end", f"add a line {match[1]} below it", 1
            )
    without_references = masked
    if "[[" in masked:
        yield from _check_references(masked, found)
        without_references = ANY_REFERENCE.sub(blank, masked)
        for match in _OPEN_REFERENCE.finditer(without_references):
            yield found(match, "bad-reference", "the reference is not closed", "write ']]' after it")
    if ":::" in text:
        yield from _check_spans(prose, source, masked)
    if "][" in without_references:
        yield from _check_links(without_references, found)
    if prose.style is None:
        yield from _check_headings(masked, found)
        yield from _check_footnotes(masked, found)
    else:
        for match in _NOT_SHORT.finditer(masked):
            hint = "write a page in pages/, or timeline/<id>.md for an event"
            yield found(match, "not-in-summary", "headings and footnotes cannot be part of a short text", hint)
    for match in _IMAGE.finditer(masked) if "![" in masked or "<" in masked else ():
        hint = "describe it in words; drawings are made from the data"
        yield found(match, "image", "an image cannot be part of a text", hint)
    address = _ADDRESS if "<" in masked or "]:" in masked else _INLINE_ADDRESS
    for match in address.finditer(without_references):
        if match["scheme"].lower() not in _SCHEMES and (match[0][0] != "<" or match["scheme"] != "//"):
            message = f"a link cannot begin with '{match['scheme']}'"
            yield found(
                match, "bad-link", message, "begin with https:// or mailto:, or name a page of the site", "scheme"
            )
    for match in _EMPTY_LINK.finditer(masked) if _NO_ADDRESS.search(masked) else ():
        yield found(match, "bad-link", "the link has no address", "write it between the round brackets")
    for match in _numbers_in(without_references):
        problem = found(
            match, "bare-number", f"the number {match[0]} is typed by hand", "cite it: [[fact:...]] or [[date:...]]"
        )
        yield structs.replace(problem, severity="warning")


def check_selected(prose: Prose, source: str, selected: str) -> Iterator[Problem]:
    """What is wrong in a part of `prose`, as long, that holds on some day: a footnote, an address or a heading between
    two others may be in the part that does not."""

    def found(match: re.Match[str], code: str, message: str, hint: str, group: str | int = 0) -> Problem:
        hint = f"on some days that is left out: {hint}"
        return Problem(locate(prose, source, match.start(group), match.end(group)), code, message, hint)

    masked = mask_code(selected)
    yield from _check_links(ANY_REFERENCE.sub(blank, masked), found)
    yield from _check_headings(masked, found)
    yield from _check_footnotes(masked, found)


def find_links(texts: Mapping[str, str], page: str, address: str) -> list[Location]:
    """Every place where a text of the content, by its file's name, has a link to an address; one to an anchor alone is
    looked for in the text that the page is named for, and otherwise stands where it is found first."""
    written = "|".join(map(re.escape, dict.fromkeys((address, unquote(address)))))
    link = re.compile(rf"(?:\]\(|\]:|\bhref=)[ \"'<]*/?(?P<address>{written})(?=[\s)>\"']|\Z)")
    found: list[Location] = []
    for file, text in texts.items():
        if link.search(text):
            shown = mask_code(text) if file.endswith(".md") else text
            lines = Lines(text)
            found.extend(lines.place(file, match.start(1), len(match[1])) for match in link.finditer(shown))
    if not address.startswith("#"):
        return found
    own = [place for place in found if PurePosixPath(place.file).stem == PurePosixPath(page).stem]
    return own or found[:1]


def count_numbers(text: str) -> int:
    """How many numbers are typed by hand in a text."""
    return sum(1 for _match in _numbers_in(ANY_REFERENCE.sub(blank, mask_code(text)))) if _has_digit(text) else 0


def _numbers_in(without_references: str) -> Iterator[re.Match[str]]:
    if _has_digit(without_references):
        yield from _NUMBER.finditer(_NOT_PROSE.sub(_blank_unless_prose, without_references))


def _has_digit(text: str) -> bool:
    # To look for ten signs one by one takes a tenth of the time that the pattern takes.
    return any(map(text.__contains__, "0123456789")) or (not text.isascii() and _DIGIT.search(text) is not None)


def _blank_unless_prose(match: re.Match[str]) -> str:
    return match[0] if match["mark"] and not _begins_item(match.string, match.start()) else blank(match)


def _begins_item(text: str, start: int) -> bool:
    """Tell whether the number and point at the start of a line begin an item: Markdown takes them for that where a
    block begins and where the block is a list, not in the middle of a paragraph."""
    first, end = "", start - 1
    while end > 0 and not _APART.fullmatch(line := text[text.rfind("\n", 0, end) + 1 : end]):
        first, end = line, end - len(line) - 1
    mark = _LIST_MARK.match(first)
    return not first or (mark is not None and (mark["number"] is not None or text[start] in " \t>"))


def _check_references(masked: str, found: Found) -> Iterator[Problem]:
    """What looks like a reference is one, and none is where a link leads."""
    for match in ANY_REFERENCE.finditer(masked):
        try:
            parse_reference(match[1])
        except BadReferenceError as error:
            yield found(match, "bad-reference", str(error), error.hint)
    for match in _REFERENCE_ADDRESS.finditer(masked):
        hint = "write the reference alone: [[kind:id|words]]"
        yield found(match, "bad-reference", "a reference cannot be the address of a link", hint, "reference")


def _check_links(without_references: str, found: Found) -> Iterator[Problem]:
    """A link that names its address by a word has one."""
    defined = {match[1].casefold() for match in _LINK_ADDRESS.finditer(without_references)}
    for match in _LINK.finditer(without_references):
        name = match[2] or match[1]
        if name.casefold() not in defined:
            hint = suggest(name, sorted(defined)) or f"write a line '[{name}]: https://...', or [words](https://...)"
            yield found(match, "bad-link", f"there is no address '{name}'", hint)


def _check_headings(masked: str, found: Found) -> Iterator[Problem]:
    """A text's headings begin at the second level and at the beginning of a line, and none is two levels below the one
    before."""
    if "#" not in masked and not _UNDERLINE.search(masked):
        return
    for match in _INDENTED_HEADING.finditer(masked):
        hint = "delete the spaces before it"
        yield found(match, "indented-heading", "a heading that is indented is taken for text", hint)
    before = 1
    for match in _HEADING_LINE.finditer(masked):
        level = len(match["marks"]) if match["marks"] else 1 if match["line"][0] == "=" else 2
        if level == 1:
            yield found(match, "top-heading", "the page's title is its only first-level heading", "begin with '##'")
        elif level > before + 1:
            message = f"a heading of level {level} stands after one of level {before}"
            yield found(match, "heading-order", message, f"begin it with '{'#' * (before + 1)}'")
        before = level


def _check_footnotes(masked: str, found: Found) -> Iterator[Problem]:
    """Footnotes that are given twice or inside something else, and marks without a footnote."""
    if "[^" not in masked:
        return
    marks = list(_FOOTNOTE.finditer(masked))
    used = {mark["used"] for mark in marks if mark["used"]}
    defined: set[str] = set()
    for mark in marks:
        name = mark["defined"]
        if mark["inside"] is not None:
            yield found(mark, "bad-footnote", "a footnote cannot stand inside something else", "begin the line with it")
        elif name in defined:
            yield found(mark, "bad-footnote", f"the footnote '{name}' is given twice", "choose another name")
        elif name and name not in used:
            yield found(
                mark, "bad-footnote", f"nothing leads to the footnote '{name}'", f"write [^{name}] where it belongs"
            )
        if name or mark["within"]:
            defined.add(name or mark["within"])
    for mark in marks:
        if mark["used"] and mark["used"] not in defined:
            hint = suggest(mark["used"], sorted(defined)) or f"write it: [^{mark['used']}]: ..."
            yield found(mark, "bad-footnote", f"there is no footnote '{mark['used']}'", hint)


def _check_size(prose: Prose, source: str) -> Iterator[Problem]:
    """What would keep the converter busy for seconds: it takes time in the square of some lengths."""
    text = prose.text
    if len(text) > MAX_TEXT or text.count("\n") > MAX_LINES:
        message = f"the text has more than {MAX_TEXT:,} characters or {MAX_LINES:,} lines"
        yield Problem(prose.location, "too-long", message, "divide it into several pages")
        return

    if len(text) < 2_000 and sum(text.count(mark) for mark in "[(<>*_`&\\") < 100:
        return

    def refuse(start: int, message: str, hint: str) -> Problem:
        return Problem(locate(prose, source, start, start + 1), "too-complex", message, hint)

    masked = CODE_BLOCK.sub(blank, text)
    for paragraph in _PARAGRAPH.finditer(masked):
        start = paragraph.start()
        if len(paragraph[0]) > MAX_PARAGRAPH or paragraph[0].count("\n") >= MAX_PARAGRAPH_LINES:
            message = f"a paragraph has more than {MAX_PARAGRAPH:,} characters or {MAX_PARAGRAPH_LINES} lines"
            yield refuse(start, message, "divide it by an empty line")
        elif len(marks := _INLINE_MARK.findall(paragraph[0])) > MAX_MARKS:
            message = f"a paragraph has more than {MAX_MARKS:,} characters such as {marks[0]} that mark something"
            yield refuse(start, message, "write fewer, or a code block between lines of ```")
        depth = 0
        for bracket in _BRACKET.finditer(paragraph[0]):
            depth = depth + 1 if bracket[0] in "[(" else max(0, depth - 1)
            if depth > MAX_OPEN:
                message = f"more than {MAX_OPEN} brackets stand open"
                yield refuse(start + bracket.start(), message, "close them, or put code in backticks")
                break
    tags = list(_TAG.finditer(masked))
    open_tags = [tag for tag in tags if tag["open"] is not None]
    if len(tags) > MAX_TAGS:
        yield refuse(tags[MAX_TAGS].start(), f"the text has more than {MAX_TAGS} HTML tags", "write Markdown")
    elif len(open_tags) > MAX_OPEN:
        message = f"more than {MAX_OPEN} HTML tags are not closed"
        yield refuse(open_tags[MAX_OPEN].start(), message, "close them with '>', or write '&lt;' for '<'")
    if match := _QUOTES.search(masked):
        yield refuse(match.start(), "ten quotations stand inside each other", "write fewer '>'")
    if match := _SPACES.search(masked):
        yield refuse(match.start(), "500 spaces stand in a row", "delete them")


def _check_spans(prose: Prose, source: str, masked: str) -> Iterator[Problem]:
    opened: re.Match[str] | None = None

    def found(match: re.Match[str], message: str, hint: str, code: str = "bad-span") -> Problem:
        return Problem(locate(prose, source, match.start(), match.end()), code, message, hint)

    for match in _INDENTED_SPAN.finditer(masked):
        yield found(
            match, "':::' that is not at the beginning of its line is taken for text", "delete what stands before"
        )
    for match in SPAN_LINE.finditer(masked):
        if not match[1]:
            if not opened:
                yield found(match, "this ':::' closes nothing", "delete it, or begin with '::: from=...'")
            opened = None
            continue
        if opened:
            yield found(match, "a block with limits begins inside another", "close the first with ':::'")
            continue
        opened = match
        keys = [key for key, _value in SPAN_KEY.findall(match[1])]
        if SPAN_KEY.sub("", match[1]).strip() or len(set(keys)) != len(keys):
            hint = "write '::: from=YYYY-MM-DD until=YYYY-MM-DD', or one of the two"
            yield found(match, f"'{match[1]}' does not say from when until when", hint)
            continue
        try:
            limits = {key: dates.parse_date(value) for key, value in SPAN_KEY.findall(match[1])}
        except dates.NotADateError as error:
            yield found(match, str(error), error.hint, "bad-date")
            continue
        if len(limits) == 2 and limits["until"].latest < limits["from"].earliest:
            yield found(match, "'until' is before 'from'", "exchange them", "date-order")
    if opened:
        yield found(opened, "this block with limits is not closed", "add a line ':::' after it")
