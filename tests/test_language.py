"""Dates, numbers and names in the page's language."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rsm_site.config import packaged_templates
from rsm_site.dates import parse_date
from rsm_site.errors import SiteError
from rsm_site.language import Language, is_country, is_language
from rsm_site.strings import read_strings


def language(tag: str) -> Language:
    """The language with the interface words of the templates."""
    return Language(tag, read_strings(packaged_templates(), tag)[0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2014-09-30", "30 September 2014"),
        ("2014-09", "September 2014"),
        ("2014", "2014"),
        ("2014~", "about 2014"),
    ],
)
def test_a_date_is_told_at_its_own_precision(text: str, words: str) -> None:
    """A month has no day, a year no month; what is about a time says so."""
    assert language("en").date(parse_date(text)) == words


@pytest.mark.parametrize(("tag", "as_usual"), [("EN", "en"), ("DE", "de"), ("De-at", "de-AT"), ("FR-CA", "fr-CA")])
def test_a_tag_is_the_same_in_capitals(tag: str, as_usual: str) -> None:
    """BCP 47 does not tell capitals from small letters: the words and the dates are those of the tag as it is usual."""
    assert read_strings(packaged_templates(), tag) == read_strings(packaged_templates(), as_usual)
    day = parse_date("2014-01-30")
    assert language(tag).date(day) == language(as_usual).date(day)


def test_uncertain_dates_and_intervals_are_told_as_such() -> None:
    """The words of a date show its mark or both its ends."""
    told = {text: language("en").date(parse_date(text)) for text in ("2014?", "2014/2016", "2021/..")}
    assert len(set(told.values())) == 3
    assert "2014" in told["2014/2016"]
    assert "2016" in told["2014/2016"]
    assert told["2014?"] != "2014"
    assert told["2021/.."] != "2021"


def test_about_is_said_once() -> None:
    """A date that is itself about a time is not called so again by the value's qualifier."""
    told = {text: language("en").qualified(parse_date(text), "about") for text in ("2014", "2014~", "2014~/2016")}
    assert told == {"2014": "about 2014", "2014~": "about 2014", "2014~/2016": "about 2014 to 2016"}


def test_numbers_follow_the_language() -> None:
    """Separators and digits are those of its readers."""
    assert language("en").number(13000) == "13,000"
    assert language("de").number(13000) == "13.000"
    assert language("fa").number(13000) == "۱۳٬۰۰۰"
    assert language("de").number(Decimal("12.5")) == "12,5"


def test_direction_and_names_follow_the_language() -> None:
    """Persian runs from the right; countries have its names."""
    assert (language("fa").direction, language("en").direction) == ("rtl", "ltr")
    assert language("de").country("NO") == "Norwegen"


@pytest.mark.parametrize("code", ["NO", "AF", "XK", "GB"])
def test_country_codes(code: str) -> None:
    """ISO 3166-1 alpha-2, and Kosovo."""
    assert is_country(code)


@pytest.mark.parametrize("code", ["UK", "EU", "UN", "no", "NOR", "ZZ", "XA", "001", "", "ＮＯ"])
def test_what_is_no_country_code(code: str) -> None:
    """Unions, small letters, three letters and look-alikes are none."""
    assert not is_country(code)


@pytest.mark.parametrize(
    ("tag", "known"),
    [
        ("en", True),
        ("pt-BR", True),
        ("zh-Hant", True),
        ("English", False),
        ("en_GB", False),
        ("xx", False),
        ("", False),
    ],
)
def test_language_tags(tag: str, known: bool) -> None:
    """A tag is BCP 47, with hyphens, of a language that CLDR knows."""
    assert is_language(tag) is known


def test_words_that_are_missing_are_english(tmp_path: Path) -> None:
    """A language file may lack words; without one they are not its own; a broken one is told in a sentence."""
    folder = tmp_path / "strings"
    folder.mkdir()
    (folder / "en.yaml").write_text("a: one\nb: two\n", encoding="utf-8")
    (folder / "de.yaml").write_text("a: eins\n", encoding="utf-8")
    assert read_strings(tmp_path, "de-CH") == ({"a": "eins", "b": "two"}, True)
    assert read_strings(tmp_path, "fr") == ({"a": "one", "b": "two"}, False)
    for data, said in ((b"a: [", r"2:1: did not find expected node content"), (b"a: \xff", r" invalid start byte")):
        (folder / "de.yaml").write_bytes(data)
        with pytest.raises(SiteError, match=rf"cannot be read: {re.escape(str(folder))}/de\.yaml:{said}$"):
            read_strings(tmp_path, "de")
    (folder / "en.yaml").write_text("- a\n", encoding="utf-8")
    with pytest.raises(SiteError, match="are not 'key: words'"):
        read_strings(tmp_path, "en")


def test_words_that_nobody_has_are_named() -> None:
    """Templates of one's own that lack words the program asks for are told which, in a sentence."""
    with pytest.raises(SiteError, match="there are no interface words 'edition'; write them into templates/strings/en"):
        Language("en", {"a": "one"}).word("edition")


@pytest.mark.parametrize("words", ["{day}", "{date", "{}", "{date.x}", {"one": "{date}"}, ["{date}"]])
def test_words_that_do_not_fit_are_named(words: Any) -> None:
    """Words of one's own that want other values than the program has are no fault of the program."""
    with pytest.raises(SiteError, match="the interface words 'edition' cannot be filled in"):
        Language("en", {"edition": words}).word("edition", date="1 May")
