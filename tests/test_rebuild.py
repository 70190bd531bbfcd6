"""A site made again after edits equals one made from nothing, whatever was edited; and it is made in fewer steps."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from tempfile import mkdtemp

import pytest
from conftest import PROJECT, make_case
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import structs

from rsm_site import workers
from rsm_site.book import Workshop
from rsm_site.build import check_site, open_workshop
from rsm_site.config import Config, make_config
from rsm_site.errors import ContentError, SiteError
from rsm_site.memo import Memo
from rsm_site.output import write_site

# So many steps a run; the long run that is made before a release has 2,000.
RUNS = int(os.environ.get("REBUILD_RUNS", "10"))
STEPS = 20

IDS = ("a", "b", "c", "d")
YEARS = st.integers(2015, 2021)
WORDS = st.sampled_from(
    ["Harbour", "Bridge", "[[fact:boats]]", "[[event:a]]", "[[hub:pier]]", "[[term:hb]]", "é *x*", "[[source:log]]"]
)
PLACES = st.sampled_from(["", "pier", "quay", "elsewhere"])
LATER_HUB = """\
  role: spoke
  from: 2021
  sources: [log]
  places: [{name: Quay, latitude: 3, longitude: 4, sources: [log]}]
"""
FILES = st.sampled_from(["facts.yaml", "timeline.yaml", "hubs.yaml", "site.yaml", "pages/text.md", "sources.yaml"])
TEMPLATES = st.sampled_from(["pages/timeline.html", "base.html", "macros/source.html", "assets/css/base.css"])


class Editor:
    """What an editor has written so far, and the files it stands in."""

    def __init__(self) -> None:
        """Begin with a little of everything."""
        self.values = {2018: 1200, 2020: 1350}
        self.events: dict[str, tuple[int, str, str]] = {"a": (2018, "First", ""), "b": (2019, "Second", "pier")}
        self.longer = {"a": "A longer text."}
        self.summary = "A [[fact:boats]] fleet."
        self.page = "Words of the page."
        self.source = "Harbour log"
        self.term = "Harbour Board"
        self.closed = ""
        self.later_hub = ""
        self.site = {"url": "", "editions": "", "notice": ""}
        self.broken: set[str] = set()

    def files(self) -> Iterator[tuple[str, str]]:
        """The content files."""
        site = "".join(f"{key}: {value}\n" for key, value in self.site.items() if value)
        outline = "strength: boats\nfront_page: [text, figures, strength, timeline, hubs, sources]\n"
        yield "site.yaml", f"title: Harbour\nlanguage: en\nedition: 2020-06-30\n{outline}{site}"
        values = "".join(f"    - {{date: {y}, value: {v}, sources: [log]}}\n" for y, v in sorted(self.values.items()))
        yield "facts.yaml", f"- id: boats\n  label: Boats\n  featured: true\n  observations:\n{values}"
        events = "".join(
            f"- id: {id_}\n  date: {year}\n  title: {title}\n  category: start\n  sources: [log]\n"
            + (f"  place: {place}\n" if place else "")
            + (f"  summary: '{self.summary}'\n" if id_ == "a" else "")
            for id_, (year, title, place) in self.events.items()
        )
        yield "timeline.yaml", events or "[]\n"
        for id_, text in self.longer.items():
            yield f"timeline/{id_}.md", f"{text}\n"
        yield (
            "hubs.yaml",
            (
                "- id: pier\n  name: The pier\n  role: hub\n  sources: [log]\n"
                f"  places: [{{name: Pier, latitude: 1, longitude: 2, sources: [log]}}]\n{self.closed}"
                + (self.later_hub and f"- id: quay\n  name: {self.later_hub}\n{LATER_HUB}")
            ),
        )
        yield "glossary.yaml", f"- {{id: hb, term: HB, expansion: {self.term}}}\n"
        yield "sources.yaml", f"- {{id: log, title: {self.source}, publisher: The board, published: 2014}}\n"
        yield "pages/text.md", f"---\ntitle: Text\n---\n{self.page}\n"

    def write(self, content: Path) -> None:
        """Make the folder hold these files and no others."""
        wanted = {name: text + (": [\n" if name in self.broken else "") for name, text in self.files()}
        for path in content.rglob("*.*"):
            if path.relative_to(content).as_posix() not in wanted:
                path.unlink()
        for name, text in wanted.items():
            path = content / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_text() != text:
                path.write_text(text)


class Edits(RuleBasedStateMachine):
    """Edits one after another, each followed by a build that knows of the one before, and by a clean one."""

    @initialize()
    def begin(self) -> None:
        """Begin with a site that was built."""
        self.project = Path(mkdtemp())
        shutil.copytree(PROJECT / "templates", self.project / "templates")
        self.editor = Editor()
        self.config = make_config(project=self.project, cache=self.project / "cache")
        self.workshop = open_workshop(self.config)
        self.is_told = False
        self.before: dict[str, bytes] | None = None

    def teardown(self) -> None:
        """Take the site away."""
        shutil.rmtree(self.project)

    @rule(year=YEARS, value=st.integers(0, 9999))
    def value(self, year: int, value: int) -> None:
        """A figure is added or changed."""
        self.editor.values[year] = value

    @rule(id_=st.sampled_from(IDS), year=YEARS, title=WORDS, place=PLACES)
    def event(self, id_: str, year: int, title: str, place: str) -> None:
        """An event is added, moved, or called otherwise."""
        self.editor.events[id_] = (year, title.strip("[]*").replace(":", " "), place)

    @rule(id_=st.sampled_from(IDS))
    def no_event(self, id_: str) -> None:
        """An event goes, and maybe its longer text stays behind."""
        self.editor.events.pop(id_, None)

    @rule(id_=st.sampled_from(IDS), text=st.lists(WORDS, max_size=3))
    def longer(self, id_: str, text: list[str]) -> None:
        """A longer text is written, changed, or deleted."""
        self.editor.longer.pop(id_, None)
        if text:
            self.editor.longer[id_] = " ".join(text)

    @rule(field=st.sampled_from(["page", "summary"]), text=st.lists(WORDS, min_size=1, max_size=3))
    def prose(self, field: str, text: list[str]) -> None:
        """A text is changed."""
        setattr(self.editor, field, " ".join(text))

    @rule(field=st.sampled_from(["source", "term"]), text=st.sampled_from(["Harbour log", "Harbour Board", "Diary"]))
    def name(self, field: str, text: str) -> None:
        """A source or a term is called otherwise."""
        setattr(self.editor, field, text)

    @rule(closed=st.sampled_from(["", "  until: 2019\n", "  from: 2017\n", "  until: 2030\n"]))
    def hub(self, closed: str) -> None:
        """A place opens or closes."""
        self.editor.closed = closed

    @rule(name=st.sampled_from(["", "The quay", "The long quay"]))
    def later_hub(self, name: str) -> None:
        """A place that opens after the edition is added, called otherwise, or taken away."""
        self.editor.later_hub = name

    @rule(
        field=st.sampled_from(
            [
                *(("url", "https://example.org/x/"), ("editions", "[2018-12-31, 2019-12-31]"), ("notice", "Beware")),
                ("mission", "{name: A mission, start: 2015, end: 2020-12}"),
            ]
        ),
        on=st.booleans(),
    )
    def site(self, field: tuple[str, str], on: bool) -> None:
        """A setting of the site is given or taken away."""
        self.editor.site[field[0]] = field[1] if on else ""

    @rule(name=FILES)
    def breaks(self, name: str) -> None:
        """A file is saved half way."""
        self.editor.broken.add(name)

    @rule()
    def mends(self) -> None:
        """All that was broken is mended."""
        self.editor.broken.clear()

    @rule(name=TEMPLATES, more=st.sampled_from(["\n", "{# a word #}", "<", "{{ t('no such words') }}"]))
    def template(self, name: str, more: str) -> None:
        """A template or a style sheet is changed, maybe so that it does not work."""
        source, path = PROJECT / "templates" / name, self.project / "templates" / name
        path.write_text(source.read_text() + (more if name.endswith(".html") else "/* a word */"))

    @rule()
    def templates_again(self) -> None:
        """The templates are as they were."""
        shutil.copytree(PROJECT / "templates", self.project / "templates", dirs_exist_ok=True)

    @rule(word=st.sampled_from(["Sources", "What it rests on"]))
    def strings(self, word: str) -> None:
        """Words of the interface are changed."""
        path = self.project / "templates" / "strings" / "en.yaml"
        text = (PROJECT / "templates" / "strings" / "en.yaml").read_text()
        path.write_text(text.replace("\nsources: Sources", f"\nsources: {word}"))

    @rule(day=st.sampled_from([None, date(2019, 6, 30)]), known_by=st.sampled_from([None, date(2016, 1, 1)]))
    def options(self, day: date | None, known_by: date | None) -> None:
        """The command is given other options."""
        self.config = structs.replace(self.config, edition=day, known_by=known_by)

    @rule(is_told=st.booleans())
    def told(self, is_told: bool) -> None:
        """A watcher says which files have changed, or does not."""
        self.is_told = is_told

    @rule()
    def another_process(self) -> None:
        """The site is written, and the next build has only what the one before left on the disk."""
        if isinstance(made := build(self.config, self.workshop), dict):
            write_site(made, self.config.output)
        self.workshop = open_workshop(self.config)
        self.before = None

    @invariant()
    def equals_a_clean_build(self) -> None:
        """The files, or the problems, are those of a build that knows of nothing before."""
        self.editor.write(self.project / "content")
        now = {str(path.resolve()): path.read_bytes() for path in self.project.rglob("*.*") if path.is_file()}
        before = self.before if self.is_told else None
        changed = None if before is None else {p for p in now.keys() | before if now.get(p) != before.get(p)}
        again = build(self.config, self.workshop, changed)
        # Whoever could not read all of it looks at all of it the next time.
        self.before = now if isinstance(again, dict) else None
        clean = build(self.config, Workshop(Memo(None)))
        if isinstance(again, dict) and isinstance(clean, dict):
            assert [url for url in again.keys() | clean.keys() if again.get(url) != clean.get(url)] == []
        assert again == clean


def build(config: Config, workshop: Workshop, changed: set[str] | None = None) -> dict[str, bytes] | str:
    """The files of the site, or why there is none."""
    try:
        return dict(check_site(config, workshop, changed=changed).files)
    except ContentError as error:
        return f"{error}: {error.problems}"
    except SiteError as error:
        return str(error)


TestEdits = Edits.TestCase
TestEdits.settings = settings(max_examples=RUNS, stateful_step_count=STEPS)


def test_an_edit_makes_few_pages_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another word in an event's longer text makes its own page, and no other."""
    editor = Editor()
    editor.write(tmp_path / "content")
    config = make_config(project=tmp_path)
    workshop = Workshop(Memo(None))
    check_site(config, workshop)
    rendered: list[str] = []
    from rsm_site.render import Renderer

    original = Renderer.render
    monkeypatch.setattr(Renderer, "render", lambda self, page: rendered.append(page.url) or original(self, page))
    editor.longer["a"] = "Another text."
    editor.write(tmp_path / "content")
    check_site(config, workshop)
    assert rendered == ["events/a.html"]


@pytest.mark.parametrize("edit", ["first later event", "first later hub", "later hub that only a later event names"])
def test_what_is_later_is_told_everywhere_again(tmp_path: Path, edit: str) -> None:
    """The first record that is later than the edition, and a place that opens later, change every page that tells of
    them or of the size of their data."""
    editor = Editor()
    editor.site |= {"url": "https://example.org/x/", "mission": "{name: A mission, start: 2015, end: 2020-03}"}
    editor.values = {2018: 1200}
    editor.events["b"] = (2019, "Second", "quay" if edit == "first later hub" else "")
    if edit.startswith("later"):
        editor.events["c"], editor.later_hub = (2021, "Third", "quay"), "The quay"
    editor.write(tmp_path / "content")
    config, workshop = make_config(project=tmp_path), Workshop(Memo(None))
    before = build(config, workshop)
    if edit == "first later event":
        editor.events["c"] = (2021, "Third", "")
    else:
        editor.later_hub = "The long quay"
    editor.write(tmp_path / "content")
    again, clean = build(config, workshop), build(config, Workshop(Memo(None)))
    assert isinstance(again, dict)
    assert isinstance(clean, dict)
    assert before != again
    assert [url for url in clean if again[url] != clean[url]] == []


@pytest.mark.parametrize("cores", [1, 2])
def test_two_processes_make_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int) -> None:
    """A large site has the same bytes when one process makes all of it and when two share the work."""
    editor = Editor()
    editor.events = {f"e{number}": (2015 + number % 6, f"Event {number}", "") for number in range(250)}
    editor.longer = {id_: f"A text of *{id_}*." for id_ in editor.events}
    editor.page = "Words."
    editor.write(tmp_path / "content")
    forks: list[int] = []
    original = os.fork
    monkeypatch.setattr(os, "fork", lambda: forks.append(1) or original())
    monkeypatch.setattr(workers, "can_fork", lambda: cores == 2)
    made = build(make_config(project=tmp_path), Workshop(Memo(None)))
    assert isinstance(made, dict)
    assert bool(forks) == (cores == 2)
    monkeypatch.setattr(workers, "can_fork", lambda: False)
    assert made == build(make_config(project=tmp_path), Workshop(Memo(None)))


@pytest.mark.parametrize("damage", [b"", b"not a database", b"SQLite format 3\0" + bytes(84)])
def test_a_damaged_cache_is_no_cache(tmp_path: Path, damage: bytes) -> None:
    """Whatever stands where the cache was, the site is made, and made the same; and before long there is a cache."""
    Editor().write(tmp_path / "content")
    config = make_config(project=tmp_path, cache=tmp_path / "cache")
    first = build(config, open_workshop(config))
    (kept,) = (tmp_path / "cache").glob("*.sqlite")
    size = kept.stat().st_size
    kept.write_bytes(damage)
    for _ in range(2):
        assert build(config, open_workshop(config)) == first
    assert kept.stat().st_size > size / 2


@pytest.mark.parametrize("part", [0, 0.001, 0.5])
def test_a_compiled_template_that_is_cut_short_is_compiled_again(tmp_path: Path, part: float) -> None:
    """A file of the cache that was not written whole, or not as it was, is no fault."""
    case = make_case(tmp_path, "components")
    config = make_config(project=case.project, templates=PROJECT / "templates", cache=tmp_path / "cache")
    first = dict(check_site(config).files)
    for path in (tmp_path / "cache/templates").iterdir():
        data = path.read_bytes()
        path.write_bytes(data[: round(len(data) * part)] if part else data[:-9] + b"damaged!!")
    assert dict(check_site(config).files) == first


@pytest.mark.parametrize("name", ["cache", "long" * 100])
def test_a_cache_that_cannot_be_used_is_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The site is made though nothing can be kept: no space for compiled templates, a folder that cannot be reached."""

    def fail(**_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jinja2.bccache.tempfile.NamedTemporaryFile", fail)
    case = make_case(tmp_path, "components")
    config = make_config(project=case.project, templates=PROJECT / "templates", cache=tmp_path / name)
    built = [dict(check_site(each).files) for each in (config, structs.replace(config, cache=None))]
    assert built[0] == built[1]


def test_an_old_size_and_date_hide_no_change(tmp_path: Path) -> None:
    """A new process sees what has changed in a text, whatever the size and the date of its file."""
    site = "{title: A mission, language: en, edition: 2020-01-01}"
    events = "[{id: start, date: 2019, title: Start, summary: It begins., category: ship, sources: [log]}]"
    sources = "[{id: log, title: Log, publisher: Port, published: 2019}]"
    lists = {"content/timeline.yaml": events, "content/sources.yaml": sources}
    make_case(tmp_path, "one", {**lists, "content/timeline/start.md": "The first words.\n"})
    folder = tmp_path / "one"
    text, page = folder / "content/timeline/start.md", "events/start.html"
    time.sleep(0.1)  # beyond what a date on a file could leave open
    (folder / "content/site.yaml").write_text(site)
    config = make_config(project=folder, templates=PROJECT / "templates", cache=tmp_path / "cache")
    assert b"first words" in check_site(config, open_workshop(config)).files[page]
    status = text.stat()
    text.write_text("The other words.\n")
    os.utime(text, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert b"other words" in check_site(config, open_workshop(config)).files[page]


def test_what_was_not_made_beside_a_fault_is_made_when_it_is_mended(tmp_path: Path) -> None:
    """A page that was changed while the front page was faulty is there in full once the front page is mended."""
    site = {"content/site.yaml": "{title: A mission, language: en, edition: 2020-01-01}"}
    overview, page = tmp_path / "one/content/pages/overview.md", tmp_path / "one/content/pages/other.md"
    facts = "[{id: ships, label: Ships, observations: [{date: 2019, value: 3, sources: [log]}]}]"
    sources = "[{id: log, title: Log, publisher: Port, published: 2019}]"
    make_case(tmp_path, "one", {**site, "content/facts.yaml": facts, "content/sources.yaml": sources})
    overview.parent.mkdir()
    config = make_config(project=tmp_path / "one", templates=PROJECT / "templates")
    workshop = open_workshop(config)
    good, faulty = "Ships: [[fact:ships]].", "Ships: [[fact:ships@2021-01-01]]."
    for text, words in ((good, "first words"), (faulty, "second words"), (good, "second words")):
        overview.write_text(f"---\ntitle: Overview\n---\n{text}\n")
        page.write_text(f"---\ntitle: Other\n---\nThe {words}.\n")
        with pytest.raises(ContentError) if text == faulty else nullcontext():
            assert words.encode() in check_site(config, workshop).files["other.html"]
