"""An edition's claims kept as they were published, and the corrections that today's content makes to them."""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Literal

from msgspec import Struct

from rsm_site.changes import Claim, claims_of
from rsm_site.edition import Edition
from rsm_site.model import Citation, Correction, Frozen, Observation, Place, Prose, Record

Told = Mapping[str, str]


class Rewriting(Struct, frozen=True, kw_only=True):
    """Something that today's content says differently about a frozen day; `field` is empty for a whole claim."""

    kind: Literal["changed", "added", "removed"]
    claim: str
    field: str
    old: str
    new: str
    record: Record | None = None


def freeze(edition: Edition) -> bytes:
    """The claims of an edition as JSON, one field a line, with a digest that shows whether it was edited by hand."""
    claims = {key: dict(told) for key, (told, _record) in sorted(_tell(edition).items())}
    document = {"day": edition.day.isoformat(), "digest": digest(claims), "claims": claims}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def thaw(text: str) -> Frozen:
    """Read what `freeze` wrote, ValueError with the reason when it is not that."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ValueError(f"not valid JSON, perhaps half written: {error}") from None
    if not isinstance(document, dict) or set(document) != {"day", "digest", "claims"}:
        raise ValueError("this is not a frozen edition")
    claims = document["claims"]
    if not isinstance(claims, dict) or digest(claims) != document["digest"]:
        raise ValueError("the frozen edition was edited by hand")
    return Frozen(day=str(document["day"]), claims=claims)


def rewritings(frozen: Frozen, edition: Edition) -> Iterator[Rewriting]:
    """What the content now says differently about the frozen day, field by field."""
    today = _tell(edition)
    for key in sorted({*frozen.claims, *today}):
        old = frozen.claims.get(key)
        new, record = today.get(key, (None, None))
        if old is None or new is None:
            told = old if new is None else new
            kind: Literal["added", "removed"] = "removed" if new is None else "added"
            words = _summary(told or {})
            yield Rewriting(
                kind=kind,
                claim=key,
                field="",
                old=words if kind == "removed" else "",
                new=words if kind == "added" else "",
                record=record,
            )
            continue
        for field in sorted({*old, *new}):
            before, after = old.get(field, ""), new.get(field, "")
            if before != after:
                yield Rewriting(kind="changed", claim=key, field=field, old=before, new=after, record=record)


def reason_for(rewriting: Rewriting, day: str, corrections: tuple[Correction, ...]) -> str:
    """The reason that the content gives for a rewriting: that of the correction of the day whose claim it begins with;
    empty when there is none."""
    for correction in corrections:
        if correction.edition.isoformat() == day and (rewriting.claim + "/").startswith(correction.claim + "/"):
            return correction.reason
    return ""


def digest(claims: object) -> str:
    """SHA-256 of the claims in a form that does not depend on white space."""
    text = json.dumps(claims, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _tell(edition: Edition) -> dict[str, tuple[Told, Record]]:
    """Every claim by its key (list/id, for values list/id/date/number), with its fields as text and its record."""
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
    return next(key for count in range(1, 1 + len(taken) + 1) if (key := f"{base}/{count}") not in taken)


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


