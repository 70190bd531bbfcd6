"""The interface words: every language says everything that English says, with the same places to fill."""

import re
from pathlib import Path

import pytest
import yaml

STRINGS = Path(__file__).parent.parent / "templates/strings"
LANGUAGES = sorted(path.stem for path in STRINGS.glob("*.yaml") if path.stem != "en")


def read(language: str) -> dict[str, str | dict[str, str]]:
    """The words of a language by key."""
    words: dict[str, str | dict[str, str]] = yaml.load(
        (STRINGS / f"{language}.yaml").read_text(encoding="utf-8"), yaml.BaseLoader
    )
    return words


def forms(words: str | dict[str, str]) -> dict[str, str]:
    """The plural forms of words; those that have none are said in one way."""
    return words if isinstance(words, dict) else {"": words}


@pytest.mark.parametrize("language", LANGUAGES)
def test_has_every_word(language: str) -> None:
    """A language has the keys of English, no other, in the same order, and plural forms where English has them."""
    english, own = read("en"), read(language)
    assert list(own) == list(english)
    assert not [key for key in english if isinstance(own[key], dict) != isinstance(english[key], dict)]
    assert not [key for key, words in own.items() if isinstance(words, dict) and "other" not in words]


@pytest.mark.parametrize("language", LANGUAGES)
def test_has_the_same_places_to_fill(language: str) -> None:
    """What stands in braces is the same in each form of each language."""
    english, own = read("en"), read(language)
    for key, words in english.items():
        wanted = set(re.findall(r"\{(\w+)\}", " ".join(forms(words).values())))
        for form, said in forms(own[key]).items():
            assert set(re.findall(r"\{(\w+)\}", said)) == wanted, (key, form)
