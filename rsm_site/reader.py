"""One YAML or Markdown file -> plain values that know their line and column."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice

import yaml
from msgspec import Struct
from yaml.nodes import MappingNode, Node, ScalarNode

from rsm_site.errors import Location, Problem, SiteError, has_error

try:
    from yaml._yaml import CParser
except ImportError as error:
    message = "PyYAML has no C parser here; install its wheel with 'pip install --force-reinstall PyYAML'"
    raise SiteError(message) from error

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 50
MAX_VALUES = 250_000
MAX_ALIASED_VALUES = 10_000
MAX_REPEATS = 20

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_DIRECTION = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
# What YAML 1.1 takes for the end of a line and editors do not: line numbers would not be those that they show.
_NO_LINE_ENDS = dict.fromkeys(map(ord, "\u0085\u2028\u2029"), " ")
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_QUOTE_COLON = "put the text in quotes if the colon belongs to it, or check the indentation"
_TAB = ("a tab cannot indent YAML", "indent with spaces")
_WORDS = {
    "found character '\\t' that cannot start any token": _TAB,
    "found a tab character where an indentation space is expected": _TAB,
    "found a tab character that violates indentation": _TAB,
    "mapping values are not allowed in this context": ("a colon stands where no key can be", _QUOTE_COLON),
    "could not find expected ':'": ("a key without its colon", "write 'key: value'"),
    "did not find expected key": (
        "a key was expected",
        "check the indentation and the quotes of this and the line above",
    ),
    "did not find expected '-' indicator": ("the next '- ' of the list was expected", "begin it below the one before"),
    "block sequence entries are not allowed in this context": (
        "a list cannot begin here",
        "begin it on a line of its own, or quote the hyphen",
    ),
    "did not find expected node content": ("a value was expected", "give one, or close the bracket before"),
    "found undefined alias": ("the alias names nothing above it", "write the value out"),
    "second occurrence": ("the anchor is given twice", "name it otherwise"),
    "found unexpected end of stream": ("the file ends in the middle of a value", "close the quote or the bracket"),
    "did not find expected ',' or ']'": ("a list in [] is not closed", "put ',' between values and ']' after the last"),
    "did not find expected ',' or '}'": (
        "a mapping in {} is not closed",
        "put ',' between values and '}' after the last",
    ),
    "found character that cannot start any token": (
        "a text cannot begin with this character",
        "put the text in quotes",
    ),
    "but found another document": ("a second document begins", "remove the line '---'"),
}
_NOT_CLOSED = (
    "found unexpected end of stream",
    "did not find expected ',' or ']'",
    "did not find expected ',' or '}'",
)


class Document(Struct):
    """A content file: its text with LF line ends (`is_text` is False when it is none), its YAML root, and for Markdown
    the body and where it begins."""

    file: str
    text: str
    is_text: bool = True
    root: Node | None = None
    body: str = ""
    body_line: int = 1


class Lines:
    """Where the lines of a text begin, so that an offset can be told as line and column."""

    def __init__(self, text: str) -> None:
        """Count the lines of `text` once."""
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def place(self, file: str, offset: int, length: int = 1) -> Location:
        """The location of the character at `offset`."""
        line = bisect_right(self.starts, offset)
        return Location(file, line, offset - self.starts[line - 1] + 1, max(1, length))


class _Parser(CParser):
    """libyaml's parser that leaves every scalar as text (NO is Norway, 012 is not ten) and stops at the bounds: a
    composer that nests without end would overflow the C stack."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = self.count = 0

    def descend_resolver(self, parent: Node | None, _index: object) -> None:
        """Called by the composer before each value."""
        self.depth += 1
        self.count += 1
        if parent and self.depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem="too-deep", problem_mark=parent.start_mark)
        if parent and self.count > MAX_VALUES:
            raise yaml.MarkedYAMLError(problem="too-many-values", problem_mark=parent.start_mark)

    def ascend_resolver(self) -> None:
        """Called by the composer after each value."""
        self.depth -= 1

    def resolve(self, _kind: object, _value: object, _implicit: object) -> str:
        """The tag of a value that has none: nothing is guessed from its look."""
        return ""


def read_yaml(file: str, data: bytes, problems: list[Problem]) -> Document:
    """Read a YAML file; what is wrong is added to `problems`, and the root is None when it cannot be used."""
    document = read_text(file, data, problems)
    if document.is_text:
        empty = ("empty-file", "the file is empty", "fill it in or delete it")
        document.root = _compose(file, document.text, problems, empty)
    return document


def read_page(file: str, data: bytes, problems: list[Problem]) -> Document:
    """Read a Markdown file that begins with front matter between two lines of three hyphens."""
    document = read_text(file, data, problems)
    text = document.text
    document.body = ""
    match = _FRONT_MATTER.match(text)
    if match and document.is_text:
        # The empty first line stands for the opening hyphens, so that the line numbers are those of the file.
        empty = ("missing-key", "'title' is missing", "add a line 'title: ...' between the hyphens")
        document.root = _compose(file, "\n" + match[1], problems, empty)
        document.body = text[match.end() :]
        document.body_line = text.count("\n", 0, match.end()) + 1
    elif document.is_text:
        message, hint = (
            "the page does not begin with front matter",
            "begin with '---', 'title: ...' and '---', each on a line",
        )
        if text.startswith("---"):
            message, hint = "the front matter does not end", "add a line '---' below its last key"
        problems.append(Problem(Location(file), "no-front-matter", message, hint))
    return document


def read_text(file: str, data: bytes, problems: list[Problem]) -> Document:
    """Read a file that is nothing but text."""
    found: list[Problem] = []
    try:
        text = _with_line_feeds(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = _with_line_feeds(data[: error.start].decode("utf-8-sig"))
        place = Lines(before).place(file, len(before))
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        found.append(Problem(place, "not-utf-8", message, "save the file with the encoding UTF-8"))
        text = _with_line_feeds(data.decode("utf-8-sig", errors="replace"))
    found.extend(_check_text(file, text))
    problems.extend(found)
    is_text = not has_error(found)
    return Document(file=file, text=text, body=text if is_text else "", is_text=is_text)


def locate(file: str, node: Node) -> Location:
    """Where `node` stands."""
    return Location(file, *span(node))


def span(node: Node) -> tuple[int, int, int]:
    """Line and column of `node`, and its length when it is a value on one line, else 1."""
    start, end = node.start_mark, node.end_mark
    one_line = isinstance(node, ScalarNode) and start.line == end.line
    return start.line + 1, start.column + 1, max(1, end.column - start.column) if one_line else 1


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _check_text(file: str, text: str) -> Iterator[Problem]:
    """Characters that do not show."""
    if text.replace("\n", "").isprintable():
        return  # as nearly every file: ten times quicker to tell than what is wrong
    if match := _CONTROL.search(text):
        yield _control_character(Lines(text).place(file, match.start()), match[0])
    if _DIRECTION.search(text):
        lines = Lines(text)
        for match in islice(_DIRECTION.finditer(text), MAX_REPEATS):
            yield _direction(lines.place(file, match.start()), match[0])


def _compose(file: str, text: str, problems: list[Problem], empty: tuple[str, str, str]) -> Node | None:
    """The root of a YAML text, None when it has none or cannot be used; `empty` is the problem of having none."""
    try:
        root = _Parser(text.translate(_NO_LINE_ENDS)).get_single_node()
    except yaml.YAMLError as error:
        problems.append(_explain(file, text, error))
        return None
    if root is None:
        problems.append(Problem(Location(file), *empty))
        return None
    found = list(_check_nodes(file, root))
    problems.extend(found)
    return None if any(problem.code in ("too-many-aliases", "circular-alias") for problem in found) else root


def _explain(file: str, text: str, error: yaml.YAMLError) -> Problem:
    """The problem that stopped the parser, in an editor's words."""
    problem_mark, context_mark = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    said = str(getattr(error, "problem", None) or getattr(error, "context", None) or error)
    # What is not closed is shown where it was opened.
    mark = (context_mark if said in _NOT_CLOSED else None) or problem_mark or context_mark
    place = Location(file, mark.line + 1, mark.column + 1) if mark else Location(file)
    lines = text.rstrip().split("\n")
    if place.line > len(lines):
        place = Location(file, len(lines), len(lines[-1]) + 1)
    match said:
        case "too-deep" | "exceeded maximum nesting depth":  # libyaml has a bound too, and may read far ahead
            message = f"more than {MAX_DEPTH} levels stand inside each other"
            return Problem(place, "too-deep", message, "no record needs more than five")
        case "too-many-values":
            return Problem(place, said, f"the file has more than {MAX_VALUES:,} values", "split it into several files")
        case "did not find expected key" | "found character that cannot start any token":
            if lines[place.line - 1].startswith("\t"):
                return Problem(place, "bad-yaml", *_TAB)
    words = _WORDS.get(said, (f"not valid YAML: {said}", "check the indentation, the quotes and the colons"))
    return Problem(place, "bad-yaml", *words)


def _check_nodes(file: str, root: Node) -> list[Problem]:
    """Keys that stand twice, explicit tags, unseen characters, and aliases that grow beyond bounds or contain
    themselves."""
    problems: list[Problem] = []
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    aliased = 0

    def walk(node: Node) -> int:
        """Check `node`, and give its size with everything in it."""
        nonlocal aliased
        if id(node) in sizes:
            aliased += sizes[id(node)]
            return sizes[id(node)]
        if node.tag:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")[:60]
            message = f"the tag '{tag}' has no meaning here"
            problems.append(Problem(locate(file, node), "tag", message, "delete it; values are plain text"))
        if isinstance(node, ScalarNode):
            sizes[id(node)] = size = 1 + len(node.value) // 100
            if node.style == '"':
                problems.extend(_check_escapes(file, node))
            return size
        if id(node) in open_nodes:
            problems.append(Problem(locate(file, node), "circular-alias", "this value contains itself", "write it out"))
            return 0
        open_nodes.add(id(node))
        size = 1
        for item in node.value:
            if isinstance(node, MappingNode):
                size += walk(item[0]) + walk(item[1])
            else:
                size += walk(item)
        if isinstance(node, MappingNode):
            problems.extend(_check_keys(file, node))
        open_nodes.discard(id(node))
        sizes[id(node)] = size
        return size

    walk(root)
    if aliased > MAX_ALIASED_VALUES:
        message = "the aliases repeat too much of the file"
        problems.append(Problem(locate(file, root), "too-many-aliases", message, "write the values out"))
    return problems


def _check_keys(file: str, node: MappingNode) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for key, _value in node.value:
        if not isinstance(key, ScalarNode):
            yield Problem(locate(file, key), "bad-key", "a key has to be a word", "write 'key: value'")
        elif key.value in seen:
            message = f"'{key.value[:60]}' is given twice; first in line {seen[key.value]}"
            yield Problem(locate(file, key), "repeated-key", message, "keep one of the two")
        else:
            seen[key.value] = key.start_mark.line + 1


def _check_escapes(file: str, node: ScalarNode) -> Iterator[Problem]:
    """Characters that an escape such as "\\e" brings in: the text of the file was searched for them already."""
    if match := _CONTROL.search(node.value):
        yield _control_character(locate(file, node), match[0])
    # A direction character that stands there as itself was placed already; an escape is longer than what it means.
    match = _DIRECTION.search(node.value)
    if match and locate(file, node).length > len(node.value) + 2:
        yield _direction(locate(file, node), match[0])


def _control_character(place: Location, character: str) -> Problem:
    message = f"the control character U+{ord(character):04X} cannot be part of a text"
    return Problem(place, "control-character", message, "delete it")


def _direction(place: Location, character: str) -> Problem:
    message = f"the unseen character U+{ord(character):04X} changes the direction of the text after it"
    return Problem(place, "direction", message, "delete it; a whole text finds its direction by itself", "warning")
