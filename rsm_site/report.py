"""Problems -> what terminals, editors and CI read."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from unicodedata import combining, east_asian_width

from rsm_site.errors import Problem

WIDTH = 120
Listed = Callable[[Sequence[Problem], Mapping[str, str]], Iterable[str]]

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def as_text(problems: Iterable[Problem], texts: Mapping[str, str]) -> Iterator[str]:
    """Each problem as one line that tools can parse, then its line of the file with the place and the remedy; `texts`
    are the files that were read, by the name that problems use."""
    split: dict[str, list[str]] = {}
    for problem in problems:
        place = problem.location
        head = f"{place.file}:{place.line}:{place.column}: {problem.severity}[{problem.code}]: {problem.message}"
        yield printable(head)
        if place.file not in split:
            split[place.file] = texts.get(place.file, "").split("\n")
        lines = split[place.file]
        line = lines[place.line - 1] if place.line <= len(lines) else ""
        if line.strip():
            # Long lines are cut around the place, so that the caret still stands below it.
            cut = max(0, place.column - 60) if len(line) > WIDTH else 0
            before, marked = line[cut : place.column - 1], line[place.column - 1 :][: place.length]
            yield f"{place.line:5} | {printable(line[cut : cut + WIDTH])}"
            carets = "^" * max(1, _columns(marked[: WIDTH - len(before)]))
            yield f"      | {' ' * _columns(before)}{carets} {printable(problem.hint)}".rstrip()
        elif problem.hint:
            yield f"      | {printable(problem.hint)}"


def as_json(problems: Iterable[Problem]) -> str:
    """The problems as a JSON list of objects with file, line, column, code, severity, message and hint."""
    import json

    listed = [
        {
            "file": problem.location.file,
            "line": problem.location.line,
            "column": problem.location.column,
            "code": problem.code,
            "severity": problem.severity,
            "message": problem.message,
            "hint": problem.hint,
        }
        for problem in problems
    ]
    return json.dumps(listed, ensure_ascii=False, indent=1)


def as_github(problems: Iterable[Problem]) -> Iterator[str]:
    """The problems as workflow commands that annotate the lines of a change on GitHub."""

    def escape(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    def escape_property(text: str) -> str:
        return escape(text).replace(":", "%3A").replace(",", "%2C")

    for problem in problems:
        place = problem.location
        message = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
        yield (
            f"::{problem.severity} file={escape_property(place.file)},line={place.line},col={place.column},"
            f"title={escape_property(problem.code)}::{escape(message)}"
        )


def printable(text: str) -> str:
    """The text with control and direction characters spelled out, so that content cannot steer a terminal."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}" if match[0] != "\t" else " ", text)


def _columns(text: str) -> int:
    """How many columns of a terminal the text takes: wide characters two, combining ones none."""
    return sum(2 if east_asian_width(c) in "WF" else 0 if combining(c) else 1 for c in printable(text))
