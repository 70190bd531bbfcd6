"""Plain values -> records: the rules of each field, taken from the model, and the same as JSON Schema and as a list."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from dateutil.relativedelta import relativedelta
from msgspec import NODEFAULT, structs
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rsm_site import dates, model
from rsm_site.dates import PartialDate
from rsm_site.errors import Problem
from rsm_site.language import is_country, is_language
from rsm_site.model import CountOf, Fact, Observation, Prose, Record, Scalar
from rsm_site.reader import Document, locate

MAX_TEXT = 100_000
R = TypeVar("R", bound=Record)

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,6})?", re.ASCII)
_THOUSANDS = re.compile(r"-?\d{1,3}(?:[,'’\u00a0 ]\d{3})+(?:\.\d+)?", re.ASCII)
_PATTERNS: dict[str, tuple[str, str, str]] = {
    "url": (r"https?://[^\s<>\"{}|\\^`\x00-\x1f]+", "an address", "write it whole, beginning with https://"),
    "email": (r"[^\s@<>\"]+@[^\s@<>\"]+\.[^\s@<>\"]+", "an e-mail address", "write name@example.org"),
    "contact": (r"(?:https://|mailto:)[^\s<>\"]+", "a contact", "begin with https:// or mailto:"),
    "spdx": (r"[A-Za-z0-9.+-]+", "a licence id", "write an SPDX id such as CC-BY-4.0"),
    "host": (r"[A-Za-z0-9_][A-Za-z0-9._/-]*", "a name", "use letters, digits, dots and hyphens"),
    "repository": (r"[^\s-]\S*", "a repository", "write what 'git push' takes"),
    "path": (
        r"(?!.*(?:^|/)\.)[\w.-]+(?:/[\w.-]+)*",
        "a path below content/",
        "write it from content/, without '..' and without a leading '/'",
    ),
    "alias": (
        r"(?!.*(?:^|/)\.)[\w.-]+(?:/[\w.-]+)*\.html",
        "an old address",
        "write it from the top of the site, ending in .html",
    ),
}
_MEANT = {"UK": "GB", "EL": "GR"}


class Invalid:
    """Stands for a value that was reported as a problem."""


INVALID = Invalid()
Convert = Callable[[Node, "Reading", "FieldRule"], Any]


class FieldRule(NamedTuple):
    """One field of a record as content writes it."""

    key: str
    name: str
    required: bool
    annotation: Any
    doc: model.Field
    convert: Convert


class Reading(NamedTuple):
    """The file that is being converted, and the problems found so far."""

    file: str
    problems: list[Problem]

    def refuse(self, node: Node, code: str, message: str, hint: str = "") -> Invalid:
        """Add a problem at `node`."""
        self.problems.append(Problem(locate(self.file, node), code, message, hint))
        return INVALID


@cache
def fields_of(record: type[Record]) -> dict[str, FieldRule]:
    """The fields of `record` by the key that content uses."""
    hints = get_type_hints(record, include_extras=True)
    rules = {}
    for field in structs.fields(record):
        if field.name in record.HIDDEN:
            continue
        annotation, doc = get_args(hints[field.name])
        if doc.kind == "hidden":
            continue
        key = field.name.rstrip("_")
        required = field.default is NODEFAULT and field.default_factory is NODEFAULT
        rules[key] = FieldRule(key, field.name, required, _bare(annotation), doc, _converter(_bare(annotation), doc))
    return rules


def read_records(record: type[R], document: Document, problems: list[Problem]) -> list[R]:
    """Convert a file that holds a list of records."""
    if document.root is None:
        return []
    reading = Reading(document.file, problems)
    if not isinstance(document.root, SequenceNode):
        reading.refuse(document.root, "not-a-list", "a list of records is expected", "begin each record with '- '")
        return []
    found = (read_record(record, node, reading) for node in document.root.value)
    return [value for value in found if value is not None]


def read_record(record: type[R], node: Node, reading: Reading, **known: Any) -> R | None:
    """Convert one mapping to `record`; None when it has a problem. `known` are values that do not stand in it."""
    if not isinstance(node, MappingNode):
        reading.refuse(node, "not-a-mapping", f"{_what(node)} stands where 'key: value' is expected", "write 'key: value'")
        return None
    rules = fields_of(record)
    here = locate(reading.file, node)
    marks = {"": (here.line, here.column, 1)}
    values: dict[str, Any] = {}
    good = True
    for key_node, value_node in node.value:
        if not isinstance(key_node, ScalarNode):
            good = False
            continue
        key = key_node.value
        rule = rules.get(key)
        if rule is None:
            near = suggest(key, rules)
            hint = near or f"the keys are {', '.join(rules)}"
            reading.refuse(key_node, "unknown-key", f"unknown key '{key}'", hint)
            good = False
            continue
        place = locate(reading.file, value_node)
        marks[rule.name] = (place.line, place.column, place.length)
        value = rule.convert(value_node, reading, rule)
        if value is INVALID:
            good = False
        values[rule.name] = value
        if isinstance(value_node, SequenceNode):
            for index, item in enumerate(value_node.value):
                place = locate(reading.file, item)
                marks[f"{rule.name}.{index}"] = (place.line, place.column, place.length)
        elif isinstance(value_node, MappingNode):
            for item_key, _item in value_node.value:
                place = locate(reading.file, item_key)
                marks[f"{rule.name}.{item_key.value}"] = (place.line, place.column, place.length)
    written = {key.value for key, _ in node.value if isinstance(key, ScalarNode)}
    for rule in rules.values():
        if rule.required and rule.key not in written:
            reading.refuse(node, "missing-key", f"'{rule.key}' is missing", f"{rule.key}: {rule.doc.doc}")
            good = False
    if not good:
        return None
    return record(**values, **known, file=reading.file, marks=marks)


def finish_facts(facts: list[Fact], problems: list[Problem]) -> list[Fact]:
    """Give each fact its type and its observations values of that type; a fact with a value of another is left out."""
    finished = []
    for fact in facts:
        raw = [str(observation.value) for observation in fact.observations]
        kind = fact.type or ("number" if all(_NUMBER.fullmatch(value) for value in raw) else "text")
        observations = []
        for observation in fact.observations:
            value = _typed(kind, observation, problems)
            if value is not INVALID:
                observations.append(structs.replace(observation, value=value))
        if len(observations) == len(raw):
            finished.append(structs.replace(fact, type=kind, observations=tuple(observations)))
    return finished


def suggest(word: str, known: "Mapping[str, object] | list[str]") -> str:
    """The remedy that names the nearest of `known`, empty when none is near."""
    from difflib import get_close_matches

    near = get_close_matches(word, [str(name) for name in known], n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else ""


def _typed(kind: str, observation: Observation, problems: list[Problem]) -> Scalar | Invalid:
    text = str(observation.value)
    place = observation.located("value")
    if kind == "text":
        return text
    if kind == "date":
        try:
            return dates.parse_date(text)
        except ValueError as error:
            problems.append(Problem(place, "bad-date", str(error), dates.HINT))
            return INVALID
    if not _NUMBER.fullmatch(text):
        hint = "write digits without separators: 13000" if _THOUSANDS.fullmatch(text) else "write digits, or 'type: text'"
        problems.append(Problem(place, "bad-number", f"'{_short(text)}' is not a number", hint))
        return INVALID
    return Decimal(text) if "." in text else int(text)


def _bare(annotation: Any) -> Any:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is UnionType:
        options = [option for option in get_args(annotation) if option is not NoneType]
        if len(options) == 1:
            return options[0]
    return annotation


def _converter(annotation: Any, doc: model.Field) -> Convert:
    special: dict[str, Convert] = {
        "value": _text,
        "id": _id,
        "country": _country,
        "language": _language,
        "latitude": _degrees,
        "longitude": _degrees,
        "citations": _citations,
        "count_of": _count_of,
    }
    origin = get_origin(annotation)
    if origin is dict:
        return _mapping
    if doc.kind in special:
        return special[doc.kind]
    if origin is tuple:
        return _sequence
    if origin is Literal:
        return _choice
    if annotation in _BY_TYPE:
        return _BY_TYPE[annotation]
    if doc.kind in _PATTERNS:
        return _pattern
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return lambda node, reading, rule: read_record(annotation, node, reading) or INVALID
    return _text


def _scalar(node: Node, reading: Reading, rule: FieldRule) -> str | Invalid:
    if not isinstance(node, ScalarNode):
        return reading.refuse(node, "wrong-type", f"'{rule.key}' takes one value, not {_what(node)}", rule.doc.doc)
    text: str = node.value.strip()
    if not text:
        return reading.refuse(node, "no-value", f"'{rule.key}' has no value", "give one, or delete the key")
    if len(text) > MAX_TEXT:
        return reading.refuse(node, "too-long", f"'{rule.key}' has more than {MAX_TEXT:,} characters", "shorten it")
    return text


def _text(node: Node, reading: Reading, rule: FieldRule) -> str | Invalid:
    text = _scalar(node, reading, rule)
    return text if isinstance(text, Invalid) else " ".join(text.split())


def _prose(node: Node, reading: Reading, rule: FieldRule) -> Prose | Invalid:
    text = _scalar(node, reading, rule)
    return text if isinstance(text, Invalid) else Prose(text, locate(reading.file, node))


def _id(node: Node, reading: Reading, rule: FieldRule) -> str | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, str) and not (_ID.fullmatch(text) and len(text) <= 100):
        return reading.refuse(node, "bad-id", f"'{_short(text)}' cannot be an id", "use lowercase letters, digits and hyphens")
    return text


def _pattern(node: Node, reading: Reading, rule: FieldRule) -> str | Invalid:
    text = _scalar(node, reading, rule)
    if isinstance(text, Invalid):
        return text
    pattern, what, hint = _PATTERNS[rule.doc.kind]
    if not re.fullmatch(pattern, text):
        return reading.refuse(node, f"bad-{rule.doc.kind}", f"'{_short(text)}' is not {what}", hint)
    return text


def _choice(node: Node, reading: Reading, rule: FieldRule) -> str | Invalid:
    text = _text(node, reading, rule)
    allowed = get_args(rule.annotation)
    if isinstance(text, str) and text not in allowed:
        near = suggest(text, list(allowed))
        return reading.refuse(
            node, "not-allowed", f"'{_short(text)}' is not a value of '{rule.key}'", near or f"write {_or(allowed)}"
        )
    return text


def _flag(node: Node, reading: Reading, rule: FieldRule) -> bool | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, str) and text not in ("true", "false"):
        return reading.refuse(node, "not-allowed", f"'{_short(text)}' is neither true nor false", "write true or false")
    return text if isinstance(text, Invalid) else text == "true"


def _count(node: Node, reading: Reading, rule: FieldRule) -> int | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, Invalid):
        return text
    if not re.fullmatch(r"\d{1,12}", text, re.ASCII):
        hint = "write digits without separators" if _THOUSANDS.fullmatch(text) else "write digits"
        return reading.refuse(node, "bad-number", f"'{_short(text)}' is not a whole number", hint)
    return int(text)


def _degrees(node: Node, reading: Reading, rule: FieldRule) -> Decimal | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, Invalid):
        return text
    bound = 90 if rule.doc.kind == "latitude" else 180
    if not _NUMBER.fullmatch(text) or abs(Decimal(text)) > bound:
        return reading.refuse(
            node, "bad-coordinate", f"'{_short(text)}' is not a {rule.key}", f"write degrees from -{bound} to {bound}"
        )
    return Decimal(text)


def _partial_date(node: Node, reading: Reading, rule: FieldRule) -> PartialDate | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, Invalid):
        return text
    try:
        return dates.parse_date(text)
    except ValueError as error:
        return reading.refuse(node, "bad-date", str(error), dates.HINT)


def _day(node: Node, reading: Reading, rule: FieldRule) -> date | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, Invalid):
        return text
    try:
        return dates.parse_day(text)
    except ValueError as error:
        return reading.refuse(node, "bad-date", str(error), "write YYYY-MM-DD")


def _duration(node: Node, reading: Reading, rule: FieldRule) -> relativedelta | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, Invalid):
        return text
    try:
        return dates.parse_duration(text)
    except ValueError as error:
        return reading.refuse(node, "bad-duration", str(error), "write a number and days, weeks, months or years")


def _country(node: Node, reading: Reading, rule: FieldRule) -> str | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, str) and not is_country(text):
        meant = _MEANT.get(text) or (text.upper() if is_country(text.upper()) else "")
        hint = f"did you mean '{meant}'?" if meant else "write two capital letters of ISO 3166-1"
        return reading.refuse(node, "bad-country", f"'{_short(text)}' is not a country code", hint)
    return text


def _language(node: Node, reading: Reading, rule: FieldRule) -> str | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, str) and not is_language(text):
        return reading.refuse(
            node, "bad-language", f"'{_short(text)}' is not a language", "write a BCP 47 tag such as en or pt-BR"
        )
    return text


def _items(node: Node, reading: Reading, rule: FieldRule) -> list[Node] | Invalid:
    if not isinstance(node, SequenceNode):
        return reading.refuse(node, "not-a-list", f"'{rule.key}' takes a list", f"write {rule.key}: [..., ...]")
    items: list[Node] = node.value
    return items


def _sequence(node: Node, reading: Reading, rule: FieldRule) -> tuple[Any, ...] | Invalid:
    items = _items(node, reading, rule)
    if isinstance(items, Invalid):
        return items
    inner = get_args(rule.annotation)[0]
    item_rule = rule._replace(annotation=inner, convert=_converter(inner, rule.doc))
    values = tuple(item_rule.convert(item, reading, item_rule) for item in items)
    return INVALID if INVALID in values else values


def _citations(node: Node, reading: Reading, rule: FieldRule) -> tuple[model.Citation, ...] | Invalid:
    items = _items(node, reading, rule)
    if isinstance(items, Invalid):
        return items
    if not items:
        return reading.refuse(node, "no-source", "a claim needs a source", "name the id of at least one source")
    values = []
    for item in items:
        if isinstance(item, ScalarNode):
            text = _text(item, reading, rule)
            place = locate(reading.file, item)
            here = (place.line, place.column, place.length)
            if isinstance(text, str):
                values.append(model.Citation(id=text, file=reading.file, marks={"": here, "id": here}))
        else:
            values.append(read_record(model.Citation, item, reading))
    if len(values) != len(items) or None in values:
        return INVALID
    return tuple(value for value in values if value is not None)


def _mapping(node: Node, reading: Reading, rule: FieldRule) -> dict[str, Any] | Invalid:
    if not isinstance(node, MappingNode):
        return reading.refuse(node, "not-a-mapping", f"'{rule.key}' takes 'key: value' pairs", rule.doc.doc)
    inner = get_args(rule.annotation)[1]
    values: dict[str, Any] = {}
    good = True
    for key_node, value_node in node.value:
        key_rule = rule._replace(key=rule.key)
        key = (_country if rule.doc.kind == "country" else _id)(key_node, reading, key_rule)
        if inner == model.Target:
            value = _target(value_node, reading)
        else:
            value_rule = rule._replace(key=str(key_node.value), doc=rule.doc._replace(kind=""))
            value = (_count if inner is int else _text)(value_node, reading, value_rule)
        if isinstance(key, Invalid) or value is INVALID:
            good = False
        else:
            values[key] = value
    return values if good else INVALID


def _target(node: Node, reading: Reading) -> model.Target | Invalid:
    kinds = {get_args(get_args(get_type_hints(target, include_extras=True)["kind"])[0])[0]: target for target in get_args(model.Target)}
    pairs = node.value if isinstance(node, MappingNode) else []
    given = next((value for key, value in pairs if key.value == "kind"), None)
    if given is None:
        return reading.refuse(node, "missing-key", "'kind' is missing", f"write kind: {_or(tuple(kinds))}")
    if given.value not in kinds:
        hint = suggest(str(given.value), list(kinds)) or f"write {_or(tuple(kinds))}"
        return reading.refuse(given, "not-allowed", f"'{_short(str(given.value))}' is not a kind of host", hint)
    return read_record(kinds[given.value], node, reading) or INVALID


def _count_of(node: Node, reading: Reading, rule: FieldRule) -> CountOf | Invalid:
    """Read `{list: hubs, role: spoke}`: every key but `list` is a field that the counted records must have."""
    if not isinstance(node, MappingNode):
        return reading.refuse(node, "not-a-mapping", "'count_of' takes 'key: value' pairs", "write {list: hubs}")
    pairs = [(key, value) for key, value in node.value if key.value == "list"]
    rest = [(key, value) for key, value in node.value if key.value != "list"]
    only_list = MappingNode(node.tag, pairs, node.start_mark, node.end_mark)
    count = read_record(CountOf, only_list, reading)
    if count is None:
        return INVALID
    rules = fields_of(LISTS[count.list])
    where: dict[str, str] = {}
    for key, value in rest:
        field = rules.get(key.value)
        if field is None or get_origin(field.annotation) is tuple:
            hint = suggest(str(key.value), rules)
            reading.refuse(key, "unknown-key", f"{count.list} have no field '{key.value}' to count by", hint)
            return INVALID
        converted = field.convert(value, reading, field)
        if converted is INVALID:
            return INVALID
        where[field.name] = str(value.value)
    return structs.replace(count, where=where)


_BY_TYPE: dict[Any, Convert] = {
    bool: _flag,
    int: _count,
    date: _day,
    PartialDate: _partial_date,
    relativedelta: _duration,
    Prose: _prose,
}

LISTS: dict[str, type[Record]] = {
    "sources": model.Source,
    "facts": model.Fact,
    "timeline": model.Event,
    "hubs": model.Hub,
    "contributions": model.Contribution,
    "glossary": model.Term,
}
SINGLE: dict[str, type[Record]] = {"site": model.Site, "page": model.ProsePage}


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
        yield f"{record.__name__}: {(record.__doc__ or '').strip()}"
        for rule in fields_of(record).values():
            yield f"  {rule.key:<13} {_described(rule):<34} {'required  ' if rule.required else '          '}{rule.doc.doc}"
            waiting.extend(_records_in(rule.annotation))
        yield ""


def _records_in(annotation: Any) -> Iterator[type[Record]]:
    if isinstance(annotation, type) and issubclass(annotation, Record):
        yield annotation
    for inner in get_args(annotation):
        yield from _records_in(inner)


def _described(rule: FieldRule) -> str:
    annotation = rule.annotation
    if get_origin(annotation) is Literal:
        allowed = " | ".join(get_args(annotation))
        return allowed if len(allowed) <= 34 else f"one of {len(get_args(annotation))} words"
    if get_origin(annotation) is tuple:
        return "list"
    if get_origin(annotation) is dict or rule.doc.kind == "count_of":
        return "key: value pairs"
    names = {
        bool: "true | false",
        int: "whole number",
        Decimal: "degrees",
        date: "day (YYYY-MM-DD)",
        PartialDate: "date (EDTF)",
        relativedelta: "length of time",
        Prose: "Markdown",
    }
    if annotation in names:
        return names[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return annotation.__name__
    return f"id of {rule.doc.to}" if rule.doc.kind == "ref" else rule.doc.kind or "text"


def _schema_of(record: type[Record], definitions: dict[str, Any]) -> dict[str, Any]:
    rules = fields_of(record)
    properties = {rule.key: {**_field_schema(rule.annotation, rule.doc, definitions), "description": rule.doc.doc} for rule in rules.values()}
    return {
        "type": "object",
        "description": record.__doc__,
        "properties": properties,
        "required": [rule.key for rule in rules.values() if rule.required],
        "additionalProperties": record is CountOf,
    }


def _field_schema(annotation: Any, doc: model.Field, definitions: dict[str, Any]) -> dict[str, Any]:
    origin = get_origin(annotation)
    if origin is Literal:
        return {"enum": list(get_args(annotation))}
    if origin is tuple:
        inner = get_args(annotation)[0]
        items = _field_schema(inner, doc._replace(kind="" if doc.kind == "citations" else doc.kind), definitions)
        return {"type": "array", "items": {"anyOf": [{"type": "string"}, items]} if doc.kind == "citations" else items}
    if origin is dict:
        return {"type": "object", "additionalProperties": _field_schema(get_args(annotation)[1], model.Field(""), definitions)}
    if origin is UnionType and doc.kind != "value":
        return {"anyOf": [_field_schema(option, model.Field(""), definitions) for option in get_args(annotation)]}
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
        return {"type": "string", "pattern": f"^{_ID.pattern}$"}
    if doc.kind in _PATTERNS:
        return {"type": "string", "pattern": f"^{_PATTERNS[doc.kind][0]}$"}
    return {"type": "string"}


def _what(node: Node) -> str:
    if isinstance(node, MappingNode):
        return "'key: value' pairs"
    return "a list" if isinstance(node, SequenceNode) else "a text"


def _or(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


