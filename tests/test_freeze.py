"""An edition's claims kept as they were published: what is rewritten afterwards is a correction, never silent."""

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from conftest import BuildCase, Case, make_case
from harbour import FILES, load, rewritten
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from strategies import any_day, factsheets, observations

from rsm_site.edition import edition_of
from rsm_site.errors import Location
from rsm_site.freeze import Rewriting, find_corrections, freeze
from rsm_site.model import Factsheet, Frozen, Observation

quick = settings(max_examples=30, deadline=None)

DAY = date(2019, 6, 30)
FILE = f"content/editions/{DAY}.json"
BOATS = "facts/boats"


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `freeze` writes of the small factsheet's edition of June 2019."""
    case = make_case(tmp_path_factory.mktemp("freeze"), "harbour", FILES)
    done = case.run("freeze", str(DAY))
    assert (done.status, done.err) == (0, "")
    assert done.out == f"Froze {DAY} in {FILE}. Next: commit the file\n"
    return (case.project / FILE).read_text(encoding="utf-8")


def test_frozen_edition_is_readable_and_complete(frozen: str) -> None:
    """The file has one field a line, in the order of the alphabet, and each claim of that day and none of a later."""
    told = json.loads(frozen)
    assert list(told["claims"]) == sorted(told["claims"]) == [
        "contributions/2019-04",
        "facts/berths",
        BOATS,
        f"{BOATS}/2018-03/reported/1",
        f"{BOATS}/2019-05/disputed/1",
        f"{BOATS}/2019-05/reported/1",
        f"{BOATS}/2019-06-15/planned/1",
        "facts/oars",
        "facts/oars/2018-05/reported/1",
        "facts/oars/2018-05/withdrawn/1",
        "hubs/bank",
        "hubs/pier",
        "site/mission",
        "timeline/start",
        "timeline/storm",
    ]  # fmt: skip
    assert told["claims"][f"{BOATS}/2019-05/reported/1"] == {
        "date": "2019-05",
        "value": "20",
        "sources": "letter",
        "qualifier": "about",
        "status": "reported",
        "note": "Counted from the pier.",
    }
    assert told["claims"]["hubs/bank"].keys() >= {"name", "role", "places", "sources", "from"}
    assert "until" not in told["claims"]["hubs/bank"]
    assert "end" not in told["claims"]["site/mission"]
    assert max(line.count('": "') for line in frozen.splitlines()) == 1


def corrections(folder: Path, files: dict[str, str | bytes], frozen: str) -> tuple[Rewriting, ...]:
    """What those files say otherwise than the frozen edition."""
    case = make_case(folder, "rewritten", {**files, FILE: frozen})
    factsheet = load(case.project)
    return find_corrections(factsheet, factsheet.site.edition)[0]


def test_nothing_rewritten_is_no_correction(tmp_path: Path, frozen: str) -> None:
    """The same content as when it was frozen has no correction."""
    assert corrections(tmp_path, FILES, frozen) == ()


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        pytest.param("facts.yaml", "2021-01, value: 30", "2021-02, value: 33", id="a later value"),
        pytest.param(
            "facts.yaml",
            "    - {date: 2021-01, value",
            "    - {date: 2019-07, value: 9, sources: [memoir]}\n    - {date: 2021-01, value",
            id="one more later value",
        ),
        pytest.param("timeline.yaml", "A treaty is signed", "The treaty is signed", id="a later event"),
        pytest.param("hubs.yaml", "until: 2019-12", "until: 2020-02-15", id="a later end of a place"),
        pytest.param("hubs.yaml", "latitude: 54.3", "latitude: 54.4", id="a later place"),
        pytest.param("contributions.yaml", "total: 80", "total: 81", id="a later table"),
        pytest.param("site.yaml", "end: 2021-03", "end: 2021-04", id="a later end of the mission"),
        pytest.param("sources.yaml", "title: A letter", "title: The letter", id="what is said of a source"),
        pytest.param("timeline.yaml", ", see: [treaty]", "", id="what an event leads on to"),
        pytest.param("facts.yaml", "unit: boats\n  featured: true", "unit: boats", id="where it is shown"),
        pytest.param("pages/overview.md", "The Port Authority keeps", "It keeps", id="prose"),
    ],
)
def test_what_does_not_touch_the_day_is_no_correction(
    tmp_path: Path, frozen: str, path: str, old: str, new: str
) -> None:
    """What is said of later days, of sources, and in prose, can change without a correction."""
    assert corrections(tmp_path, rewritten(path, old, new), frozen) == ()


REWRITINGS = [
    pytest.param(
        ("facts.yaml", "value: 12,", "value: 13,"),
        [("changed", f"{BOATS}/2018-03/reported/1", "value", "12", "13")],
        ["13"],
        id="value",
    ),
    pytest.param(
        ("facts.yaml", "qualifier: about", "qualifier: over"),
        [("changed", f"{BOATS}/2019-05/reported/1", "qualifier", "about", "over")],
        ["over"],
        id="qualifier",
    ),
    pytest.param(
        ("facts.yaml", "value: 18, status: disputed", "value: 18, status: withdrawn"),
        [
            ("removed", f"{BOATS}/2019-05/disputed/1", "", "exactly; 18; disputed; 2019-05", ""),
            ("added", f"{BOATS}/2019-05/withdrawn/1", "", "", "exactly; 18; withdrawn; 2019-05"),
        ],
        ['"facts/boats/2019-05/disputed/1"', "{"],
        id="status",
    ),
    pytest.param(
        ("facts.yaml", "sources: [letter], note", "sources: [report], note"),
        [("changed", f"{BOATS}/2019-05/reported/1", "sources", "letter", "report")],
        ["["],
        id="source",
    ),
    pytest.param(
        ("facts.yaml", "sources: [letter], note", "sources: [letter, memoir], note"),
        [("changed", f"{BOATS}/2019-05/reported/1", "sources", "letter", "letter; memoir")],
        ["["],
        id="one more source",
    ),
    pytest.param(
        ("facts.yaml", "sources: [letter], note", "sources: [{id: letter, at: page 2}], note"),
        [("changed", f"{BOATS}/2019-05/reported/1", "sources", "letter", "letter (page 2)")],
        ["["],
        id="where in the source",
    ),
    pytest.param(
        ("facts.yaml", "Counted from the pier.", "Counted from the quay."),
        [("changed", f"{BOATS}/2019-05/reported/1", "note", "Counted from the pier.", "Counted from the quay.")],
        ["Counted from the quay."],
        id="note",
    ),
    pytest.param(
        ("facts.yaml", "date: 2018-03,", "date: 2018-04,"),
        [
            ("removed", f"{BOATS}/2018-03/reported/1", "", "exactly; 12; reported; 2018-03", ""),
            ("added", f"{BOATS}/2018-04/reported/1", "", "", "exactly; 12; reported; 2018-04"),
        ],
        ['"facts/boats/2018-03/reported/1"', "{"],
        id="date of a value",
    ),
    pytest.param(
        ("facts.yaml", "label: Boats", "label: Vessels"),
        [("changed", BOATS, "label", "Boats", "Vessels")],
        ["Vessels"],
        id="label",
    ),
    pytest.param(
        ("facts.yaml", "unit: boats", "unit: vessels"),
        [("changed", BOATS, "unit", "boats", "vessels")],
        ["vessels"],
        id="unit",
    ),
    pytest.param(
        (
            "facts.yaml",
            "    - {date: 2019-05, value: 20",
            "    - {date: 2019, value: 14, sources: [memoir]}\n    - {date: 2019-05, value: 20",
        ),
        [("added", f"{BOATS}/2019/reported/1", "", "", "exactly; 14; reported; 2019")],
        ["{"],
        id="new value of an earlier day",
    ),
    pytest.param(
        ("facts.yaml", "    - {date: 2018-05, value: 90, status: withdrawn, sources: [report]}\n", ""),
        [("removed", "facts/oars/2018-05/withdrawn/1", "", "exactly; 90; withdrawn; 2018-05", "")],
        ['"facts/oars/2018-05/withdrawn/1"'],
        id="deletion of a value",
    ),
    pytest.param(
        ("facts.yaml", "id: oars", "id: paddles"),
        [
            ("removed", "facts/oars", "", "Oars", ""),
            ("removed", "facts/oars/2018-05/reported/1", "", "exactly; 80; reported; 2018-05", ""),
            ("removed", "facts/oars/2018-05/withdrawn/1", "", "exactly; 90; withdrawn; 2018-05", ""),
            ("added", "facts/paddles", "", "", "Oars"),
            ("added", "facts/paddles/2018-05/reported/1", "", "", "exactly; 80; reported; 2018-05"),
            ("added", "facts/paddles/2018-05/withdrawn/1", "", "", "exactly; 90; withdrawn; 2018-05"),
        ],
        None,
        id="id of a fact",
    ),
    pytest.param(
        ("facts.yaml", "list: hubs, role: spoke", "list: hubs, role: hub"),
        [],
        [],
        id="a count that comes out the same",
    ),
    pytest.param(
        ("facts.yaml", "list: hubs, role: spoke", "list: timeline"),
        [("changed", "facts/berths", "value", "1", "2")],
        ["{"],
        id="what is counted",
    ),
    pytest.param(
        ("timeline.yaml", "date: 2018-01-15", "date: 2018-01-16"),
        [("changed", "timeline/start", "date", "2018-01-15", "2018-01-16")],
        ["2018-01-16"],
        id="date of an event",
    ),
    pytest.param(
        ("timeline.yaml", "date: 2019-02~", "date: 2020-02~"),
        [("removed", "timeline/storm", "", "A storm; 2019-02~", "")],
        ['"timeline/storm"'],
        id="an event moved to a later day",
    ),
    pytest.param(
        ("timeline.yaml", "title: A storm", "title: The storm"),
        [("changed", "timeline/storm", "title", "A storm", "The storm")],
        ["The storm"],
        id="title of an event",
    ),
    pytest.param(
        ("timeline.yaml", "The quay was flooded.", "The pier was flooded."),
        [("changed", "timeline/storm", "summary", "The quay was flooded.", "The pier was flooded.")],
        ["The pier was flooded."],
        id="summary of an event",
    ),
    pytest.param(
        ("timeline.yaml", "- {id: storm, date: 2019-02~", "- {id: gale, date: 2019-02~"),
        [
            ("added", "timeline/gale", "", "", "A storm; 2019-02~"),
            ("removed", "timeline/storm", "", "A storm; 2019-02~", ""),
        ],
        ["{", '"timeline/storm"'],
        id="id of an event",
    ),
    pytest.param(
        ("hubs.yaml", "latitude: 54.2", "latitude: 54.25"),
        [
            (
                "changed",
                "hubs/bank",
                "places",
                "name The sandbank, latitude 54.2, longitude 7.8, precision city",
                "name The sandbank, latitude 54.25, longitude 7.8, precision city",
            )
        ],
        ["["],
        id="place of a hub",
    ),
    pytest.param(
        ("hubs.yaml", "from: 2018-02", "from: 2018-03"),
        [("changed", "hubs/bank", "from", "2018-02", "2018-03")],
        ["2018-03"],
        id="beginning of a hub",
    ),
    pytest.param(
        ("hubs.yaml", "until: 2019-12", "until: 2019-06"),
        [("changed", "hubs/bank", "until", "", "2019-06")],
        ["2019-06"],
        id="end of a hub",
    ),
    pytest.param(
        ("hubs.yaml", "until: 2019-12", "until: 2019-05"),
        [("changed", "facts/berths", "value", "1", "0"), ("changed", "hubs/bank", "until", "", "2019-05")],
        ["{", "2019-05"],
        id="end of a hub that was counted",
    ),
    pytest.param(
        ("contributions.yaml", "NO: 60", "NO: 59"),
        [("changed", "contributions/2019-04", "troops", "DE 30; NO 60", "DE 30; NO 59")],
        ["{"],
        id="number of a nation",
    ),
    pytest.param(
        ("contributions.yaml", "total: 100", "total: 110"),
        [("changed", "contributions/2019-04", "total", "100", "110")],
        ["110"],
        id="total of a table",
    ),
    pytest.param(
        ("site.yaml", "start: 2018-01-15", "start: 2018-01"),
        [("changed", "site/mission", "start", "2018-01-15", "2018-01")],
        ["2018-01"],
        id="beginning of the mission",
    ),
]


@pytest.mark.parametrize(("change", "expected", "marked"), REWRITINGS)
def test_rewriting_is_a_correction(
    tmp_path: Path,
    frozen: str,
    change: tuple[str, str, str],
    expected: list[tuple[str, str, str, str, str]],
    marked: list[str] | None,
) -> None:
    """Whatever is rewritten of a frozen day is found, with what was said and what is said; without a reason it is a
    problem at the place that says it now, or where the frozen edition says what is gone."""
    case = make_case(tmp_path, "rewritten", {**rewritten(*change), FILE: frozen})
    factsheet = load(case.project)
    found, problems = find_corrections(factsheet, factsheet.site.edition)
    assert [(each.kind, each.claim, each.field, each.old, each.new) for each in found] == expected
    assert {each.day for each in found} <= {DAY}
    assert {problem.code for problem in problems} <= {"unexplained-correction"}
    assert {problem.severity for problem in problems} <= {"warning"}
    texts = [marked_by(problem.location, case) for problem in problems]
    assert len(texts) == len(expected)
    if marked is not None:
        assert texts == marked


def marked_by(place: Location, case: Case) -> str:
    """The text at a place."""
    line = (case.project / place.file).read_text(encoding="utf-8").split("\n")[place.line - 1]
    return line[place.column - 1 :][: place.length]


def test_unexplained_correction_is_listed_and_refused_under_strict(
    build_case: BuildCase, tmp_path: Path, frozen: str
) -> None:
    """Without a reason a correction stands on the page of changes and is a warning; under --strict it is an error and
    nothing is written."""
    case = build_case(tmp_path, "rewritten", {**rewritten("facts.yaml", "value: 12,", "value: 13,"), FILE: frozen})
    done = case.run("build", "--strict")
    assert done.status == 1
    assert not case.public.exists()
    assert done.err.startswith(
        "content/facts.yaml:6:30: error[unexplained-correction]: value of facts/boats/2018-03/reported/1 was '12' in "
        "the frozen edition of 2019-06-30\n"
    )
    assert "say why in corrections.yaml (edition: 2019-06-30, claim: facts/boats/2018-03/reported/1)" in done.err
    done = case.run("build")
    assert done.status == 0
    assert "content/facts.yaml:6:30: warning[unexplained-correction]" in done.err
    section = corrections_of(case)
    for words in ("facts.html#boats", "Boats, March 2018", "30 June 2019", "No reason is given."):
        assert words in section
    assert re.search(r"<del[^>]*>12</del>.*<ins[^>]*>13</ins>", section, re.DOTALL)


def corrections_of(case: Case) -> str:
    """The section of corrections on the page of changes."""
    page = case.files()["changes.html"].decode()
    assert 'id="corrections"' in page
    section = page[page.index('id="corrections"') :]
    return section[: section.index("</section>")]


def test_explained_correction_is_listed_with_its_reason(build_case: BuildCase, tmp_path: Path, frozen: str) -> None:
    """With a reason a correction is no problem, and stands on the page with it; a reason can be for one claim, for all
    of a fact, or for what is gone, of that edition alone."""
    counted = rewritten("facts.yaml", "value: 12,", "value: 13,")
    files = {
        **rewritten("timeline.yaml", "- {id: storm, date: 2019-02~", "- {id: gale, date: 2019-02~", counted),
        FILE: frozen,
        "content/corrections.yaml": """\
- {edition: 2019-06-30, claim: facts/boats, reason: Miscounted by one.}
- {edition: 2019-06-30, claim: timeline/storm, reason: It has another name.}
- {edition: 2019-06-30, claim: timeline/gale, reason: It was a gale.}
""",
    }
    case = build_case(tmp_path, "explained", files)
    done = case.run("build", "--strict")
    assert (done.status, done.err) == (0, "")
    section = corrections_of(case)
    for words in ("Miscounted by one.", "It has another name.", "It was a gale."):
        assert words in section
    assert "No reason is given." not in section


def test_reason_is_for_one_edition(build_case: BuildCase, tmp_path: Path) -> None:
    """A reason for one frozen edition explains nothing in another."""
    case = build_case(tmp_path, "two", FILES)
    for day in ("2018-06-30", "2019-06-30"):
        assert case.run("freeze", day).status == 0
    facts = case.project / "content/facts.yaml"
    facts.write_text(facts.read_text(encoding="utf-8").replace("value: 12,", "value: 13,"), encoding="utf-8")
    reason = "- {edition: 2019-06-30, claim: facts/boats, reason: Miscounted by one.}\n"
    (case.project / "content/corrections.yaml").write_text(reason, encoding="utf-8")
    done = case.run("check", "--strict")
    assert done.status == 1
    assert "in the frozen edition of 2018-06-30" in done.err
    assert "in the frozen edition of 2019-06-30" not in done.err


@pytest.mark.parametrize(
    ("correction", "message", "hint"),
    [
        (
            "{edition: 2019-06-30, claim: facts/boat, reason: Why.}",
            "content/corrections.yaml:1:32: error[unused-correction]: nothing in the edition of 2019-06-30 was "
            "rewritten at 'facts/boat'",
            "check its claim",
        ),
        (
            "{edition: 2018-06-30, claim: facts/boats, reason: Why.}",
            "content/corrections.yaml:1:32: error[unused-correction]: nothing in the edition of 2018-06-30",
            "check its claim and edition",
        ),
        (
            "{edition: 2019-06-30, claim: facts/boats}",
            "content/corrections.yaml:1:3: error[missing-key]: 'reason' is missing",
            "reason",
        ),
        (
            "{edition: 2019-06, claim: facts/boats, reason: Why.}",
            "content/corrections.yaml:1:13: error[bad-date]: '2019-06' is not a single day",
            "YYYY-MM-DD",
        ),
    ],
)
def test_reasons_must_be_of_something(
    build_case: BuildCase, tmp_path: Path, frozen: str, correction: str, message: str, hint: str
) -> None:
    """A reason for what was not rewritten, or for no edition, is a problem where it stands."""
    files = {**FILES, FILE: frozen, "content/corrections.yaml": f"- {correction}\n"}
    done = build_case(tmp_path, "reasons", files).run("check", "--strict")
    assert done.status == 1
    assert message in done.err
    assert hint in done.err


def edited(frozen: str, old: str, new: str) -> str:
    """The frozen edition with one place edited, which must be there once."""
    assert frozen.count(old) == 1, old
    return frozen.replace(old, new)


@pytest.mark.parametrize(
    ("damage", "name", "problem"),
    [
        pytest.param(
            lambda text: edited(text, '"value": "12"', '"value": "13"'),
            DAY,
            "1:1: error[bad-frozen]: the frozen edition of 2019-06-30 was edited by hand",
            id="a value edited",
        ),
        pytest.param(
            lambda text: edited(text, '"day": "2019-06-30"', '"day": "2019-06-29"'),
            "2019-06-29",
            "1:1: error[bad-frozen]: the frozen edition of 2019-06-29 was edited by hand",
            id="moved to another day",
        ),
        pytest.param(
            lambda text: text,
            "2019-06-29",
            "1:1: error[bad-frozen]: the file is named 2019-06-29 but holds the edition of 2019-06-30",
            id="renamed to another day",
        ),
        pytest.param(
            lambda text: text,
            "2019-06",
            "1:1: error[bad-frozen]: '2019-06' is not the day of an edition",
            id="renamed to a month",
        ),
        pytest.param(
            lambda text: text,
            "june-2019",
            "1:1: error[bad-frozen]: 'june-2019' is not the day of an edition",
            id="renamed to words",
        ),
        pytest.param(
            lambda text: text[: text.index('"status"')],
            DAY,
            "27:4: error[bad-frozen]: the frozen edition is not whole: ",
            id="half written",
        ),
        pytest.param(lambda _text: "", DAY, "1:1: error[bad-frozen]: the frozen edition is not whole: ", id="empty"),
        pytest.param(
            lambda text: text.replace(",", ";", 1),
            DAY,
            "2:21: error[bad-frozen]: the frozen edition is not whole: ",
            id="not JSON",
        ),
        pytest.param(lambda _text: "[]\n", DAY, "1:1: error[bad-frozen]: this is not a frozen edition", id="a list"),
        pytest.param(
            lambda text: edited(text, '"claims"', '"claim"'),
            DAY,
            "1:1: error[bad-frozen]: this is not a frozen edition",
            id="a key renamed",
        ),
        pytest.param(
            lambda text: edited(text, '"value": "12"', '"value": 12'),
            DAY,
            "1:1: error[bad-frozen]: this is not a frozen edition",
            id="a number for a text",
        ),
        pytest.param(
            lambda _text: "[" * 50_000, DAY, "1:1: error[bad-frozen]: this is not a frozen edition", id="too deep"
        ),
        pytest.param(
            lambda _text: '{"day": "2019-06-30", "digest": "", "claims": {"a": {"b": "\\ud800"}}}',
            DAY,
            "1:1: error[bad-frozen]: the frozen edition of 2019-06-30 was edited by hand",
            id="half a character",
        ),
    ],
)
def test_damaged_frozen_edition_is_refused_with_its_place(
    build_case: BuildCase, tmp_path: Path, frozen: str, damage: Callable[[str], str], name: object, problem: str
) -> None:
    """A frozen file that was edited, cut, renamed or is something else is an error at its place, with the remedy."""
    path = f"content/editions/{name}.json"
    done = build_case(tmp_path, "damaged", {**FILES, path: damage(frozen)}).run("check")
    assert done.status == 1
    assert done.err.startswith(f"{path}:{problem}")
    assert "restore the file from version control" in done.err
    assert done.err.endswith("rsm-site: 1 error in the content; nothing was written\n")


def test_white_space_of_a_frozen_edition_does_not_matter(build_case: BuildCase, tmp_path: Path, frozen: str) -> None:
    """Other line ends and indentation, as version control and editors make them, are no edit of what it says."""
    for number, text in enumerate((frozen.replace("\n", "\r\n"), json.dumps(json.loads(frozen)), f"\ufeff{frozen}")):
        done = build_case(tmp_path, f"spaced-{number}", {**FILES, FILE: text}).run("check", "--strict")
        assert (done.status, done.err) == (0, "")


def test_freezing_twice_is_refused(build_case: BuildCase, tmp_path: Path, frozen: str) -> None:
    """A day that is frozen stays as it is; frozen again from nothing it is the same bytes."""
    case = build_case(tmp_path, "twice", {**rewritten("facts.yaml", "value: 12,", "value: 13,"), FILE: frozen})
    done = case.run("freeze", str(DAY))
    assert (done.status, done.out) == (2, "")
    assert done.err == "rsm-site: 2019-06-30 is frozen already; what was published is not rewritten\n"
    assert (case.project / FILE).read_text(encoding="utf-8") == frozen
    again = build_case(tmp_path, "again", FILES)
    assert again.run("freeze", str(DAY), "--quiet") == (0, "", "")
    assert (again.project / FILE).read_text(encoding="utf-8") == frozen


@pytest.mark.parametrize(
    ("files", "arguments", "status", "message"),
    [
        pytest.param(
            rewritten("timeline.yaml", "2020-02-29", "2019-02-29"),
            [],
            1,
            "content/timeline.yaml:3:22: error[bad-date]",
            id="an error in the content",
        ),
        pytest.param(
            rewritten("pages/overview.md", "::: from=2020-03-01", "::: from=2018-03-01"),
            [],
            1,
            "content/pages/overview.md:10:7: error[not-on-that-day]: there is no event 'treaty' on 2018-06-30",
            id="an error that shows in an edition",
        ),
        pytest.param(
            {**FILES, "content/notes.txt": "A note."}, ["--strict"], 1, "content/notes.txt:1:1: error", id="a warning"
        ),
        pytest.param(
            {**FILES, "content/editions/2018-06-30.json": "{"},
            [],
            1,
            "content/editions/2018-06-30.json:1:2: error[bad-frozen]",
            id="another frozen edition broken",
        ),
        pytest.param(FILES, ["--known-by", "2019-01-01"], 2, "leave out --known-by", id="less than was known"),
    ],
)
def test_freezing_what_cannot_be_published_is_refused(
    build_case: BuildCase,
    tmp_path: Path,
    files: dict[str, str | bytes],
    arguments: list[str],
    status: int,
    message: str,
) -> None:
    """Content that cannot be built cannot be frozen: the problem is told as by a build, and nothing is written."""
    case = build_case(tmp_path, "refused", files)
    done = case.run("freeze", str(DAY), *arguments)
    assert (done.status, done.out) == (status, "")
    assert message in done.err
    there = {path.relative_to(case.project).as_posix() for path in case.project.rglob("*") if path.is_file()}
    assert there == set(files)


@pytest.mark.parametrize(
    ("day", "message"),
    [
        ("2020-07-01", "2020-07-01 is after the edition of 2020-06-30; only what was published is frozen"),
        ("2019-06-31", "'2019-06-31' is not a date: June 2019 has 30 days; write YYYY-MM-DD"),
        ("2019-06", "'2019-06' is not a single day; write YYYY-MM-DD"),
        ("yesterday", "'yesterday' is not a date; write YYYY-MM-DD"),
    ],
)
def test_freezing_no_day_of_the_factsheet_is_wrong_use(
    build_case: BuildCase, tmp_path: Path, day: str, message: str
) -> None:
    """A day that is none, or that the factsheet does not describe yet, is refused in one line with status 2."""
    case = build_case(tmp_path, "no-day", FILES)
    done = case.run("freeze", day)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert not (case.project / "content/editions").exists()


def test_frozen_edition_of_a_later_day_waits(build_case: BuildCase, tmp_path: Path) -> None:
    """A build of an earlier day does not compare what was frozen later; a factsheet set back before a frozen day is
    told so."""
    case = build_case(tmp_path, "later", FILES)
    assert case.run("freeze", "2020-06-30").status == 0
    facts = case.project / "content/facts.yaml"
    facts.write_text(facts.read_text(encoding="utf-8").replace("value: 25", "value: 26"), encoding="utf-8")
    assert case.run("check", "--strict", "--edition", "2019-06-30").status == 0
    assert "unexplained-correction" in case.run("check", "--strict").err
    site = case.project / "content/site.yaml"
    site.write_text(site.read_text(encoding="utf-8").replace("edition: 2020", "edition: 2019"), encoding="utf-8")
    done = case.run("check", "--strict")
    assert done.status == 1
    assert "content/editions/2020-06-30.json:1:1: error[later-frozen]" in done.err


def test_corrections_are_not_known_before(build_case: BuildCase, tmp_path: Path, frozen: str) -> None:
    """A build of what was known by a day lists no correction, which was made of later knowledge."""
    case = build_case(tmp_path, "known", {**rewritten("facts.yaml", "value: 12,", "value: 13,"), FILE: frozen})
    assert case.run("build", "--known-by", "2019-12-31").status == 0
    assert b'id="corrections"' not in case.files()["changes.html"]


def kept(factsheet: Factsheet, day: date) -> Factsheet:
    """The factsheet with its edition of that day frozen."""
    text = freeze(edition_of(factsheet, day)).decode()
    frozen = Frozen(day=day.isoformat(), text=text, location=Location(f"content/editions/{day}.json"))
    return structs.replace(factsheet, frozen=(frozen,))


@given(factsheets(), any_day, observations(), st.data())
@quick
def test_only_what_is_of_the_day_is_a_correction(
    factsheet: Factsheet, day: date, added: Observation, data: st.DataObject
) -> None:
    """Of any factsheet, a frozen day without rewriting has no correction; a value that is added is one exactly if it is
    not of a later day."""
    after = kept(structs.replace(factsheet, site=structs.replace(factsheet.site, edition=date.max)), day)
    assert find_corrections(after, date.max) == ((), ())
    plain = [fact for fact in factsheet.facts if not fact.count_of]
    if not plain:
        return
    chosen = data.draw(st.sampled_from(plain))
    grown = structs.replace(chosen, observations=(*chosen.observations, added))
    after = structs.replace(after, facts=tuple(grown if each is chosen else each for each in factsheet.facts))
    found, problems = find_corrections(after, date.max)
    assert len(found) == len(problems)
    assert bool(found) == (added.date.earliest <= day)
