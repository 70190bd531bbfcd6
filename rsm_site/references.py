"""What a Markdown text refers to, and where in its file that stands."""

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from itertools import islice

from msgspec import Struct

from rsm_site import dates
from rsm_site.errors import Location
from rsm_site.model import REFERENCE_KINDS, Prose
from rsm_site.reader import Lines
from rsm_site.schema import suggest

MAX_TEXT = 50_000
ANY_REFERENCE = re.compile(r"(?<!\\)\[\[([^\[\]\n]*(?:\n[^\[\]\n]+)?)\]\]")
CODE_BLOCK = re.compile(r"^(`{3,}+|~{3,}+)[^\n]*(?:\n.*?^(?P<end>\1[ ]*$)|.*\Z)", re.DOTALL | re.MULTILINE)

_HINT = f"write one of {', '.join(REFERENCE_KINDS)}, then ':' and an id"
_REFERENCE = re.compile(r"\s*([A-Za-z]+):([^\s@|]+?)(?:@([0-9-]+))?\s*(?:\|\s*(.*\S)\s*)?", re.DOTALL)
_ANCHOR = re.compile(r"&\S+\s+")
_CODE_SPAN = re.compile(r"(?<![`\\])(`++)(?:(?!\n\n).)+?(?<!`)\1(?!`)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_LIST_MARK = re.compile(r"(?:[*+-]|\d{1,9}[.)]|\[\^[^\[\]\n]+\]:|:)[ \t]")
# What stands for each character of a YAML text, by its style.
_CHARACTERS = {
    "": re.compile(r"\S"),
    "'": re.compile(r"''|\S"),
    '"': re.compile(r"\\(?:x..|u.{4}|U.{8}|[\s\S])|\S"),
}


class Reference(Struct, frozen=True):
    """`[[kind:id@day|words]]`; `day` is the last of the year or month asked for, None when none was."""

    raw: str
    kind: str
    id: str
    day: date | None = None
    words: str = ""


class BadReferenceError(ValueError):
    """What stands between `[[` and `]]` is no reference; `hint` is the remedy."""

    def __init__(
        self, message: str, hint: str = f"write one of {', '.join(REFERENCE_KINDS)}, then ':' and an id"
    ) -> None:
        """Keep the remedy."""
        super().__init__(message)
        self.hint = hint


def parse_reference(raw: str) -> Reference:
    """Read what stands between `[[` and `]]`, BadReferenceError with the reason when it is no reference."""
    match = _REFERENCE.fullmatch(raw)
    if not match:
        raise BadReferenceError("a reference is written [[kind:id]]")
    kind, name, day, words = match.groups()
    if kind not in REFERENCE_KINDS:
        message = f"'{kind}' is not a kind of reference"
        raise (
            BadReferenceError(message, hint) if (hint := suggest(kind, REFERENCE_KINDS)) else BadReferenceError(message)
        )
    if day and kind != "fact":
        raise BadReferenceError("only a fact can be asked for on another day", f"delete '@{day}'")
    try:
        asked = dates.last_day(day) if day else None
    except dates.NotADateError as error:
        raise BadReferenceError(str(error), error.hint) from None
    return Reference(raw, kind, name, asked, " ".join((words or "").split()))


def references(prose: Prose) -> Iterator[tuple[Reference, int]]:
    """Every well-formed reference of `prose` outside code, and its offset in the text."""
    if "[[" not in prose.text or len(prose.text) > MAX_TEXT:
        return
    for match in ANY_REFERENCE.finditer(mask_code(prose.text)):
        try:
            yield parse_reference(match[1]), match.start()
        except BadReferenceError:
            continue


def locate(prose: Prose, source: str, start: int, end: int) -> Location:
    """The place in the file of what stands from `start` to `end` in the text; `source` is the text of the file. YAML
    may have folded, indented and quoted it, but keeps the order of what is not white space."""
    lines = _lines_of(source)
    base = lines.starts[prose.location.line - 1] + prose.location.column - 1
    first, last = base + start, base + end - 1
    if prose.style is not None:
        if anchor := _ANCHOR.match(source, base):
            base = anchor.end()
        if prose.style in ("|", ">"):
            base = source.find("\n", base) + 1
        elif prose.style:
            base += 1
        before = len("".join(prose.text[:start].split()))
        length = len("".join(prose.text[start:end].split()))
        found = [match.start() for match in islice(_characters(prose.style, source, base), before, before + length)]
        if len(found) < length or not found:
            return prose.location
        first, last = found[0], found[-1]
    line_end = source.find("\n", first)
    return lines.place(prose.location.file, first, (min(last + 1, line_end) if line_end >= 0 else last + 1) - first)


def mask_code(text: str) -> str:
    """The text with code and comments blanked out."""
    if "`" in text or "~~~" in text:
        text = CODE_BLOCK.sub(blank, text)
    if "<!--" in text:
        text = _COMMENT.sub(blank, text)
    if "    " in text or "\t" in text:
        text = _mask_indented(text)
    return _CODE_SPAN.sub(blank, text) if "`" in text else text


def blank(match: re.Match[str]) -> str:
    """White space of the same length and lines as the match."""
    return "".join(character if character == "\n" else " " for character in match[0])


@lru_cache(maxsize=256)
def _lines_of(source: str) -> Lines:
    return Lines(source)


def _characters(style: str, source: str, start: int) -> Iterator[re.Match[str]]:
    """What stands for each character of a YAML text but white space."""
    for match in _CHARACTERS.get(style, _CHARACTERS[""]).finditer(source, start):
        if match[0][0] != "\\" or style != '"' or match[0][1] not in "nrtNLP_ \t\n":
            yield match


def _mask_indented(text: str) -> str:
    """Blank out lines that stand four columns deeper than the list, footnote or text around them."""
    lines = text.split("\n")
    allowed, after_blank, in_code = 0, True, False
    for index, line in enumerate(lines):
        words = line.lstrip(" \t")
        if not words:
            after_blank = True
            continue
        level = len(line[: len(line) - len(words)].expandtabs(4)) // 4
        in_code = level > allowed and (after_blank or in_code)
        if in_code:
            lines[index] = " " * len(line)
        elif _LIST_MARK.match(words):
            allowed = level + 1
        elif after_blank:
            allowed = min(allowed, level)
        after_blank = False
    return "\n".join(lines)
