"""Where something stands in the content, what is wrong there, and the exceptions that end a command."""

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

Severity = Literal["error", "warning"]


class Location(Struct, frozen=True, order=True, gc=False):
    """A place in a source file: line and column count from 1, `length` is in characters. There may be thousands, none
    of which the collector of garbage need look at."""

    file: str
    line: int = 1
    column: int = 1
    length: int = 1


class Problem(Struct, frozen=True, order=True):
    """One thing an editor has to know of: where it is, what is wrong, and the remedy."""

    location: Location
    code: str
    message: str
    hint: str = ""
    severity: Severity = "error"


def has_error(problems: Iterable[Problem]) -> bool:
    """Tell whether any of the problems is an error."""
    return any(problem.severity == "error" for problem in problems)


class SiteError(Exception):
    """The command cannot go on; the message is one sentence for the user."""

    exit_status = 3


class UsageError(SiteError):
    """The command was called in a way that cannot be right: an unknown option, an output folder that is none."""

    exit_status = 2


class ContentError(SiteError):
    """The content has errors; carries every problem found, warnings too, and the text of each file by its name."""

    exit_status = 1

    def __init__(self, problems: Iterable[Problem], texts: Mapping[str, str]) -> None:
        """Keep `problems` in the order of file and line."""
        self.problems = tuple(sorted(problems))
        self.texts = texts
        count = sum(problem.severity == "error" for problem in self.problems)
        super().__init__(f"{count} error{'' if count == 1 else 's'} in the content; nothing was written")


class OutputError(SiteError):
    """The output folder cannot be written: disk full, no permission, another build at work."""


class PublishError(SiteError):
    """A release could not be put on its host, or not be checked there."""
