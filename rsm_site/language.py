"""The page's language: interface words from its strings file, and dates, numbers and country names as its readers
write them (Unicode CLDR, through babel)."""

import datetime
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from rsm_site.dates import DatePoint, PartialDate, of_day
from rsm_site.errors import SiteError

if TYPE_CHECKING:
    from babel import Locale

Words = str | Mapping[str, str]


class MissingWordsError(SiteError, LookupError):
    """The templates have no words under a key, or none that can be used."""


@cache
def _locale(tag: str) -> "Locale":
    """The CLDR locale; English without a region is that of the world, which writes 30 September 2014."""
    from babel import Locale

    return Locale.parse("en_001" if tag.lower() == "en" else tag.replace("-", "_"))


def is_language(tag: str) -> bool:
    """Tell whether `tag` is a BCP 47 tag that CLDR knows."""
    from babel.core import UnknownLocaleError

    try:
        _locale(tag)
    except (ValueError, UnknownLocaleError):
        return False
    return "_" not in tag


def is_country(code: str) -> bool:
    """Tell whether `code` is a country of ISO 3166-1 alpha-2, or XK."""
    return (
        len(code) == 2 and code.isascii() and code.isupper() and code in _countries("en") and code not in _NO_COUNTRIES
    )


# The digit zero of each numbering system that CLDR gives a language by default; Babel itself writes Latin digits.
_ZERO = {
    "adlm": 0x1E950,
    "arab": 0x660,
    "arabext": 0x6F0,
    "beng": 0x9E6,
    "cakm": 0x11136,
    "deva": 0x966,
    "hmnp": 0x1E140,
    "mtei": 0xABF0,
    "mymr": 0x1040,
    "nkoo": 0x7C0,
    "olck": 0x1C50,
    "tibt": 0xF20,
}

_MONTH = re.compile(r"M{3,}|L{3,}")

_NO_COUNTRIES = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}


@cache
def _countries(tag: str) -> Mapping[str, str]:
    return _locale(tag).territories


class Language:
    """Words, dates, numbers and names in one language and its digits; `strings` are the interface words by key."""

    def __init__(self, tag: str, strings: Mapping[str, Words]) -> None:
        """Use the CLDR data of `tag`, ValueError when there is none."""
        self.tag = tag
        self.strings = strings
        self.locale = _locale(tag)
        self.direction: str = self.locale.text_direction
        zero = _ZERO.get(self.locale.default_numbering_system, ord("0"))
        self._digits = {ord("0") + digit: zero + digit for digit in range(10)}
        self._dates: dict[PartialDate, str] = {}
        self._numbers: dict[str, str] = {}

    def word(self, key: str, **values: object) -> str:
        """The interface words of `key` with `values` put in; `count` chooses the plural. MissingWordsError when there
        are none, or none that take these values."""
        if key not in self.strings:
            raise MissingWordsError(f"there are no interface words '{key}'; write them into templates/strings/en.yaml")
        words = self.strings[key]
        try:
            if not isinstance(words, str):
                count = values["count"]
                form = self.locale.plural_form(count) if isinstance(count, int | Decimal) else "other"
                words = words.get(form, words["other"])
                if isinstance(count, int | Decimal):
                    values["count"] = self.number(count)
            return words.format_map(values) if values else words
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            message = f"the interface words '{key}' cannot be filled in ({error!r})"
            raise MissingWordsError(f"{message}; compare templates/strings/ with those of rsm-site") from error

    def number(self, value: int | Decimal) -> str:
        """The number with this language's separators and digits."""
        from babel.numbers import format_decimal

        key = str(value)  # 1.0 and 1 are equal, and not written alike
        if key not in self._numbers:
            words = format_decimal(value, locale=self.locale, decimal_quantization=False, numbering_system="default")
            self._numbers[key] = words.translate(self._digits)
        return self._numbers[key]

    def compact(self, value: int | float) -> str:
        """The number in few letters, as an axis has it (12K)."""
        from babel.numbers import format_compact_decimal

        words = format_compact_decimal(value, locale=self.locale, fraction_digits=1, numbering_system="default")
        # Some languages have no short form of thousands; Babel then leaves out their separators.
        return self.number(int(words)) if words.isdigit() else words.translate(self._digits)

    def percent(self, part: int, whole: int) -> str:
        """The share of `part` in `whole`, rounded to a whole percent; of nothing it is 100 %."""
        from babel.numbers import format_percent

        share = Decimal(part) / Decimal(whole) if whole else Decimal(1)
        words = format_percent(share, locale=self.locale, numbering_system="default")
        # Babel leaves the sign of the pattern as it stands.
        symbols = self.locale.number_symbols.get(self.locale.default_numbering_system, {})
        return words.replace("%", symbols.get("percentSign", "%")).translate(self._digits)

    def day(self, day: datetime.date) -> str:
        """A day in words."""
        return self.date(of_day(day))

    def date(self, date: PartialDate) -> str:
        """A date in words, at its own precision."""
        if date not in self._dates:
            self._dates[date] = self._date(date)
        return self._dates[date]

    def country(self, code: str) -> str:
        """The country's name, in English where CLDR has none in the language."""
        return _countries(self.tag).get(code) or _countries("en")[code]

    def country_or_none(self, code: str) -> str | None:
        """The country's name, None when there is no such country."""
        return self.country(code) if is_country(code) else None

    def join(self, items: Iterable[str]) -> str:
        """The items as a list in a sentence: a, b and c."""
        from babel.lists import format_list

        return format_list(list(items), locale=self.locale)

    def value(self, value: Any) -> str:
        """A fact's value in words, without its qualifier."""
        if isinstance(value, PartialDate):
            return self.date(value)
        return value if isinstance(value, str) else self.number(value)

    def qualified(self, value: Any, qualifier: str, status: str = "reported", unit: str = "") -> str:
        """A fact's value in the reader's words: about 10,000; about 16,000 people (planned)."""
        words = self.value(value)
        is_about = isinstance(value, PartialDate) and value.start.approximate
        if qualifier != "exactly" and not (qualifier == "about" and is_about):
            words = self.word(f"value_{qualifier}", value=words)
        if unit:
            words = f"{words} {unit}"
        return words if status == "reported" else self.word(f"value_{status}", value=words)

    def _date(self, date: PartialDate) -> str:
        start = self._point(date.start)
        if not date.is_interval:
            return start
        if date.end is None:
            return self.word("date_since", start=start)
        words = self._interval(date.start, date.end)
        return words or self.word("date_range", start=start, end=self._point(date.end))

    def _interval(self, start: DatePoint, end: DatePoint) -> str:
        """Two points with what they share said once (11–12 July 2018), empty when they are too unlike for that."""
        from babel.dates import format_date

        if start.is_vague or end.is_vague or start.precision != end.precision:
            return ""
        skeleton = {"day": "yMMMd", "month": "yMMM", "year": "y"}[start.precision]
        first, last = start.earliest, end.earliest
        parts = {"y": first.year != last.year, "M": first.month != last.month, "d": first.day != last.day}
        differing = next((field for field, differs in parts.items() if differs), "")
        patterns = self.locale.interval_formats.get(skeleton, {}).get(differing, ())
        # CLDR has intervals with short months only; the pattern is the same with whole ones.
        whole = (_MONTH.sub(lambda found: found[0][0] * 4, pattern) for pattern in patterns)
        days = zip((first, last), whole, strict=False)
        return "".join(format_date(day, pattern, locale=self.locale) for day, pattern in days).translate(self._digits)

    def _point(self, point: DatePoint) -> str:
        from babel.dates import format_date, format_skeleton

        if point.precision == "day":
            words = format_date(point.earliest, "long", locale=self.locale)
        else:
            skeleton = "yMMMM" if point.precision == "month" else "y"
            words = format_skeleton(skeleton, point.earliest, locale=self.locale)
        words = words.translate(self._digits)
        if point.approximate:
            return self.word("date_about", date=words)
        return self.word("date_uncertain", date=words) if point.uncertain else words
