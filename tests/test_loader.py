"""The content folder as a whole: what is read, what is refused, and in what order."""

import json
import os
import socket
import time
from datetime import date
from pathlib import Path

import pytest
from conftest import BuildCase, Case, make_case
from hypothesis import given, settings
from hypothesis import strategies as st
from test_prose import PIECES

from rsm_site import loader, workers
from rsm_site.config import make_config
from rsm_site.loader import Loaded, load_factsheet

SITE = "title: Harbour Mission\nlanguage: en\nedition: 2020-06-30\n"
SOURCES = "- {id: report, title: Report, publisher: Office, published: 2019-05-01}\n"
EVENT = "- {{id: {0}, date: 2019, title: {0}, category: work, sources: [report]}}\n"
Files = dict[str, str | bytes]


def load(tmp_path: Path, files: Files) -> Loaded:
    """Load a content folder of `files` beside a good site.yaml and sources.yaml."""
    files = {"site.yaml": SITE, "sources.yaml": SOURCES, **files}
    case = make_case(tmp_path, "project", {f"content/{path}": data for path, data in files.items()})
    return load_factsheet(make_config(project=case.project))


def found(loaded: Loaded) -> list[tuple[str, str, str]]:
    """File, severity and code of each problem."""
    return [(problem.location.file, problem.severity, problem.code) for problem in loaded.problems]


def test_only_site_yaml_is_required(tmp_path: Path) -> None:
    """A site of one file is whole, and has an edition."""
    loaded = load_factsheet(make_config(project=make_case(tmp_path, "p", {"content/site.yaml": SITE}).project))
    assert loaded.problems == ()
    assert loaded.factsheet is not None
    assert loaded.factsheet.site.edition == date(2020, 6, 30)


def test_a_list_is_a_file_and_a_folder_in_order(tmp_path: Path) -> None:
    """The records of the file come first, then those of the folder's files in order of their names."""
    files: Files = {
        "timeline/b.yaml": EVENT.format("three"),
        "timeline/a.yaml": EVENT.format("two"),
        "timeline.yaml": EVENT.format("one"),
        "timeline/two.md": "A longer text.\n",
    }
    factsheet = load(tmp_path, files).factsheet
    assert factsheet is not None
    assert [event.id for event in factsheet.events] == ["one", "two", "three"]
    assert [text.text for text in factsheet.longer.values()] == ["A longer text.\n"]


@pytest.mark.parametrize("can_fork", [True, False])
def test_many_texts_are_read_as_few_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_fork: bool) -> None:
    """Thousands of texts, which two processes read where there can be two, are the same events and problems."""
    monkeypatch.setattr(workers, "can_fork", lambda: can_fork)
    numbers = range(30)
    files: Files = {f"timeline/e{n}.md": f"Text of [[event:e{n}]].\n" for n in numbers}
    files |= {
        "timeline.yaml": "".join(EVENT.format(f"e{n}") for n in numbers),
        "timeline/more.yaml": EVENT.format("e3"),
    }
    few = load(tmp_path / "few", files)
    monkeypatch.setattr(loader, "_MANY", 1)
    many = load(tmp_path / "many", files)
    assert (many.factsheet, many.problems) == (few.factsheet, few.problems)
    assert [problem.code for problem in many.problems] == ["repeated-id"]


def test_what_editors_leave_behind_is_ignored(tmp_path: Path) -> None:
    """Hidden files, backups and swap files are nothing; any other file that nothing reads is a warning."""
    left = (".git/x", ".DS_Store", "facts.yaml~", "#facts.yaml#", ".facts.yaml.swp", "a.tmp", "b.bak", "pages/c.swp")
    files: Files = {
        **dict.fromkeys(left, b"\xff"),
        "timeline.yaml": EVENT.format("one"),
        "notes.txt": "x",
        "deep/a/b": "x",
    }
    assert found(load(tmp_path, files)) == [
        ("content/deep/a/b", "warning", "unread-file"),
        ("content/notes.txt", "warning", "unread-file"),
    ]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (SITE.replace("06-30", "06-31"), "bad-date"),
        (SITE.replace("title", "titel"), "unknown-key"),
        (SITE + "map: {outlin: map/region.geojson}\n", "unknown-key"),
        (SITE + "mapp: {outline: map/region.geojson}\n", "unknown-key"),
        (SITE + "map: {outline: [\n", "bad-yaml"),
    ],
)
def test_an_outline_is_not_called_unread_where_what_names_it_is_wrong(tmp_path: Path, wrong: str, code: str) -> None:
    """A mistake in site.yaml is one problem, though no outline is read because of it."""
    files: Files = {"site.yaml": wrong, "timeline.yaml": EVENT.format("one"), "map/region.geojson": "{}"}
    assert found(load(tmp_path, files)) == [("content/site.yaml", "error", code)]


def test_content_cannot_leave_its_folder(tmp_path: Path) -> None:
    """Links out, to folders, in circles or to nowhere, and what is no file, are each one placed problem at once."""
    (tmp_path / "secret.md").write_text("---\ntitle: Secret\n---\nsecret\n")
    (tmp_path / "elsewhere").mkdir()
    pages = tmp_path / "project" / "content" / "pages"
    pages.mkdir(parents=True)
    (pages / "out.md").symlink_to(tmp_path / "secret.md")
    (pages / "up.md").symlink_to("../../../secret.md")
    (pages / "zero.md").symlink_to("/dev/zero")
    (pages / "folder").symlink_to(tmp_path / "elsewhere")
    (pages / "self").symlink_to(".")
    (pages / "circle.md").symlink_to("circle.md")
    (pages / "nowhere.md").symlink_to("nothing.md")
    os.mkfifo(pages / "pipe.md")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(pages)
        listening.bind("socket.md")
        os.chdir(here)
    started = time.process_time()
    loaded = load(tmp_path, {})
    assert time.process_time() - started < 1
    assert [(file.removeprefix("content/pages/"), code) for file, _severity, code in found(loaded)] == [
        *(("circle.md", "unreadable"), ("folder", "outside"), ("nowhere.md", "unreadable"), ("out.md", "outside")),
        *(("pipe.md", "not-a-file"), ("self", "outside"), ("socket.md", "not-a-file"), ("up.md", "outside")),
        ("zero.md", "outside"),
    ]
    assert "secret" not in str(loaded.texts)


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    """A file may stand under two names."""
    pages = tmp_path / "project" / "content" / "pages"
    pages.mkdir(parents=True)
    (pages / "b.md").symlink_to("a.md")
    loaded = load(tmp_path, {"pages/a.md": "---\ntitle: A\nsources: [report]\n---\n"})
    assert loaded.problems == ()
    assert loaded.factsheet is not None
    assert [page.id for page in loaded.factsheet.pages] == ["a", "b"]


def test_a_giant_file_is_not_read(tmp_path: Path) -> None:
    """A file of a terabyte, all holes, is refused at once."""
    path = tmp_path / "project" / "content" / "facts.yaml"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(1 << 40)
    started = time.process_time()
    assert ("content/facts.yaml", "error", "too-large") in found(load(tmp_path, {}))
    assert time.process_time() - started < 1


def test_a_deep_folder_is_walked(tmp_path: Path) -> None:
    """Folders in folders, however deep, are a warning for the file at the end."""
    path = "/".join([*["d"] * 300, "x"])
    assert found(load(tmp_path, {"timeline.yaml": EVENT.format("one"), path: ""})) == [
        (f"content/{path}", "warning", "unread-file")
    ]


def test_problems_name_files_from_the_project(build_case: BuildCase, tmp_path: Path) -> None:
    """Wherever the command is run, a file is named from the project folder; one outside it by its own path."""
    case = build_case(tmp_path, "event-impossible-date")
    inside = load_factsheet(make_config(project=case.project))
    assert inside.problems[0].location.file == "content/timeline.yaml"
    outside = load_factsheet(make_config(project=tmp_path / "other", content=case.project / "content"))
    assert outside.problems[0].location.file == str(case.project / "content" / "timeline.yaml")


def test_a_fault_is_not_told_twice(tmp_path: Path) -> None:
    """What cites a file that cannot be read is not called unknown as well, and nothing is called unused."""
    files: Files = {
        "sources.yaml": "- {id: report, title: [}\n",
        "timeline.yaml": EVENT.format("one"),
        "glossary.yaml": "- {id: hq, term: HQ, expansion: Headquarters}\n",
        "pages/work.md": "---\ntitle: Work\n---\n[[source:report]] [[event:one]]\n",
    }
    assert found(load(tmp_path, files)) == [("content/sources.yaml", "error", "bad-yaml")]


def test_faults_of_different_files_are_all_told(tmp_path: Path) -> None:
    """A file that cannot be read does not hide what is wrong with the others."""
    files: Files = {
        "site.yaml": SITE + "edition: x\n",
        "facts.yaml": "\t",
        "timeline.yaml": EVENT.format("one").replace("report", "raport").replace("2019", "2019-13"),
        "hubs.yaml": "- {id: a, name: A, role: hub, from: 2020, until: 2019, sources: [report], places: []}\n",
        "pages/work.md": "---\ntitel: Work\n---\n[[event:two]] [[fact:three]] [[nation:UK]]\n",
    }
    assert [(file.removeprefix("content/"), code) for file, _severity, code in found(load(tmp_path, files))] == [
        ("facts.yaml", "bad-yaml"),
        ("hubs.yaml", "no-value"),
        ("pages/work.md", "unknown-key"),
        ("pages/work.md", "unknown-id"),
        ("pages/work.md", "bad-country"),
        ("site.yaml", "repeated-key"),
        ("timeline.yaml", "bad-date"),
        ("timeline.yaml", "unknown-id"),
    ]


FILES = (
    *("site.yaml", "sources.yaml", "facts.yaml", "timeline.yaml", "hubs.yaml", "contributions.yaml", "glossary.yaml"),
    *("corrections.yaml", "pages/work.md", "timeline/one.md", "map/square.geojson", "editions/2019-01-01.json"),
)
KEYS = st.sampled_from(
    [
        *("id", "title", "date", "sources", "category", "observations", "value", "count_of", "list", "places", "role"),
        *(
            "troops",
            "total",
            "term",
            "edition",
            "language",
            "map",
            "outline",
            "publish",
            "front_page",
            "summary",
            "from",
        ),
    ]
)
YAML = st.recursive(
    st.one_of(PIECES, st.sampled_from(["2019", "2019-02-30", "NO", "en", "report", "one", "12", "map/square.geojson"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=15,
)
ANYTHING = st.one_of(
    st.binary(max_size=40),
    st.lists(PIECES, max_size=12).map(lambda pieces: "".join(pieces).encode("utf-8", "replace")),
    YAML.map(lambda value: repr(value).encode("utf-8", "replace")),
    YAML.map(lambda value: f"---\ntitle: A\n---\n{value}".encode("utf-8", "replace")),
)


@pytest.mark.parametrize("highlight", ["NO", "578"])
def test_a_country_is_known_by_its_code_and_by_the_id_of_its_outline(tmp_path: Path, highlight: str) -> None:
    """A feature is found by its `iso2` and by its id, as in files that have both."""
    ring = [[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]
    norway = {"type": "Feature", "id": 578, "properties": {"iso2": "NO"}}
    geometry = {"type": "Polygon", "coordinates": [ring]}
    outline = {"type": "FeatureCollection", "features": [{**norway, "geometry": geometry}]}
    place = "{name: Far, latitude: 60, longitude: 60}"
    loaded = load(
        tmp_path,
        {
            "site.yaml": SITE + f"map: {{outline: map/a.geojson, highlight: '{highlight}'}}\n",
            "map/a.geojson": json.dumps(outline),
            "hubs.yaml": f"[{{id: far, name: Far, role: hub, places: [{place}], sources: [report]}}]",
        },
    )
    assert found(loaded) == [("content/hubs.yaml", "error", "outside-country")]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A project whose files are overwritten by each example."""
    return make_case(
        tmp_path_factory.mktemp("fuzz"), "fuzz", {"content/site.yaml": SITE, "content/sources.yaml": SOURCES}
    )


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(FILES), ANYTHING, max_size=4))
def test_any_bytes_in_any_file_are_a_site_or_problems(fuzzed: Case, files: dict[str, bytes]) -> None:
    """Whatever stands in whichever files, the check ends with 0 or 1 within two seconds, never with a fault."""
    content = fuzzed.project / "content"
    for path in FILES:
        target = content / path
        target.parent.mkdir(exist_ok=True)
        if path in files:
            target.write_bytes(files[path])
        elif path == "site.yaml":
            target.write_text(SITE + "map: {outline: map/square.geojson}\n" * ("map/square.geojson" in files))
        elif path == "sources.yaml":
            target.write_text(SOURCES)
        else:
            target.unlink(missing_ok=True)
    started = time.process_time()
    done = fuzzed.run("check")
    assert done.status in (0, 1), (files, done.err)
    assert time.process_time() - started < 2
