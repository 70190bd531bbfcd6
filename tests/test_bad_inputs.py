"""Bad content of every kind, made of a small whole site: each is a placed problem or a good site, soon, and what was
published before stays as it was. The hand-made cases with their exact words are in sites_invalid."""

import json
import os
import re
import socket
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import yaml
from conftest import Case, make_case
from test_sites_invalid import CASES, state_of

pytestmark = pytest.mark.timeout(120)

SECONDS = 2
# Of the values put in place of others every twelfth is tried, each time the same; 1 tries all, in a minute and a half.
EVERY = 12
PLACED = re.compile(r"^\S[^\n]*:\d+:\d+: (?:error|warning)\[[a-z0-9-]+\]: \S", re.MULTILINE)
GARBAGE = ("2019-02-30", "\u202e<script>", "no-such-thing", "-1", "", "9" * 400, "../../etc/passwd", "'")
OTHER_TYPES = ("[]", "{}", "[[x], {y: z}]", "{x: [y]}", "null", "!!python/object:os.system x")
FILES = {
    "site.yaml": """\
title: Harbour Mission
short_title: HM
tagline: It keeps a quay.
language: en
url: https://example.org/
edition: 2020-06-30
editions: [2019-06-30]
mission: {name: Harbour, organisation: Body, country: NO, start: 2018, end: 2021-09}
publisher: {name: Desk, url: https://example.org/, email: a@example.org}
licence: CC-BY-4.0
notice: Unofficial.
front_page: [figures, strength, hubs, timeline, nations, work, sources]
strength: people
groups: {all: All}
categories: {legal: Legal}
map: {outline: map/square.geojson, highlight: NO}
security: {contact: "https://example.org/", expires: 2030-01-01}
publish:
  disk: {kind: folder, path: /srv/www, keep: 5}
""",
    "sources.yaml": """\
- {id: report, title: Report, publisher: Body, kind: report, published: 2018, url: "https://example.org/r",
   accessed: 2020-01-02, reliability: official, verified: true, language: en, note: Read.}
""",
    "facts.yaml": """\
- id: people
  label: People
  group: all
  type: number
  unit: people
  featured: true
  stale_after: 48 months
  observations:
    - {date: 2019-01, value: 300, qualifier: about, status: reported, sources: [{id: report, at: page}], note: Early.}
- {id: stations, label: Stations, count_of: {list: hubs, role: hub}}
""",
    "timeline.yaml": """\
- {id: opened, date: 2018-03-01, title: Opened, category: legal, place: quay, summary: "It [[hub:quay]] began.",
   sources: [report], see: [moved], featured: true, aliases: [old.html]}
- {id: moved, date: 2019~, title: Moved, category: legal, sources: [report]}
""",
    "timeline/opened.md": "A longer text with [[fact:people]].\n\n## More\n\nAnd [[date:moved]].\n",
    "hubs.yaml": """\
- id: quay
  name: Quay
  role: hub
  from: 2018-03
  until: 2021
  lead_nation: NO
  places: [{name: Quay, latitude: 5, longitude: 5, precision: city, sources: [report]}]
  summary: At the [[term:hq]].
  sources: [report]
""",
    "contributions.yaml": """\
- {date: 2019-05, total: 300, qualifier: exactly, nations: 2, sources: [report], troops: {NO: 200, DE: 100}, note: All.}
""",
    "glossary.yaml": "- {id: hq, term: HQ, expansion: Headquarters, definition: 'The [[nation:NO]] house.'}\n",
    "pages/work.md": "---\ntitle: Work\nsummary: Work.\nsources: [report]\norder: 2\n---\n\nText [[fact:people]].\n",
    "map/square.geojson": json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "id": "NO",
                    "properties": {"name": "Norway", "iso2": "NO"},
                    "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]]},
                }
            ],
        }
    ),
    "corrections.yaml": "- {edition: 2019-06-30, claim: facts/people, reason: Counted twice.}\n",
    "editions/2019-06-30.json": '{"facts": {}}',
}
GOOD = {path: text for path, text in FILES.items() if not path.startswith(("corrections", "editions"))}


def mutations() -> Iterator[tuple[str, str, bytes]]:
    """Bad inputs: what was done, to which file, and its bytes then."""
    for path, text in FILES.items():
        data = text.encode()
        for name, spoiled in _spoiled(data):
            yield name, path, spoiled
        if path.endswith(".yaml"):
            replaced = (
                (start, end, garbage)
                for start, end, is_key in _scalars(text)
                for garbage in (GARBAGE[3:6:2] if is_key else (*GARBAGE, *OTHER_TYPES))
            )
            for start, end, garbage in islice(replaced, 0, None, EVERY):
                quoted = garbage if garbage in OTHER_TYPES else json.dumps(garbage, ensure_ascii=False)
                yield f"{start}: {garbage[:20]!r}", path, (text[:start] + quoted + text[end:]).encode()


def _spoiled(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The bytes cut off, turned over, doubled or mixed with what no text has."""
    for part in (1, 2, 3, 5, 8):
        yield f"cut at {part}/9", data[: len(data) * part // 9]
        place = len(data) * part // 9
        yield f"bit at {part}/9", data[:place] + bytes([data[place] ^ 0x80]) + data[place + 1 :]
        yield f"sign at {part}/9", data[:place] + bytes([data[place] ^ 0x0E]) + data[place + 1 :]
    yield "empty", b""
    yield "null bytes", data.replace(b"e", b"\0")
    yield "UTF-16", data.decode().encode("utf-16")
    yield "twice", data + data
    yield "tabs", data.replace(b"  ", b"\t")
    yield "line ends of Unicode", data.replace(b"\n", "\u2028".encode(), 2)
    yield "backwards", data[::-1]
    yield "a program", b"\x7fELF" + bytes(range(256)) * 40
    yield "an anchor of itself", b"&a [*a]\n"
    yield "deep", b"[" * 10_000
    yield "wide", b"- {id: x}\n" * 3000


def _scalars(text: str) -> Iterator[tuple[int, int, bool]]:
    """Start, end and kind of each key and value."""
    waiting = [(yaml.compose(text), False)]
    while waiting:
        node, is_key = waiting.pop()
        if isinstance(node, yaml.ScalarNode):
            yield node.start_mark.index, node.end_mark.index, is_key
        elif isinstance(node, yaml.MappingNode):
            waiting += [(each, index == 0) for pair in node.value for index, each in enumerate(pair)]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(each, False) for each in node.value]


MUTATIONS = {(path, data): name for name, path, data in mutations() if FILES[path].encode() != data}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The whole site, built once."""
    files: dict[str, str | bytes] = {f"content/{path}": text for path, text in GOOD.items()}
    case = make_case(tmp_path_factory.mktemp("bad"), "site", files)
    done = case.run("build")
    assert (done.status, done.err) == (0, "")
    return case


def test_at_least_four_hundred_are_tried_over_every_file() -> None:
    """With the hand-made ones there are at least 400 different bad inputs, and some for every content file."""
    made = {path.split("/")[0] for path, _data in MUTATIONS}
    assert made == {path.split("/")[0] for path in FILES}
    assert len(MUTATIONS) + len(CASES) >= 400
    assert len(MUTATIONS) >= 400


@pytest.mark.parametrize("path", FILES)
def test_bad_content_is_a_placed_problem_or_a_good_site(path: str, site: Case) -> None:
    """Whatever stands in a file: the check ends within two seconds, with a good site, or with a problem that has file,
    line and column; never with a fault of the program."""
    target = site.project / "content" / path
    target.parent.mkdir(exist_ok=True)
    refused = 0
    before = state_of(site.public)
    wrong = []
    for (file, data), name in MUTATIONS.items():
        if file == path:
            target.write_bytes(data)
            started = time.process_time()
            done = site.run("check")
            took = time.process_time() - started
            is_placed = done.status == 1 and PLACED.search(done.err)
            refused += done.status
            if not (is_placed or done.status == 0) or took > SECONDS or "Traceback" in done.err:
                wrong.append((name, took, done.err[-300:]))
    # One of them is built as well, as an editor would: it changes nothing of what stands there.
    target.write_bytes(b"\xff")
    assert site.run("build").status == 1
    if path in GOOD:
        target.write_text(GOOD[path], encoding="utf-8")
    else:
        target.unlink()
    assert state_of(site.public) == before
    assert wrong == []
    assert refused >= 10
    assert site.run("check").status == 0


def test_a_key_that_is_missing_is_named(site: Case) -> None:
    """Each key left out of each record is a problem at its place where it is required, and a good site otherwise."""
    count = 0
    for path in ("site.yaml", "sources.yaml", "facts.yaml", "timeline.yaml", "hubs.yaml", "contributions.yaml"):
        whole = yaml.load(FILES[path], yaml.BaseLoader)
        record = whole if isinstance(whole, dict) else whole[0]
        for key in list(record):
            value = record.pop(key)
            (site.project / "content" / path).write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
            done = site.run("check")
            record[key] = value
            count += 1
            assert done.status in (0, 1), (path, key, done.err)
            if done.status:
                assert PLACED.search(done.err), (path, key)
        (site.project / "content" / path).write_text(FILES[path], encoding="utf-8")
    assert count > 50


def test_content_cannot_leave_its_folder(tmp_path: Path) -> None:
    """Links out, pipes, sockets, devices, folders for files and files of a terabyte are each a placed problem within
    a second, whichever content file they stand for; nothing of what they lead to is read."""
    secret = tmp_path / "secret"
    secret.write_text("title: Secret words\nlanguage: en\nedition: 2020-06-30\n", encoding="utf-8")
    for path in FILES:
        for number, make in enumerate((_link, _link_up, _null, _pipe, _socket, _folder, _giant)):
            files: dict[str, str | bytes] = {f"content/{name}": text for name, text in GOOD.items()}
            case = make_case(tmp_path / str(number), path.replace("/", "-"), files)
            target = case.project / "content" / path
            target.parent.mkdir(exist_ok=True)
            target.unlink(missing_ok=True)
            make(target, secret)
            started = time.process_time()
            done = case.run("check")
            assert time.process_time() - started < 1, (path, make)
            assert done.status == 1 or make is _folder, (path, make, done.err)
            assert PLACED.search(done.err), (path, make)
            assert f"content/{path}" in done.err, (path, make, done.err)
            assert "Secret words" not in done.err
            if make is _giant:
                target.unlink()


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "..", "a/../../b", "a\\..\\b", "%2e%2e/b", "~/.ssh/id", "C:/b", "a\0b", "."]
)
def test_no_id_or_path_leads_out(name: str, tmp_path: Path) -> None:
    """An id, an old address, an outline or a front page that names another folder is a placed problem."""
    quoted = json.dumps(name)
    for path, old in (
        ("site.yaml", "map/square.geojson"),
        ("timeline.yaml", "old.html"),
        ("timeline.yaml", "id: opened"),
        ("sources.yaml", "id: report"),
        ("hubs.yaml", "id: quay"),
        ("glossary.yaml", "id: hq"),
        ("site.yaml", "timeline, nations"),
    ):
        assert old in FILES[path]
        new = {"id": f"id: {quoted}"}.get(old[:2], quoted)
        files: dict[str, str | bytes] = {f"content/{file}": text for file, text in GOOD.items()}
        files[f"content/{path}"] = GOOD[path].replace(old, new, 1)
        case = make_case(tmp_path, f"{path}-{old[:4]}-{abs(hash(name))}".replace("/", ""), files)
        done = case.run("build")
        assert done.status == 1, (path, old, done.err)
        assert f"content/{path}:" in done.err
        assert not case.public.exists()


def _link(target: Path, secret: Path) -> None:
    target.symlink_to(secret)


def _link_up(target: Path, secret: Path) -> None:
    target.symlink_to(os.path.relpath(secret, target.parent))


def _null(target: Path, _secret: Path) -> None:
    target.symlink_to("/dev/zero")


def _pipe(target: Path, _secret: Path) -> None:
    os.mkfifo(target)


def _socket(target: Path, _secret: Path) -> None:
    here = Path.cwd()
    os.chdir(target.parent)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(target.name)
    finally:
        os.chdir(here)


def _folder(target: Path, _secret: Path) -> None:
    target.mkdir()
    (target / "a").write_text("x", encoding="utf-8")


def _giant(target: Path, _secret: Path) -> None:
    with target.open("wb") as file:
        file.truncate(1 << 40)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("map/square.geojson", '"id": "NO", "properties": {"name": "Norway", "iso2": "NO"}', '"properties": null'),
        ("pages/work.md", "Text", "&#xFDD0;0&#xFDD1; &#64976;1&#64977; Text"),
        ("pages/work.md", "order: 2\n---\n", "order: 2\nlayout: blocks\n---\n<h2>By hand</h2>\n\n## One\n"),
        ("site.yaml", "language: en", "language: tn"),
        ("site.yaml", "title: Harbour Mission", r"title: 'Harbour } {Mission\'"),
    ],
)
def test_what_is_odd_is_good_all_the_same(path: str, old: str, new: str, tmp_path: Path) -> None:
    """What formats allow but nobody expects is built."""
    files: dict[str, str | bytes] = {f"content/{file}": text for file, text in GOOD.items()}
    assert old in GOOD[path]
    files[f"content/{path}"] = GOOD[path].replace(old, new)
    if path.startswith("map"):
        files["content/site.yaml"] = GOOD["site.yaml"].replace(", highlight: NO", "")
    done = make_case(tmp_path, "odd", files).run("build")
    assert done.status == 0, done.err
