"""An edition's claims kept as they were published, and the corrections that today's content makes to them."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from hashlib import sha256
from typing import Any, Literal

from msgspec import Struct, structs

from rsm_site.changes import Claim, claims_of
from rsm_site.dates import parse_day
from rsm_site.edition import Edition, edition_of
from rsm_site.errors import Problem
from rsm_site.model import Citation, Factsheet, Frozen, Observation, Place, Prose, Record

Told = Mapping[str, str]


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
    document = {"day": edition.day.isoformat(), "digest": _digest(claims), "claims": claims}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def thaw(frozen: Frozen) -> tuple[date, Mapping[str, Told]]:
    """Read what `freeze` wrote: the day and its claims; ValueError with the reason when it is not that."""
    day = parse_day(frozen.day)
    try:
        document = json.loads(frozen.text)
    except ValueError as error:
        raise ValueError(f"not valid JSON, perhaps half written: {error}") from None
    if not isinstance(document, dict) or set(document) != {"day", "digest", "claims"}:
        raise ValueError("this is not a frozen edition")
    if document["day"] != frozen.day:
        raise ValueError(f"the file is named {frozen.day} but holds the edition of {document['day']}")
    claims = document["claims"]
    if not isinstance(claims, dict) or _digest(claims) != document["digest"]:
        raise ValueError("the frozen edition was edited by hand")
    return day, claims


def find_corrections(factsheet: Factsheet, last: date) -> tuple[tuple[Rewriting, ...], tuple[Problem, ...]]:
    """What today's content says differently about the frozen days up to `last`, the newest day first; and as problems
    the frozen files that cannot be read, rewritings without a reason, and reasons for what was not rewritten."""
    found: list[Rewriting] = []
    problems: list[Problem] = []
    used: set[int] = set()
    unread: set[str] = set()
    for frozen in reversed(factsheet.frozen):
        try:
            day, claims = thaw(frozen)
        except ValueError as error:
            hint = "restore the file from version control"
            problems.append(Problem(frozen.location, "bad-frozen", str(error), hint))
            unread.add(frozen.day)
            continue
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
            hint = "delete the correction, or check its claim and edition"
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
    was = {"changed": f"was '{rewriting.old}'", "added": "was not there", "removed": "was there"}[rewriting.kind]
    place = rewriting.record.located(rewriting.field) if rewriting.record else frozen.location
    return Problem(
        place,
        "unexplained-correction",
        f"{what} {was} in the frozen edition of {rewriting.day}",
        f"say why in corrections.yaml (edition: {rewriting.day}, claim: {rewriting.claim}), or take the change back",
        "warning",
    )


def _digest(claims: object) -> str:
    """SHA-256 of the claims in a form that does not depend on white space."""
    text = json.dumps(claims, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _tell(edition: Edition) -> dict[str, tuple[Told, Record]]:
    """Every claim by its key (list/id, for values facts/id/date/status/number), with its fields as text and its
    record."""
    told: dict[str, tuple[Told, Record]] = {}
    for fact in edition.facts:
        if fact.observations and not fact.is_counted:
            told[f"facts/{fact.fact.id}"] = ({"label": fact.fact.label, "unit": fact.fact.unit}, fact.fact)
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
        case Citation():
            return f"{value.id} ({value.at})" if value.at else value.id
        case Place():
            return ", ".join(f"{name} {text}" for name, text in _fields(value).items())
        case tuple():
            return "; ".join(_text(item) for item in value)
        case dict():
            return "; ".join(f"{name} {item}" for name, item in sorted(value.items()))
        case _:
            return str(value)


def _summary(told: Told) -> str:
    return "; ".join(told[name] for name in ("label", "title", "name", "value", "date", "total") if name in told)
