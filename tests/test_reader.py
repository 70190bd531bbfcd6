"""One file -> plain values that know their line and column, whatever its bytes."""

import gc
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rsm_site.errors import Problem
from rsm_site.reader import MAX_DEPTH, MAX_VALUES, Document, Lines, locate, read_page, read_text, read_yaml

YAML_LIKE = st.text(alphabet="ab01 \n\t-:?,[]{}&*!|>'\"%@`#~<=\\\r\ufeff\u202e\x00é\U0001f600", max_size=60)
ANY_BYTES = st.one_of(st.binary(max_size=60), YAML_LIKE.map(str.encode), YAML_LIKE.map(lambda t: t.encode("utf-16")))


def read(data: bytes) -> tuple[Document, list[Problem]]:
    """Read YAML and give the document and its problems."""
    problems: list[Problem] = []
    return read_yaml("x.yaml", data, problems), problems


def plain(node: Node | None) -> object:
    """The values of a node, without their places."""
    if isinstance(node, MappingNode):
        return {key.value: plain(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.value]
    return node.value if isinstance(node, ScalarNode) else None


@settings(max_examples=400)
@given(ANY_BYTES)
@example(b"a: &a [*a]")
@example(b"? ? ? a")
@example(b"\xff\xfe")
@example(b"a: |\n\tb")
def test_any_bytes_are_a_document_or_a_placed_problem(data: bytes) -> None:
    """Reading never fails; a file without a root has an error, and each problem stands in the file."""
    for reader in (read_yaml, read_page):
        problems: list[Problem] = []
        document = reader("x", data, problems)
        lines = document.text.split("\n")
        assert document.root is not None or any(problem.severity == "error" for problem in problems)
        for problem in problems:
            place = problem.location
            assert 1 <= place.line <= len(lines)
            assert 1 <= place.column <= len(lines[place.line - 1]) + 1
            assert problem.message
            assert problem.hint


@given(st.text())
def test_lines_and_columns_lead_back_to_the_character(text: str) -> None:
    """The place of each character is its line and column, counted from one."""
    lines = Lines(text)
    split = text.split("\n")
    for offset, character in enumerate(text):
        place = lines.place("x", offset)
        if character != "\n":
            assert split[place.line - 1][place.column - 1] == character


@pytest.mark.parametrize("value", ["NO", "yes", "012", "2012", "1_000", "0x10", "12:30", "1e3", ".inf", "null", "~"])
def test_every_value_stays_text(value: str) -> None:
    """NO is Norway, 012 is not ten, 2012 is not a number yet."""
    document, problems = read(f"a: {value}\n".encode())
    assert problems == []
    assert plain(document.root) == {"a": value}


def test_line_ends_and_marks_of_encoding_do_not_move_a_place() -> None:
    """A value stands in the same place with LF, CRLF or CR, and after a byte order mark."""
    for data in (b"a: 1\nb: 2\n", b"a: 1\r\nb: 2\r\n", b"a: 1\rb: 2\r", b"\xef\xbb\xbfa: 1\nb: 2\n"):
        document, problems = read(data)
        assert problems == []
        assert isinstance(document.root, MappingNode)
        place = locate("x.yaml", document.root.value[1][1])
        assert (place.line, place.column, place.length) == (2, 4, 1)


def test_a_repeated_key_names_the_first() -> None:
    """The second of two equal keys is the problem; the line of the first is said."""
    _document, problems = read(b"a: 1\nb: 2\na: 3\n")
    assert [(p.location.line, p.code, p.message) for p in problems] == [
        (3, "repeated-key", "'a' is given twice; first in line 1")
    ]


def test_a_few_aliases_are_welcome() -> None:
    """Anchors and aliases save writing."""
    document, problems = read(b"- &one {a: 1}\n- *one\n")
    assert problems == []
    assert plain(document.root) == [{"a": "1"}, {"a": "1"}]


BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(12)
)
HUGE = {
    "brackets": (b"[" * 1_000_000, "too-deep"),
    "brackets closed in quotes": (b'["]",' * 200_000, "too-deep"),
    "braces": (b"{a: " * 200_000, "too-deep"),
    "hyphens": (b"- " * 1_000_000, "too-deep"),
    "question marks": (b"? " * 1_000_000, "too-deep"),
    "indentation": (b"".join(b" " * i + b"a:\n" for i in range(2000)), "too-deep"),
    "values": (b"[" + b"a," * 2_000_000 + b"]", "too-many-values"),
    "alias bomb": (BOMB, "too-many-aliases"),
    "aliases of a long text": (b"a: &x '" + b"x" * 90_000 + b"'\nb: [" + b"*x," * 50_000 + b"]", "too-many-aliases"),
    "quotes": (b"'" * 5_000_001, "bad-yaml"),
    "exclamation marks": (b"!" * 5_000_000, "tag"),
    "anchors": (b"&a " * 1_000_000, "bad-yaml"),
    "colons": (b":" * 5_000_000, "bad-yaml"),
    "percent signs": (b"%" * 5_000_000, "bad-yaml"),
    "comment": (b"#" * 10_000_000, "empty-file"),
    "empty lines": (b"\n" * 10_000_000, "empty-file"),
    "null bytes": (b"\0" * 10_000_000, "control-character"),
    "direction marks": ("\u202e".encode() * 3_000_000, "direction"),
}


@pytest.mark.parametrize("name", HUGE)
def test_time_is_bounded(name: str) -> None:
    """Each input that is made to take long is a placed problem within two seconds."""
    data, code = HUGE[name]
    gc.collect()
    gc.disable()  # as the loader does; the heap of a test process is that of all tests before
    try:
        for _ in range(3):  # on a busy machine a try may be slow for no reason of its own
            started = time.process_time()
            _document, problems = read(data)
            seconds = time.process_time() - started
            if seconds < 2:
                break
    finally:
        gc.enable()
    assert seconds < 2
    assert code in {problem.code for problem in problems}


def test_the_bounds_leave_room() -> None:
    """Ten thousand records of twenty values are read; so is what is nested just less than too deep."""
    assert MAX_VALUES > 10_000 * 20
    document, problems = read(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert problems == []
    assert document.root is not None


def test_a_page_knows_where_its_body_begins() -> None:
    """Front matter keeps the file's line numbers, and the body begins below its second line of hyphens."""
    problems: list[Problem] = []
    document = read_page("x.md", b"---\ntitle: A\norder: 2\n---\nBody\n---\nmore\n", problems)
    assert problems == []
    assert isinstance(document.root, MappingNode)
    assert locate("x.md", document.root.value[1][1]).line == 3
    assert (document.body, document.body_line) == ("Body\n---\nmore\n", 5)


def test_what_is_no_text_has_no_body() -> None:
    """A file that is not UTF-8 is one problem, and nothing more is read from it."""
    problems: list[Problem] = []
    document = read_text("x.md", b"caf\xe9", problems)
    assert [problem.code for problem in problems] == ["not-utf-8"]
    assert (document.body, document.is_text) == ("", False)
