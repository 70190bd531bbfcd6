"""Problems as terminals, editors and CI read them."""

import json

from hypothesis import given
from hypothesis import strategies as st

from rsm_site import report
from rsm_site.errors import Location, Problem


def problem(line: int, column: int, length: int = 1, message: str = "wrong", hint: str = "mend it") -> Problem:
    """A problem in x.yaml."""
    return Problem(Location("x.yaml", line, column, length), "code", message, hint)


def text(found: Problem, source: str) -> list[str]:
    """The lines that are printed for one problem."""
    return list(report.as_text([found], {"x.yaml": source}))


def test_a_problem_shows_its_line_and_points_at_the_place() -> None:
    """The first line is for tools, the next two show the place with the remedy."""
    assert text(problem(14, 9, 10), "\n" * 13 + "  date: 2014-02-30\n") == [
        "x.yaml:14:9: error[code]: wrong",
        "   14 |   date: 2014-02-30",
        "      |         ^^^^^^^^^^ mend it",
    ]


def test_carets_stand_below_wide_and_combining_characters() -> None:
    """A wide character takes two columns, a combining one none, an unseen one as many as it is spelled with."""
    assert text(problem(1, 4), "日本 x") == [
        "x.yaml:1:4: error[code]: wrong",
        "    1 | 日本 x",
        "      |      ^ mend it",
    ]
    assert text(problem(1, 4), "e\u0301 x")[2] == "      |   ^ mend it"
    assert text(problem(1, 2), "\u202ex") == [
        "x.yaml:1:2: error[code]: wrong",
        "    1 | \\u202ex",
        "      |       ^ mend it",
    ]


def test_a_long_line_is_cut_around_the_place() -> None:
    """The place is in sight however long the line is."""
    lines = text(problem(1, 5000, 3), "a" * 4999 + "bcd" + "a" * 5000)
    assert all(len(line) < 140 for line in lines)
    start = lines[2].index("^")
    assert lines[1][start : start + 3] == "bcd"


def test_an_empty_line_shows_the_remedy_alone() -> None:
    """Where there is nothing to show, the remedy still stands."""
    assert text(problem(1, 1), "") == ["x.yaml:1:1: error[code]: wrong", "      | mend it"]
    assert text(problem(9, 1, hint=""), "a\n") == ["x.yaml:9:1: error[code]: wrong"]


@given(st.text(), st.text(), st.integers(1, 50), st.integers(1, 10))
def test_content_cannot_steer_a_terminal(message: str, source: str, column: int, length: int) -> None:
    """No control or direction character of the content is printed, and each problem is at most three lines."""
    source = source.replace("\n", " ")
    lines = text(problem(1, min(column, len(source) + 1), length, message, message), source)
    assert len(lines) <= 3
    assert all(character.isprintable() or ord(character) > 0x9F for line in lines for character in line)
    assert not any(character in line for line in lines for character in "\u202a\u202e\u2066\u2069\u200f\u2028\u2029")


@given(st.text(), st.text())
def test_annotations_are_one_line_each(message: str, hint: str) -> None:
    """A line end in a message cannot begin another workflow command."""
    (line,) = report.as_github([problem(1, 1, message=message, hint=hint)])
    assert line.startswith("::error file=x.yaml,line=1,col=1,title=code::")
    assert "\n" not in line
    assert "\r" not in line


def test_json_is_a_list() -> None:
    """Without a problem it is empty; characters are kept as they are."""
    assert json.loads(report.as_json([])) == []
    assert json.loads(report.as_json([problem(1, 1, message="é\n")]))[0]["message"] == "é\n"
