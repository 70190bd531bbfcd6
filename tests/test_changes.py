"""What changed between two days: claim by claim, in words for readers, and the same for machines."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, BuildCase, Case, make_case
from harbour import FILES, load, rewritten
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from strategies import any_day, factsheets

from rsm_site.changes import Claim, apply, between, claims_of, describe
from rsm_site.edition import Edition, edition_of, last_of
from rsm_site.language import Language
from rsm_site.model import Factsheet, Marks, Observation, within
from rsm_site.prose import Converter
from rsm_site.strings import read_strings
from rsm_site.views import Addresses, Viewer

quick = settings(max_examples=30, deadline=None)


def counted(claims: Iterable[Claim]) -> Counter[str]:
    """The claims in no order; equal ones as often as they are there."""
    return Counter(map(repr, claims))


@given(factsheets(), any_day, any_day, st.none() | any_day)
@quick
def test_changes_make_one_edition_the_other(
    factsheet: Factsheet, before: date, after: date, known_by: date | None
) -> None:
    """What changed between two days, applied to the claims of the first, gives those of the second, forwards and
    backwards; and with them the value that holds of each fact."""
    one, other = (edition_of(factsheet, day, known_by) for day in (before, after))
    claims = apply(claims_of(one), between(one, other))
    assert counted(claims) == counted(claims_of(other))
    values: dict[str, list[Observation]] = {}
    for claim in claims:
        if isinstance(claim.record, Observation):
            values.setdefault(claim.id, []).append(claim.record)
    for fact in other.facts:
        if not fact.is_counted:
            current = last_of(sorted(values.get(fact.fact.id, ()), key=lambda each: each.date.sort_key))
            assert current == fact.current or (current and fact.current and current.date == fact.current.date)


@given(factsheets(), any_day, any_day, any_day)
@quick
def test_what_was_learned_is_a_change_too(factsheet: Factsheet, day: date, early: date, late: date) -> None:
    """Between what was known of a day at two times, changes make one the other as well."""
    one, other = (edition_of(factsheet, day, known_by) for known_by in (early, late))
    assert counted(apply(claims_of(one), between(one, other))) == counted(claims_of(other))


@given(factsheets(), any_day, any_day)
@quick
def test_no_change_between_a_day_and_itself(factsheet: Factsheet, day: date, known_by: date) -> None:
    """Between an edition and itself nothing changed, and nothing is told."""
    for edition in (edition_of(factsheet, day), edition_of(factsheet, day, known_by)):
        changes = between(edition, edition)
        assert not changes
        assert (changes.added, changes.removed, changes.facts) == ((), (), ())
        assert describe(changes, viewer_of(factsheet, edition)).count == 0


@given(factsheets(), any_day, any_day)
@quick
def test_every_claim_that_came_is_told(factsheet: Factsheet, before: date, after: date) -> None:
    """Each value, event and table that is new between two days stands in the description, once; nothing else does but
    figures that are counted and what became of places; and nothing told is of a day before or after the two."""
    before, after = sorted((before, after))
    one, other = edition_of(factsheet, before), edition_of(factsheet, after)
    changes = between(one, other)
    view = describe(changes, viewer_of(factsheet, other))
    entries = {group.id: group.entries for group in view.groups}
    added: dict[str, list[Any]] = {}
    for claim in changes.added:
        added.setdefault(claim.list, []).append(claim.record)
    counts = {fact.fact.id for fact in other.facts if fact.is_counted}
    values = [entry for entry in entries.get("facts", ()) if entry.id not in counts]
    assert len([entry for entry in values if entry.new]) == len(added.get("facts", ()))
    assert [entry.id for entry in entries.get("timeline", ())] == [event.id for event in added.get("timeline", ())]
    assert len(entries.get("contributions", ())) == len(added.get("contributions", ()))
    hubs = (*added.get("hubs", ()), *changes.closed)
    assert {entry.id for entry in entries.get("hubs", ())} == {hub.id for hub in hubs}
    assert view.count == sum(map(len, entries.values()))
    for entry in values:
        assert entry.new
        assert entry.new.date
        assert before < entry.new.date.earliest <= after
        assert entry.new.sources


@given(factsheets(), any_day, any_day)
@quick
def test_places_open_and_close_once(factsheet: Factsheet, before: date, after: date) -> None:
    """A place is told to have opened when it is on record on the second day alone, and to have closed when its end lies
    between the two."""
    before, after = sorted((before, after))
    one, other = edition_of(factsheet, before), edition_of(factsheet, after)
    view = describe(between(one, other), viewer_of(factsheet, other))
    told = {(entry.id, entry.kind) for group in view.groups if group.id == "hubs" for entry in group.entries}
    known = {hub.id for hub in (*one.hubs, *one.closed_hubs)}
    for hub in factsheet.hubs:
        is_on_record = hub.from_ is None or hub.from_.earliest <= after
        assert ((hub.id, "opened") in told) == (is_on_record and hub.id not in known)
        was_closed = hub.id in known and not within(None, hub.until, before)
        assert ((hub.id, "closed") in told) == (is_on_record and not within(None, hub.until, after) and not was_closed)


@pytest.mark.parametrize("until", ["2019", "2019-06", "2019-06-30"])
def test_a_place_closes_as_was_said_before(until: str, tmp_path: Path) -> None:
    """An end that an edition names, and that has not wholly passed on its day, is told once it has."""
    files: dict[str, str | bytes] = {
        "content/site.yaml": "title: A\nlanguage: en\nedition: 2020-06-30\neditions: [2019-06-30]\n",
        "content/sources.yaml": "- {id: report, title: Report, publisher: Body, published: 2018}\n",
        "content/hubs.yaml": f"""\
- {{id: quay, name: Quay, role: hub, from: 2018, until: {until}, sources: [report],
   places: [{{name: Quay, latitude: 5, longitude: 5, sources: [report]}}]}}
""",
    }
    case = make_case(tmp_path, "closing", files)
    factsheet = load(case.project)
    one, other = (edition_of(factsheet, day) for day in (date(2019, 6, 30), date(2020, 6, 30)))
    view = describe(between(one, other), viewer_of(factsheet, other))
    assert [(entry.id, entry.kind) for group in view.groups for entry in group.entries] == [("quay", "closed")]


def test_equal_observations_are_told_apart(harbour: Case) -> None:
    """Two equal observations are two claims: a factsheet that gains or loses one of them has changed by one."""
    factsheet = load(harbour.project)
    fact = factsheet.facts[0]
    observation = structs.replace(fact.observations[0], file="", marks=Marks())

    def edition(times: int) -> Edition:
        changed = structs.replace(fact, observations=(observation,) * times)
        return edition_of(structs.replace(factsheet, facts=(changed,)), date(2018, 12, 31))

    grown = between(edition(1), edition(3))
    assert [claim.record for claim in grown.added] == [observation] * 2
    assert grown.removed == ()
    shrunk = between(edition(3), edition(1))
    assert shrunk.removed == grown.added
    assert counted(apply(claims_of(edition(3)), shrunk)) == counted(claims_of(edition(1)))


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The small factsheet as a project."""
    return make_case(tmp_path_factory.mktemp("changes"), "harbour", FILES)


@cache
def language() -> Language:
    """English."""
    return Language("en", read_strings(PROJECT / "templates", "en")[0])


def viewer_of(factsheet: Factsheet, edition: Edition) -> Viewer:
    """What the changes page is made with."""
    return Viewer(factsheet, edition, language(), Converter(), Addresses(factsheet, edition, None), {})


def test_terminal_tells_each_change(harbour: Case) -> None:
    """The command prints every change, grouped: what it is, in a sentence, by how much, and the sources."""
    done = harbour.run("changes", "--from", "2018-06-30", "--to", "2020-06-30")
    assert (done.status, done.err) == (0, "")
    assert (
        done.out
        == """\
From 2018-06-30 to 2020-06-30: 12 changes

Figures
  changed: Boats: 12 to 25 boats (+13) [report, gazette]
  superseded: Boats, in between: about 20 boats (May 2019) [letter]
  disputed: Boats, disputed: 18 boats [report]
  planned: Boats, planned: 40 boats [letter]
  superseded: Boats, in between: 31 boats (October 2019) [gazette]
  new: Harbour master: A. Berg [gazette]

Events
  new: A storm, about February 2019 [letter]
  new: A treaty is signed, 29 February 2020 [gazette]

Places
  closed: The sandbank closed [report]
  opened: The cape opened [gazette]

Nations
  new: A new table of strength by nation, April 2019 [letter]
  new: A new table of strength by nation, April 2020 [gazette]
"""
    )


def test_terminal_tells_what_was_withdrawn_confirmed_and_counted(harbour: Case) -> None:
    """A withdrawn value, and a figure that is counted in the factsheet, are told as what they are."""
    out = harbour.run("changes", "--from", "2018-01-31", "--to", "2018-06-30").out
    assert "  withdrawn: Oars, withdrawn: 90 [report]\n" in out
    assert "  new: Oars: 80 [report]\n" in out
    assert "  changed: Berths: 0 to 1 (+1) [report]\n" in out


def test_terminal_tells_that_nothing_changed(harbour: Case) -> None:
    """Between a day and itself there are no changes, and that is no mistake."""
    done = harbour.run("changes", "--from", "2019-06-30", "--to", "2019-06-30")
    assert (done.status, done.out) == (0, "From 2019-06-30 to 2019-06-30: 0 changes\n")


def test_machines_get_values_dates_and_sources(harbour: Case) -> None:
    """As JSON each change has both sides with value, date and sources, and the difference as a number; it is the same
    list as on the terminal."""
    told = json.loads(harbour.run("changes", "--from", "2018-06-30", "--to", "2020-06-30", "--format", "json").out)
    assert (told["from"], told["to"], len(told["changes"])) == ("2018-06-30", "2020-06-30", 12)
    assert told["changes"][0] == {
        "list": "facts",
        "id": "boats",
        "kind": "changed",
        "label": "Boats",
        "unit": "boats",
        "old": {
            "words": "12",
            "value": 12,
            "qualifier": "exactly",
            "status": "reported",
            "date": "2018-03",
            "sources": ["report"],
        },
        "new": {
            "words": "25 boats",
            "value": 25,
            "qualifier": "exactly",
            "status": "reported",
            "date": "2020-01",
            "sources": ["gazette"],
        },
        "difference": 13,
        "text": "Boats: 12 to 25 boats",
    }
    text = harbour.run("changes", "--from", "2018-06-30", "--to", "2020-06-30").out
    assert [change["text"] for change in told["changes"] if change["text"] not in text] == []
    storm = next(change for change in told["changes"] if change["id"] == "storm")
    assert storm["old"] is None
    assert storm["new"]["date"] == "2019-02~"


def test_machines_get_every_kind_of_value(build_case: BuildCase, tmp_path: Path) -> None:
    """Fractions, dates and words are values in the JSON too."""
    facts = """\
- id: share
  label: Share
  observations:
    - {date: 2019, value: 0.25, sources: [report]}
    - {date: 2020, value: 0.5, sources: [report]}
- id: horizon
  label: Paid until
  type: date
  observations:
    - {date: 2019, value: 2020-06, sources: [report]}
    - {date: 2020, value: "2024?", sources: [report]}
"""
    site = "title: Harbour Mission\nlanguage: en\nedition: 2020-06-30\n"
    sources = "- {id: report, title: A report, publisher: A publisher, published: 2020}\n"
    files = {"content/site.yaml": site, "content/facts.yaml": facts, "content/sources.yaml": sources}
    case = build_case(tmp_path, "values", files)
    done = case.run("changes", "--from", "2019-12-31", "--to", "2020-01-01", "--format", "json")
    share, horizon = json.loads(done.out)["changes"]
    assert (share["old"]["value"], share["new"]["value"], share["difference"]) == (0.25, 0.5, 0.25)
    assert (horizon["old"]["value"], horizon["new"]["value"], horizon["difference"]) == ("2020-06", "2024?", None)


def test_changes_as_far_as_was_known(harbour: Case) -> None:
    """With `--known-by` nothing is told that no source had published by then, and no later source is named."""
    days = ("--from", "2018-06-30", "--to", "2021-12-31")
    out = harbour.run("changes", *days, "--known-by", "2019-12-31").out
    assert "Boats: 12 to about 20 boats [report, letter]" in out
    assert "gazette" not in out
    assert "memoir" not in out
    assert "memoir" in harbour.run("changes", *days).out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--from", "2020-06-30", "--to", "2018-06-30"],
            "--to 2018-06-30 is before --from 2020-06-30; exchange them",
        ),
        (["--from", "2020-06-31", "--to", "2020-07-01"], "'2020-06-31' is not a date: June 2020 has 30 days"),
        (["--from", "2020-06", "--to", "2020-07-01"], "'2020-06' is not a single day; write YYYY-MM-DD"),
        (["--from", "yesterday", "--to", "2020-07-01"], "'yesterday' is not a date; write YYYY-MM-DD"),
        (["--from", "2020-06-30"], "the following arguments are required: --to"),
        ([], "the following arguments are required: --from, --to"),
    ],
)
def test_wrong_days_are_wrong_use(harbour: Case, arguments: list[str], message: str) -> None:
    """Days that are none, and days in the wrong order, are told in one line, with status 2."""
    done = harbour.run("changes", *arguments)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1


def test_broken_content_has_no_changes(build_case: BuildCase, tmp_path: Path) -> None:
    """Nothing is told of content with an error; a warning is one under --strict."""
    case = build_case(tmp_path, "broken", rewritten("timeline.yaml", "2020-02-29", "2019-02-29"))
    done = case.run("changes", "--from", "2018-06-30", "--to", "2020-06-30")
    assert (done.status, done.out) == (1, "")
    assert "content/timeline.yaml:3:22: error[bad-date]" in done.err
    case = build_case(tmp_path, "unread", {**FILES, "content/notes.txt": "A note.\n"})
    assert case.run("changes", "--from", "2018-06-30", "--to", "2020-06-30").status == 0
    assert case.run("changes", "--from", "2018-06-30", "--to", "2020-06-30", "--strict").status == 1


def test_pages_and_feed_tell_the_same(harbour: Case) -> None:
    """The page of changes has each edition's changes, the newest first, and the feed the same in an entry each; both
    stay the same bytes when nothing changed."""
    assert harbour.run("build", "--strict").status == 0
    files = harbour.files()
    page, feed = files["changes.html"].decode(), files["feed.xml"].decode()
    assert 0 < page.index('id="to-2020-06-30"') < page.index('id="to-2019-06-30"')
    for before, after in (("2018-06-30", "2019-06-30"), ("2019-06-30", "2020-06-30")):
        told = json.loads(harbour.run("changes", "--from", before, "--to", after, "--format", "json").out)
        section = page[page.index(f'id="to-{after}"') :]
        section = section[: section.index("</section>")]
        entry = feed[feed.index(f"editions/{after}/") :]
        entry = entry[: entry.index("</entry>")]
        assert told["changes"]
        for change in told["changes"]:
            assert change["label"] in section
            assert change["text"] in entry
    assert feed.count("<entry>") == 3
    assert harbour.run("build", "--strict").status == 0
    assert harbour.files()["feed.xml"] == files["feed.xml"]


def test_shipped_factsheet_tells_its_changes() -> None:
    """Between the editions of November 2017 and February 2021 the strength fell by 3,000."""
    done = Case(PROJECT).run("changes", "--from", "2017-11-09", "--to", "2021-02-11")
    assert "  changed: Personnel deployed: about 13,000 to about 10,000 people (−3,000) [" in done.out
