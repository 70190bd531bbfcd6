"""An edition's claims kept as they were published, and the corrections that today's content makes to them."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from hashlib import sha256
from typing import Any, Literal

from msgspec import Struct, convert, structs

from rsm_site.changes import Claim, claims_of
from rsm_site.dates import parse_day
from rsm_site.edition import Edition, edition_of
from rsm_site.errors import Location, Problem
from rsm_site.model import Citation, Factsheet, Frozen, Observation, Place, Prose, Record
from rsm_site.schema import suggest

Told = Mapping[str, str]
_SHORT = 60  # characters of a text that a message repeats
_WRITTEN = {"from": "from_", "value": "count_of"}  # fields that a record has by another name


class _Document(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    day: str
    digest: str
    claims: dict[str, dict[str, str]]


class Rewriting(Struct, frozen=True, kw_only=True):
    """Something that today's content says differently about a frozen day; `field` is empty for a whole claim."""

    day: date
    kind: Literal["changed", "added", "removed"]
    claim: str
    field: str = ""
    old: str = ""
    new: str = ""
    reason: str = ""
    record: Record | None = None


def freeze(edition: Edition) -> bytes:
    """The claims of an edition as JSON, one field a line, with a digest that shows whether it was edited by hand."""
    claims = {key: dict(told) for key, (told, _record) in sorted(_tell(edition).items())}
    day = edition.day.isoformat()
    document = {"day": day, "digest": _digest(day, claims), "claims": claims}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def thaw(frozen: Frozen) -> tuple[date, Mapping[str, Told]] | Problem:
    """Read what `freeze` wrote: the day and its claims; a problem when it is not that."""

    def refuse(message: str, line: int = 1, column: int = 1) -> Problem:
        place = Location(frozen.location.file, line, column)
        return Problem(place, "bad-frozen", message, "restore the file from version control, under its own name")

    try:
        day = parse_day(frozen.day)
    except ValueError:
        return refuse(f"'{frozen.day}' is not the day of an edition")
    try:
        document = convert(json.loads(frozen.text), _Document)
    except json.JSONDecodeError as error:
        return refuse(f"the frozen edition is not whole: {error.msg}", error.lineno, error.colno)
    except (ValueError, RecursionError):
        return refuse("this is not a frozen edition")
    if document.day != frozen.day:
        return refuse(f"the file is named {frozen.day} but holds the edition of {document.day}")
    if document.digest != _digest(document.day, document.claims):
        return refuse(f"the frozen edition of {day} was edited by hand")
    return day, document.claims


def find_corrections(factsheet: Factsheet, last: date) -> tuple[tuple[Rewriting, ...], tuple[Problem, ...]]:
    """What today's content says differently about the frozen days up to `last`, the newest day first; and as problems
    the frozen files that cannot be read or compared, rewritings without a reason, and reasons for what was not
    rewritten."""
    found: list[Rewriting] = []
    problems: list[Problem] = []
    used: set[int] = set()
    unread: set[str] = set()
    for frozen in reversed(factsheet.frozen):
        read = thaw(frozen)
        if isinstance(read, Problem):
            problems.append(read)
            unread.add(frozen.day)
            continue
        day, claims = read
        if day > factsheet.site.edition:
            message = f"{day} is frozen, but the factsheet is of {factsheet.site.edition}"
            problems.append(
                Problem(frozen.location, "later-frozen", message, "check 'edition' in site.yaml", "warning")
            )
        if day > last:
            continue
        for rewriting in _rewritings(day, claims, edition_of(factsheet, day)):
            reasons = [
                index
                for index, correction in enumerate(factsheet.corrections)
                if correction.edition == day and f"{rewriting.claim}/".startswith(f"{correction.claim}/")
            ]
            used.update(reasons)
            if reasons:
                found.append(structs.replace(rewriting, reason=factsheet.corrections[reasons[0]].reason))
            else:
                found.append(rewriting)
                problems.append(_unexplained(rewriting, frozen))
    for index, correction in enumerate(factsheet.corrections):
        if index not in used and correction.edition <= last and correction.edition.isoformat() not in unread:
            message = f"nothing in the edition of {correction.edition} was rewritten at '{correction.claim}'"
            near = suggest(correction.claim, {each.claim for each in found if each.day == correction.edition})
            hint = near or "delete the correction, or check its claim and edition"
            problems.append(Problem(correction.located("claim"), "unused-correction", message, hint, "warning"))
    return tuple(found), tuple(problems)


def _rewritings(day: date, claims: Mapping[str, Told], edition: Edition) -> Iterator[Rewriting]:
    today = _tell(edition)
    for key in sorted({*claims, *today}):
        old = claims.get(key)
        new, record = today.get(key, (None, None))
        if new is None:
            yield Rewriting(day=day, kind="removed", claim=key, old=_summary(old or {}))
        elif old is None:
            yield Rewriting(day=day, kind="added", claim=key, new=_summary(new), record=record)
        else:
            for field in sorted({*old, *new}):
                before, after = old.get(field, ""), new.get(field, "")
                if before != after:
                    yield Rewriting(
                        day=day, kind="changed", claim=key, field=field, old=before, new=after, record=record
                    )


def _unexplained(rewriting: Rewriting, frozen: Frozen) -> Problem:
    what = f"{rewriting.field} of {rewriting.claim}" if rewriting.field else rewriting.claim
    was = {"changed": f"was '{_short(rewriting.old)}'", "added": "was not there", "removed": "was there"}
    return Problem(
        _place(rewriting, frozen),
        "unexplained-correction",
        f"{what} {was[rewriting.kind]} in the frozen edition of {rewriting.day}",
        f"say why in corrections.yaml (edition: {rewriting.day}, claim: {rewriting.claim}), or take the change back",
        "warning",
    )


def _place(rewriting: Rewriting, frozen: Frozen) -> Location:
    """Where today's content says it; of what is gone, where the frozen edition does."""
    field, record = rewriting.field, rewriting.record
    if record:
        return record.located(field if field in record.marks else _WRITTEN.get(field, field))
    key = json.dumps(rewriting.claim)
    before, found, _after = frozen.text.partition(f"{key}:")
    line = before.count("\n") + 1 if found else 1
    return Location(frozen.location.file, line, len(before) - before.rfind("\n"), len(key))


def _short(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"


def _digest(day: str, claims: object) -> str:
    """SHA-256 of the day and its claims in a form that does not depend on white space."""
    text = json.dumps([day, claims], sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _tell(edition: Edition) -> dict[str, tuple[Told, Record]]:
    """Every claim by its key (list/id, for values facts/id/date/status/number), with its fields as text and its
    record."""
    told: dict[str, tuple[Told, Record]] = {}
    if mission := edition.site.mission:
        told["site/mission"] = (_fields(mission), mission)
    for fact in edition.facts:
        if fact.observations:
            count = {"value": _text(fact.observations[0].value)} if fact.is_counted else {}
            told[f"facts/{fact.fact.id}"] = ({"label": fact.fact.label, "unit": fact.fact.unit, **count}, fact.fact)
    for claim in claims_of(edition):
        told[_key(claim, told)] = (_fields(claim.record), claim.record)
    return told


def _key(claim: Claim, taken: Mapping[str, object]) -> str:
    base = f"{claim.list}/{claim.id}"
    if not isinstance(claim.record, Observation):
        return base
    base = f"{base}/{claim.record.date}/{claim.record.status}"
    number = 1
    while f"{base}/{number}" in taken:
        number += 1
    return f"{base}/{number}"


def _fields(record: Record) -> Told:
    skipped = {"file", "marks", "id", "text", "featured", "aliases", "see"}
    told = {name: _text(getattr(record, name)) for name in record.__struct_fields__ if name not in skipped}
    return {name.rstrip("_"): text for name, text in told.items() if text}


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case Prose():
            return value.text
        case Place():
            return ", ".join(f"{name} {text}" for name, text in _fields(value).items())
        case (Citation(), *_):
            return "; ".join(sorted(f"{each.id} ({each.at})" if each.at else each.id for each in value))
        case tuple():
            return "; ".join(_text(item) for item in value)
        case dict():
            return "; ".join(f"{name} {item}" for name, item in sorted(value.items()))
        case _:
            return str(value)


def _summary(told: Told) -> str:
    shown = ("label", "title", "name", "qualifier", "value", "status", "date", "total")
    return "; ".join(told[name] for name in shown if name in told)
