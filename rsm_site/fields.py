"""The fields of content files as editors and their tools read them: a list, and JSON Schema."""

import ast
import inspect
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from types import UnionType
from typing import Any, Literal, cast, get_args, get_origin

from dateutil.relativedelta import relativedelta

from rsm_site.dates import PartialDate
from rsm_site.model import CountOf, Field, Prose, Record
from rsm_site.schema import ID, LISTS, PATTERNS, SINGLE, FieldRule, fields_of

_NAMES = {
    bool: "true | false",
    int: "whole number",
    Decimal: "degrees",
    date: "day (YYYY-MM-DD)",
    PartialDate: "date (EDTF)",
    relativedelta: "length of time",
    Prose: "Markdown",
}
_KINDS = {
    "alias": "address of this site",
    "contact": "https: or mailto: address",
    "country": "country code",
    "email": "e-mail address",
    "host": "name",
    "language": "language (BCP 47)",
    "locale": "language (BCP 47)",
    "path": "path below content/",
    "spdx": "SPDX id",
    "url": "https: or http: address",
    "value": "number, date or text",
}


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a content file, for editors that complete and check YAML as it is typed."""
    definitions: dict[str, Any] = {}
    record = LISTS.get(name) or SINGLE[name]
    body = _schema_of(record, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{name}.yaml" if name != "page" else "front matter of pages/*.md",
        **({"type": "array", "items": body} if name in LISTS else body),
        "$defs": definitions,
    }


def field_reference() -> Iterator[str]:
    """Every field of every record, a line each: key, whether it must be there, what may stand there, what it says."""
    shown: list[type[Record]] = []
    waiting = [*SINGLE.values(), *LISTS.values()]
    while waiting:
        record = waiting.pop(0)
        if record in shown:
            continue
        shown.append(record)
        yield f"{record.__name__}: {describe(record)}"
        for rule in fields_of(record).values():
            yield f"  {rule.key:<13} {_described(rule):<34} {'required' if rule.required else '':<9} {rule.doc.doc}"
            waiting.extend(_records_in(rule.annotation))
        yield ""


def describe(record: type) -> str:
    """What the record's docstring says, read in the source where `python -OO` has taken it away."""
    if record.__doc__:
        return inspect.cleandoc(record.__doc__)
    [definition] = ast.parse(inspect.getsource(record)).body
    return ast.get_docstring(cast(ast.ClassDef, definition)) or ""


def _records_in(annotation: Any) -> Iterator[type[Record]]:
    if isinstance(annotation, type) and issubclass(annotation, Record):
        yield annotation
    for inner in get_args(annotation):
        yield from _records_in(inner)


def _described(rule: FieldRule) -> str:
    """What may stand in the field, in a few words."""
    annotation = rule.annotation
    if get_origin(annotation) is Literal:
        allowed = " | ".join(get_args(annotation))
        return allowed if len(allowed) <= 34 else f"one of {len(get_args(annotation))} words"
    if get_origin(annotation) is tuple:
        return "list"
    if get_origin(annotation) is dict or rule.doc.kind == "count_of":
        return "key: value pairs"
    if annotation in _NAMES:
        return _NAMES[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return annotation.__name__
    return f"id of {rule.doc.to}" if rule.doc.kind == "ref" else _KINDS.get(rule.doc.kind, rule.doc.kind or "text")


def _schema_of(record: type[Record], definitions: dict[str, Any]) -> dict[str, Any]:
    rules = fields_of(record)
    properties = {
        rule.key: {**_field_schema(rule.annotation, rule.doc, definitions), "description": rule.doc.doc}
        for rule in rules.values()
    }
    return {
        "type": "object",
        "description": describe(record),
        "properties": properties,
        "required": [rule.key for rule in rules.values() if rule.required],
        "additionalProperties": record is CountOf,
    }


def _field_schema(annotation: Any, doc: Field, definitions: dict[str, Any]) -> dict[str, Any]:
    origin = get_origin(annotation)
    if origin is Literal:
        return {"enum": list(get_args(annotation))}
    if origin is tuple:
        inner = get_args(annotation)[0]
        items = _field_schema(inner, doc._replace(kind="" if doc.kind == "citations" else doc.kind), definitions)
        return {"type": "array", "items": {"anyOf": [{"type": "string"}, items]} if doc.kind == "citations" else items}
    if origin is dict:
        return {
            "type": "object",
            "additionalProperties": _field_schema(get_args(annotation)[1], Field(""), definitions),
        }
    if origin is UnionType and doc.kind != "value":
        return {"anyOf": [_field_schema(option, Field(""), definitions) for option in get_args(annotation)]}
    if isinstance(annotation, type) and issubclass(annotation, Record):
        if annotation.__name__ not in definitions:
            definitions[annotation.__name__] = {}
            definitions[annotation.__name__] = _schema_of(annotation, definitions)
        return {"$ref": f"#/$defs/{annotation.__name__}"}
    if doc.kind == "value":
        return {"type": ["number", "string"]}
    if annotation is bool:
        return {"type": "boolean"}
    if annotation is int:
        return {"type": "integer", "minimum": 0}
    if annotation is Decimal:
        bound = 90 if doc.kind == "latitude" else 180
        return {"type": "number", "minimum": -bound, "maximum": bound}
    if annotation is PartialDate:
        return {"type": ["string", "integer"]}
    if doc.kind == "id":
        return {"type": "string", "pattern": f"^{ID.pattern}$"}
    if doc.kind == "country":
        return {"type": "string", "pattern": "^[A-Z]{2}$"}
    if doc.kind in PATTERNS:
        return {"type": "string", "pattern": f"^{PATTERNS[doc.kind][0]}$"}
    return {"type": "string"}
