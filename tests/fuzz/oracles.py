"""What must hold of any bytes: as a Markdown text, and as any file of the content."""

import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from itertools import cycle, islice
from pathlib import Path

from payloads import ALL, LONG_POSITIONS, POSITIONS
from test_bad_inputs import FILES, GOOD

from rsm_site import prose
from rsm_site.build import check_site
from rsm_site.config import Config, make_config
from rsm_site.errors import ContentError, Location, Problem
from rsm_site.loader import load_factsheet
from rsm_site.model import Prose
from rsm_site.proofreading import check
from rsm_site.prose import Answer, Converter
from rsm_site.reader import read_text

SECONDS = 2
NAMES = tuple(FILES)
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
_HANDLER = re.compile(r"on|style$|srcdoc$|formaction$|action$|ping$|background$")
_ADDRESS = {"href", "src", "cite", "data", "poster", "xlink:href"}
_SCHEME = re.compile(r"[\x00-\x20]*(?:https?:|mailto:|[^:]*$|[^:]*[/?#])", re.IGNORECASE)


class Markup(HTMLParser):
    """What a piece of HTML has that may not be in it."""

    def __init__(self, html: str, scripts: frozenset[str] = frozenset()) -> None:
        """Parse `html`, in which scripts may begin with the `scripts` alone."""
        super().__init__()
        self.wrong: list[str] = []
        self.open: list[str] = []
        self.scripts = scripts
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that runs or loads something."""
        text = self.get_starttag_text() or ""
        if tag == "script" and not any(text.startswith(each) for each in self.scripts):
            self.wrong.append(text)
        if tag in ("iframe", "object", "embed", "form", "base", "template", "img", "image"):
            self.wrong.append(text)
        for name, value in attrs:
            if _HANDLER.match(name) or (name in _ADDRESS and not _SCHEME.match(value or "")):
                self.wrong.append(text)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Note an end without a beginning."""
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")


def check_markdown(data: bytes) -> None:
    """A text is refused with a place, or becomes HTML in which nothing runs and every element ends; soon."""
    with _in_time():
        problems: list[Problem] = []
        text = read_text("x.md", data, problems).body
        for style in (None, ""):
            problems += check(Prose(text, Location("x.md"), style), text)
        lines = text.split("\n")
        _check_places(problems, {"x.md": lines} if text else {})
        if any(problem.severity == "error" for problem in check(Prose(text, Location("x.md")), text)):
            return
        compiled = Converter().compile(text, prefix="p-")
        html = prose.render(
            compiled, lambda reference: Answer("<script>'\"", "index.html", "<img onerror=x>"), lambda url: f"../{url}"
        )
    markup = Markup(html)
    assert (markup.wrong, markup.open) == ([], []), html


def content_checker(folder: Path, *, builds: bool = True) -> Callable[[bytes], None]:
    """A function that puts bytes into the content file that their first byte names, and loads the content, then builds
    the site: a placed problem or whole pages in which nothing runs; soon. It works in `folder`."""
    config = make_config(project=folder, cache=folder / "cache")
    for name, text in GOOD.items():
        _write(config.content / name, text.encode())

    def check_content(data: bytes) -> None:
        name = NAMES[data[0] % len(NAMES)] if data else NAMES[0]
        path = config.content / name
        _write(path, data[1:])
        try:
            with _in_time():
                loaded = load_factsheet(config)
            _check_places(loaded.problems, {name: text.split("\n") for name, text in loaded.texts.items()})
            is_good = not any(problem.severity == "error" for problem in loaded.problems)
            assert loaded.factsheet or not is_good
            if is_good and builds:
                with _in_time():
                    _check_pages(config)
        finally:
            if name in GOOD:
                _write(path, GOOD[name].encode())
            else:
                path.unlink()

    return check_content


def temporary_folder() -> "tempfile.TemporaryDirectory[str]":
    """A folder in memory where there is one."""
    memory = Path("/dev/shm")
    return tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)


def markdown_seeds() -> Iterator[bytes]:
    """Each payload once, in one position after the other."""
    for payload, position in zip(ALL, cycle([*POSITIONS.values(), *LONG_POSITIONS.values()])):
        yield position.format(payload, payload, payload).encode()


def content_seeds() -> Iterator[bytes]:
    """Each content file as it is, and with a payload for its first text."""
    for number, (name, text) in enumerate(FILES.items()):
        yield bytes([number]) + text.encode()
        for payload in islice(ALL, number, None, 40):
            yield bytes([number]) + re.sub(r"(?<=: )[A-Z]\w+", lambda _: repr(payload), text, count=1).encode()  # noqa: B023
        assert NAMES[number] == name


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _check_pages(config: Config) -> None:
    """Problems that show only when the site is made have a place as well; else every page is whole and harmless."""
    try:
        pages = check_site(config).files
    except ContentError as error:
        _check_places(error.problems, {name: text.split("\n") for name, text in error.texts.items()})
        return
    for url, page in pages.items():
        if url.endswith(".html"):
            markup = Markup(page.decode(), frozenset(["<script src=", '<script type="application/ld+json"']))
            assert (markup.wrong, markup.open) == ([], []), url


def _check_places(problems: Iterable[Problem], texts: dict[str, list[str]]) -> None:
    for problem in problems:
        place = problem.location
        assert problem.message, problem
        assert min(place.line, place.column, place.length) >= 1, problem
        if place.file in texts:
            lines = texts[place.file]
            assert place.line <= len(lines), problem
            assert place.column <= len(lines[place.line - 1]) + 1, problem


@contextmanager
def _in_time() -> Iterator[None]:
    started = time.process_time()
    yield
    took = time.process_time() - started
    assert took < SECONDS, f"took {took:.1f} s"
