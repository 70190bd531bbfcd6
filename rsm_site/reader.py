"""One YAML or Markdown file -> plain values that know their line and column."""

import re
from collections.abc import Iterator

import yaml
from msgspec import Struct
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rsm_site.errors import Location, Problem, SiteError

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 100
MAX_ALIASED_NODES = 10_000

_BRACKET = re.compile(r"[\[\]{}]")
_DEEP_BLOCK = re.compile(rf"^(?: {{{MAX_DEPTH // 2},}}|(?: *[-?] ){{{MAX_DEPTH // 2},}})", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_PLAIN_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}
_WORDS = {
    "found character '\\t' that cannot start any token": ("a tab cannot indent YAML", "indent with spaces"),
    "found a tab character where an indentation space is expected": (
        "a tab cannot indent YAML",
        "indent with spaces",
    ),
    "mapping values are not allowed in this context": (
        "a colon stands where no key can be",
        "put the text in quotes if the colon belongs to it, or check the indentation",
    ),
    "could not find expected ':'": ("a key without its colon", "write 'key: value'"),
    "did not find expected key": ("a key was expected", "check the indentation and the quotes of this and the line above"),
    "found unexpected end of stream": ("the file ends in the middle of a value", "close the quote or the bracket"),
    "did not find expected ',' or ']'": ("a list in [] is not closed", "put ',' between values and ']' after the last"),
    "did not find expected ',' or '}'": ("a mapping in {} is not closed", "put ',' between values and '}' after the last"),
    "expected a single document in the stream": ("a second document begins", "remove the line '---'"),
}


class Document(Struct):
    """A content file: its text with LF line ends, its YAML root, and for Markdown the body and where it begins."""

    file: str
    text: str
    root: Node | None = None
    body: str = ""
    body_line: int = 1


class _Parser(yaml.cyaml.CParser, yaml.resolver.BaseResolver):  # type: ignore[misc]
    """libyaml's parser that leaves every scalar as text: NO is Norway, 012 is not ten."""

    def __init__(self, text: str) -> None:
        yaml.cyaml.CParser.__init__(self, text)
        yaml.resolver.BaseResolver.__init__(self)


def require_c_parser() -> None:
    """SiteError when this Python's PyYAML was built without libyaml."""
    if not yaml.__with_libyaml__:
        raise SiteError("PyYAML has no C parser here; install its wheel with 'pip install --force-reinstall PyYAML'")


def read_yaml(file: str, data: bytes, problems: list[Problem]) -> Document:
    """Read a YAML file; what is wrong is added to `problems`, and the root is then None."""
    text = _decode(file, data, problems)
    document = Document(file=file, text=text or "")
    if text is not None:
        document.root = _compose(file, text, problems)
        if document.root is None and not any(problem.location.file == file for problem in problems):
            problems.append(
                Problem(Location(file), "empty-file", "the file is empty", "write its records or delete it")
            )
    return document


def read_page(file: str, data: bytes, problems: list[Problem]) -> Document:
    """Read a Markdown file that begins with front matter between two lines of three hyphens."""
    text = _decode(file, data, problems)
    document = Document(file=file, text=text or "")
    if text is None:
        return document
    match = _FRONT_MATTER.match(text)
    if not match:
        problems.append(
            Problem(
                Location(file),
                "no-front-matter",
                "the page does not begin with front matter",
                "begin with a line '---', then 'title: ...', then a line '---'",
            )
        )
        return document
    # The empty first line stands for the opening hyphens, so that the line numbers are those of the file.
    document.root = _compose(file, "\n" + match[1], problems)
    if document.root is None and not any(problem.location.file == file for problem in problems):
        problems.append(Problem(Location(file), "missing-key", "'title' is missing", "add a line 'title: ...'"))
    document.body = text[match.end() :]
    document.body_line = text.count("\n", 0, match.end()) + 1
    return document


def read_text(file: str, data: bytes, problems: list[Problem]) -> Document:
    """Read a Markdown file without front matter."""
    text = _decode(file, data, problems)
    return Document(file=file, text=text or "", body=text or "")


def locate(file: str, node: Node) -> Location:
    """Where `node` stands; the length is that of a value on one line, else 1."""
    start, end = node.start_mark, node.end_mark
    one_line = isinstance(node, ScalarNode) and start.line == end.line
    return Location(file, start.line + 1, start.column + 1, max(1, end.column - start.column) if one_line else 1)


def _decode(file: str, data: bytes, problems: list[Problem]) -> str | None:
    if len(data) > MAX_BYTES:
        problems.append(
            Problem(
                Location(file),
                "too-large",
                f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB",
                "split the list into a folder of files",
            )
        )
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", errors="replace")
        problems.append(
            Problem(
                _place(file, before, len(before)),
                "not-utf-8",
                f"byte 0x{data[error.start]:02x} is not UTF-8",
                "save the file with the encoding UTF-8",
            )
        )
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if match := _CONTROL.search(text):
        problems.append(
            Problem(
                _place(file, text, match.start()),
                "control-character",
                f"the control character U+{ord(match[0]):04X} cannot be part of a text",
                "delete it",
            )
        )
        return None
    return text


def _place(file: str, text: str, offset: int) -> Location:
    before = text[:offset]
    return Location(file, before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


def _compose(file: str, text: str, problems: list[Problem]) -> Node | None:
    if too_deep := _find_too_deep(text):
        problems.append(
            Problem(
                Location(file, *too_deep),
                "too-deep",
                f"more than {MAX_DEPTH} levels stand inside each other",
                "no record needs more than five",
            )
        )
        return None
    try:
        root: Node | None = _Parser(text).get_single_node()
    except yaml.YAMLError as error:
        problems.append(_explain(file, text, error))
        return None
    if root is not None:
        found = list(_check_nodes(file, root))
        problems.extend(found)
        if any(problem.code in ("too-many-aliases", "circular-alias") for problem in found):
            return None
    return root


def _find_too_deep(text: str) -> tuple[int, int] | None:
    """Line and column of the first value nested too deeply: composing it would overflow the C stack."""
    depth = deepest = 0
    for bracket in _BRACKET.findall(text):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    if deepest < MAX_DEPTH // 2 and not _DEEP_BLOCK.search(text):
        return None
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    return event.start_mark.line + 1, event.start_mark.column + 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return None
    return None


def _explain(file: str, text: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    location = Location(file, mark.line + 1, mark.column + 1) if mark else Location(file)
    said = str(getattr(error, "problem", None) or getattr(error, "context", None) or error)
    if said.startswith("found undefined alias"):
        return Problem(location, "unknown-alias", "the alias names no anchor", "define it above with '&name'")
    if said == "did not find expected key" and _line(text, location.line).startswith("\t"):
        said = "found a tab character where an indentation space is expected"
    message, hint = _WORDS.get(said, (f"not valid YAML: {said}", "check the indentation, the quotes and the colons"))
    return Problem(location, "bad-yaml", message, hint)


def _line(text: str, number: int) -> str:
    lines = text.split("\n", number)
    return lines[number - 1] if number <= len(lines) else ""


def _check_nodes(file: str, root: Node) -> Iterator[Problem]:
    """Keys that stand twice, explicit tags, and aliases that grow beyond bounds or contain themselves."""
    sizes: dict[int, int] = {}
    aliased = 0
    open_nodes: set[int] = set()

    def walk(node: Node) -> Iterator[Problem]:
        nonlocal aliased
        if isinstance(node, ScalarNode):
            if node.tag not in _PLAIN_TAGS:
                yield _tagged(file, node)
            return
        if id(node) in open_nodes:
            yield Problem(locate(file, node), "circular-alias", "this value contains itself", "write the value out")
            return
        if id(node) in sizes:
            aliased += sizes[id(node)]
            return
        open_nodes.add(id(node))
        before = aliased
        size = 1
        if node.tag not in _PLAIN_TAGS:
            yield _tagged(file, node)
        if isinstance(node, MappingNode):
            seen: dict[str, int] = {}
            for key, value in node.value:
                if not isinstance(key, ScalarNode):
                    yield Problem(locate(file, key), "bad-key", "a key has to be a word", "write 'key: value'")
                elif key.value in seen:
                    yield Problem(
                        locate(file, key),
                        "repeated-key",
                        f"'{key.value}' is given twice; first in line {seen[key.value]}",
                        "keep one of the two",
                    )
                else:
                    seen[key.value] = key.start_mark.line + 1
                yield from walk(value)
                size += sizes.get(id(value), 1)
        elif isinstance(node, SequenceNode):
            for item in node.value:
                yield from walk(item)
                size += sizes.get(id(item), 1)
        open_nodes.discard(id(node))
        sizes[id(node)] = size + aliased - before

    yield from walk(root)
    if aliased > MAX_ALIASED_NODES:
        yield Problem(locate(file, root), "too-many-aliases", "aliases repeat too much of the file", "write the values out")


def _tagged(file: str, node: Node) -> Problem:
    tag = node.tag.replace("tag:yaml.org,2002:", "!!")
    return Problem(locate(file, node), "tag", f"the tag '{tag}' has no meaning here", "delete it; values are plain text")
