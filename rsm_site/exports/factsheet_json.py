"""Records -> factsheet.json, and the JSON Schema that it keeps to."""

from collections.abc import Iterator
from functools import cache
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import structs

from rsm_site import model
from rsm_site.exports import records
from rsm_site.exports.records import Record
from rsm_site.fields import describe


def encode_record(record: Record) -> bytes:
    """The records as JSON: UTF-8, indented, keys in the order of the schema, numbers with the digits of the content."""
    encoder = msgspec.json.Encoder(decimal_format="number")
    return msgspec.json.format(encoder.encode(record), indent=2) + b"\n"


@cache
def encode_schema() -> bytes:
    """The JSON Schema (2020-12) of factsheet.json: every key required, no other allowed."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A factsheet as of one day",
        "description": "Dates are EDTF (ISO 8601-2): no more precise than what is known.",
        "$ref": "#/$defs/Record",
        "$defs": definitions(),
    }
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


@cache
def definitions() -> dict[str, Any]:
    """The schema of each kind of record by its name; every property has a description."""
    _, components = msgspec.json.schema_components([Record], ref_template="#/$defs/{name}")
    for name, definition in components.items():
        _describe(name, definition)
    # A kind without its docstring, as `python -OO` has it, gets the same words at the same place.
    return {
        name: {"title": name, "description": describe(getattr(records, name))} | definition
        for name, definition in components.items()
    }


def _describe(name: str, definition: dict[str, Any]) -> None:
    """Say of each property what the model says of the field: what it is for, and the words that are allowed."""
    record = getattr(model, name, None)
    if not isinstance(record, type) or not issubclass(record, model.Record):
        return
    hints = get_type_hints(record, include_extras=True)
    for field in structs.fields(record):
        described = definition["properties"].get(field.name.rstrip("_"))
        if described is None or field.name in record.HIDDEN:
            continue
        annotation, documented = get_args(hints[field.name])
        described.setdefault("description", documented.doc)
        if words := list(_literals(annotation)):
            described["enum"] = words


def _literals(annotation: Any) -> Iterator[str | None]:
    """The values that an annotation allows, if it names them."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif any(get_origin(part) is Literal for part in get_args(annotation)):
        for part in get_args(annotation):
            yield from (None,) if part is NoneType else _literals(part)
