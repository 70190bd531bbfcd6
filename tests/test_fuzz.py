"""What the fuzzers of tests/fuzz began with and what they have found: each is a placed problem or a good result."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from conftest import TESTS
from fuzz import oracles

FOUND = TESTS / "fuzz" / "found"


def found(name: str) -> list[bytes]:
    """What a fuzzer has found, in order of the files' names."""
    return [path.read_bytes() for path in sorted((FOUND / name).iterdir())]


def failures(inputs: Iterable[bytes], check: Callable[[bytes], None]) -> list[tuple[bytes, str]]:
    """The inputs of which something does not hold, and what."""
    wrong = []
    for data in inputs:
        try:
            check(data)
        except Exception as error:
            wrong.append((data, repr(error)[:300]))
    return wrong


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>",
        "<p onclick=x>y</p>",
        "<p style=x>y</p>",
        "<a href='java&#10;script:x'>y</a>",
        "<a href=' data:text/html,x'>y</a>",
        "<img src=x>",
        "<iframe></iframe>",
        "</p>",
        "<b><i>x</b></i>",
    ],
)
def test_what_runs_is_seen(html: str) -> None:
    """What the fuzzers look for is found where it is."""
    assert oracles.Markup(html).wrong


def test_any_markdown_is_refused_or_harmless() -> None:
    """Every text that a fuzzer has found or begins with is refused with its place, or becomes harmless HTML, soon."""
    assert failures([*found("markdown"), *oracles.markdown_seeds()], oracles.check_markdown) == []


@pytest.mark.timeout(120)
def test_any_content_is_refused_or_a_good_site(tmp_path: Path) -> None:
    """Every content file that a fuzzer has found or begins with is a placed problem or a good site, soon."""
    assert failures([*found("content"), *oracles.content_seeds()], oracles.content_checker(tmp_path)) == []
