"""Plain values -> records, each field's rule from one definition."""

import json
from pathlib import Path

import pytest
from conftest import PROJECT, BuildCase
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from rsm_site import fields, schema
from rsm_site.model import Fact, Hub, Observation, Record, Site, Source
from rsm_site.reader import read_yaml
from rsm_site.schema import LISTS, SINGLE, Findings, fields_of

KEYS = sorted({key for record in (*LISTS.values(), *SINGLE.values(), Observation) for key in fields_of(record)})
VALUES = st.recursive(
    st.one_of(
        st.sampled_from(
            ["2014", "2014-02-30", "NO", "x", "", "true", "-1", "13,000", "about", "hub", "[[fact:a]]", "a-b"]
        ),
        st.text(max_size=10),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=5)), inner, max_size=6),
    ),
    max_leaves=20,
)


def convert(record: type[Record], text: str) -> tuple[list[Record], Findings]:
    """Read a YAML list of records."""
    findings = Findings()
    document = read_yaml("x.yaml", text.encode(), findings.problems)
    return schema.read_records(record, "x", document, findings), findings


def messages(record: type[Record], text: str) -> list[str]:
    """Code, message and remedy of each problem of a list of records."""
    return [f"{p.code}: {p.message}; {p.hint}" for p in sorted(convert(record, text)[1].problems)]


@settings(max_examples=120)
@given(st.sampled_from([*LISTS.values(), *SINGLE.values()]), st.lists(VALUES, max_size=3))
def test_any_values_are_records_or_placed_problems(record: type[Record], values: list[object]) -> None:
    """Whatever stands in a list, each item becomes a record or has a problem; whole records have none."""
    made, findings = convert(record, json.dumps(values))
    assert len(made) == len(values) or findings.problems
    assert all(one.is_whole for one in made) or findings.problems
    for problem in findings.problems:
        assert problem.location.file == "x.yaml"
        assert problem.message


def test_a_refused_value_does_not_hide_the_others() -> None:
    """Every fault of a record is reported in one run, and what is right in it is kept."""
    made, findings = convert(
        Source,
        "- id: Report\n  title: [a]\n  publisher: Office\n  kind: book\n"
        "  published: 2014-13\n  url: x\n  verified: yes\n  colour: red\n",
    )
    assert made == []
    found = [(problem.location.line, problem.code) for problem in sorted(findings.problems)]
    assert found == [
        *((1, "bad-id"), (2, "wrong-type"), (4, "not-allowed"), (5, "bad-date"), (6, "bad-url"), (7, "not-allowed")),
        (8, "unknown-key"),
    ]


def test_a_misspelt_key_is_one_problem() -> None:
    """The key that was meant is not said to be missing as well; one that stands there already is not suggested."""
    assert messages(Source, "- id: a\n  tittle: A\n  publisher: B\n") == [
        "unknown-key: unknown key 'tittle'; did you mean 'title'?"
    ]
    assert "did you mean 'title'" not in messages(Source, "- id: a\n  title: A\n  tittle: A\n  publisher: B\n")[0]


def test_ids_of_broken_records_are_known() -> None:
    """What is mentioned elsewhere is not unknown because its record has another fault; without an id the list is not
    wholly known."""
    _made, findings = convert(Source, "- id: a\n- id: b\n  title: B\n  publisher: C\n")
    assert set(findings.ids["x"]) == {"a", "b"}
    assert findings.partial == set()
    assert convert(Source, "- title: B\n  publisher: C\n")[1].partial == {"x"}


@pytest.mark.parametrize(
    ("value", "kind"), [("40", "number"), ("-1.5", "number"), ("several hundred", "text"), ("012", "number")]
)
def test_the_type_of_a_fact_is_that_of_its_values(value: str, kind: str) -> None:
    """Left out, the type is number if every value is one, else text."""
    text = f"- id: a\n  label: A\n  observations:\n    - {{date: 2014, value: {value}, sources: [s]}}\n"
    made, findings = convert(Fact, text)
    (fact,) = schema.finish_facts([one for one in made if isinstance(one, Fact)], findings.problems)
    assert findings.problems == []
    assert fact.type == kind
    assert isinstance(fact.observations[0].value, str) == (kind == "text")


def test_a_count_names_fields_of_the_list_it_counts() -> None:
    """The conditions of a count are values of the record's own fields."""
    made, findings = convert(Fact, "- {id: a, label: A, count_of: {list: timeline, featured: true, date: 2014}}\n")
    assert findings.problems == []
    assert isinstance(made[0], Fact)
    assert made[0].count_of is not None
    assert made[0].count_of.where == {"featured": "True", "date": "2014"}
    text = "- {id: a, label: A, count_of: {list: timeline, see: x}}\n"
    assert messages(Fact, text)[0].startswith("unknown-key: timeline have no field 'see' to count by")


def test_norway_is_a_nation() -> None:
    """NO is a country code like any other."""
    made, findings = convert(
        Hub,
        "- {id: a, name: A, role: hub, lead_nation: NO, sources: [s],\n"
        "   places: [{name: A, latitude: 1, longitude: 2}]}\n",
    )
    assert findings.problems == []
    assert isinstance(made[0], Hub)
    assert made[0].lead_nation == "NO"


@pytest.mark.parametrize("name", [name for name in (*LISTS, "site") if (PROJECT / "content" / f"{name}.yaml").exists()])
def test_the_shipped_content_keeps_to_the_editors_schema(name: str) -> None:
    """The JSON Schema of each file takes the content that ships, read as editors' tools read it."""
    import yaml

    path = PROJECT / "content" / f"{name}.yaml"
    resolvers = dict(yaml.CSafeLoader.yaml_implicit_resolvers)
    loader = type("Loader", (yaml.CSafeLoader,), {"yaml_implicit_resolvers": resolvers})
    # YAML 1.2, as editors have it, knows no dates and no yes and no.
    for first, rules in resolvers.items():
        resolvers[first] = [
            (tag, rule) for tag, rule in rules if not tag.endswith(("timestamp", "bool")) or first in "tf"
        ]
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    validator = Draft202012Validator(fields.json_schema(name))
    assert [error.message for error in validator.iter_errors(content)] == []


@pytest.mark.parametrize("name", [*LISTS, *SINGLE])
def test_the_editors_schema_refuses_unknown_keys(name: str) -> None:
    """A misspelt key is seen while typing; each JSON Schema is one."""
    described = fields.json_schema(name)
    Draft202012Validator.check_schema(described)
    validator = Draft202012Validator(described)
    record = {"tittle": "x"}
    assert any("tittle" in error.message for error in validator.iter_errors([record] if name in LISTS else record))


def test_the_field_reference_names_every_field() -> None:
    """Each field of each record stands on a line with what may be there and what it is for."""
    reference = list(fields.field_reference())
    for record in (*LISTS.values(), *SINGLE.values()):
        for key, rule in fields_of(record).items():
            assert any(line.split()[:1] == [key] and line.endswith(rule.doc.doc) for line in reference)


def test_the_command_writes_the_schemas(build_case: BuildCase, tmp_path: Path) -> None:
    """`schema` writes one file for each kind of content file."""
    case = build_case(tmp_path, "site-missing")
    assert case.run("schema", "--quiet").status == 0
    written = {path.name for path in (case.project / ".schemas").iterdir()}
    assert written == {f"{name}.schema.json" for name in (*LISTS, *SINGLE)}
    done = case.run("schema", "--project", "nowhere")
    assert (done.status, done.err) == (2, "rsm-site: there is no project folder at nowhere\n")
    assert not (case.project / "nowhere").exists()


def test_every_field_says_what_to_put_there() -> None:
    """Each field has a sentence for editors."""
    for record in (*LISTS.values(), *SINGLE.values(), Site):
        for rule in fields_of(record).values():
            assert rule.doc.doc.endswith(".") or "'" in rule.doc.doc
