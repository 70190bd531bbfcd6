"""The preview: follows every change, survives every fault, answers as a static host would, and to nobody else."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Thread, Timer
from urllib.parse import urlencode

import pytest
from conftest import Case

from rsm_site.build import check_site
from rsm_site.config import make_config
from rsm_site.errors import SiteError, UsageError
from rsm_site.serve import serve
from rsm_site.starter import write_starter

PROJECT = Path(__file__).parent.parent
pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(sys.platform == "win32", reason="ends the server as Ctrl-C does on POSIX systems"),
]

# Runs the preview as the command does; with "bare" the site is the content folder itself, so that a build takes no time
# and can be told to go wrong, or to be slow and wait for a file `go`; with "unwatchable" the system refuses to watch
# folders.
DRIVER = """
import signal, sys, time
from pathlib import Path
from rsm_site.build import Built, check_site
from rsm_site.config import make_config
from rsm_site.errors import ContentError, Location, Problem, SiteError
from rsm_site.serve import serve

def copy(config, audience, changed):
    files = {p.relative_to(config.content).as_posix(): p.read_bytes()
             for p in sorted(config.content.rglob("*")) if p.is_file()}
    text = files.get("index.html", b"").decode()
    if "LATE" in text:
        (config.project / "begun").touch()
        while not (config.project / "go").exists():
            time.sleep(0.01)
    if "SLOW" in text:
        audience.take({url: files[url] for url in audience.waits_for()})
        while not (config.project / "go").exists():
            time.sleep(0.01)
    if not files or "BROKEN" in text:
        where = Location("content/index.html", 1, 4, 6)
        raise ContentError([Problem(where, "bad", "it is broken", "mend it")], {"content/index.html": text})
    if "FAULT" in text:
        raise RuntimeError("odd")
    if "DENIED" in text:
        raise PermissionError(13, "Permission denied", "content/x")
    warning = Problem(Location("content/index.html"), "dull", "it is dull", "", "warning")
    return Built(files=files, page_count=1, problems=(warning,) if "DULL" in text else (), texts={})

def end(number, frame):
    raise KeyboardInterrupt

signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, signal.default_int_handler)  # which whoever runs the tests may have ignored
if "unwatchable" in sys.argv:
    from rsm_site.serve import watch
    awatch = watch.awatch

    async def refuse(*folders, force_polling=None, **options):
        if not force_polling:
            raise RuntimeError("too many watchers")
        async for burst in awatch(*folders, force_polling=True, **options):
            yield burst

    watch.awatch = refuse
config = make_config(project=Path(sys.argv[1]), cache=Path(sys.argv[1]) / "cache")
port = int(sys.argv[2]) if sys.argv[2] else None
say = lambda text: print(text, flush=True)
sys.exit(serve(config, port=port, open_browser=False, say=say, quiet="quiet" in sys.argv,
               build=copy if "bare" in sys.argv else lambda config, _audience, _changed: check_site(config)))
"""


class Running:
    """A preview in a process of its own, and what it said so far."""

    def __init__(self, folder: Path, process: "subprocess.Popen[str]") -> None:
        """Wait until the preview names its link."""
        self.folder = folder
        self.process = process
        self.said: list[str] = []
        self._lines: Queue[str] = Queue()
        Thread(target=self._read, daemon=True).start()
        self.link = self.hears(r"(http://127\.0\.0\.1:\d+/)")[1]
        self.port = int(self.link.rstrip("/").rpartition(":")[2])

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def hears(self, pattern: str, seconds: float = 20) -> re.Match[str]:
        """Wait for a line that has the pattern in it."""
        until = time.monotonic() + seconds
        while True:
            try:
                self.said.append(self._lines.get(timeout=max(0, until - time.monotonic())))
            except Empty:
                raise AssertionError(f"not said: {pattern}; but: {self.said}") from None
            if found := re.search(pattern, self.said[-1]):
                return found

    def heard(self, seconds: float = 0.3) -> list[str]:
        """The lines said since the last look, waiting until none comes for that long."""
        found: list[str] = []
        with suppress(Empty):
            while True:
                found.append(self._lines.get(timeout=seconds))
        self.said += found
        return found

    def ask(
        self, path: str = "/", method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """One request: status, headers by lower-case name, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest(method, path, skip_host=bool(headers and "Host" in headers), skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    def shows(self, text: str, path: str = "/", seconds: float = 10) -> None:
        """Wait until the page at `path` has the text."""
        until = time.monotonic() + seconds
        while text.encode() not in self.ask(path)[2]:
            assert time.monotonic() < until, f"{text!r} is not shown; said: {self.said + self.heard(0)}"
            time.sleep(0.002)

    def end(self, number: int = signal.SIGINT) -> int:
        """End the preview as Ctrl-C does and give its exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@contextmanager
def running(folder: Path, *ways: str, port: int | None = 0, command: Sequence[str] = ()) -> Iterator[Running]:
    """A preview of the project in `folder`; `ways` are those of DRIVER, which runs unless there is a `command`."""
    process = subprocess.Popen(
        [sys.executable, *(command or ("-c", DRIVER, str(folder), "" if port is None else str(port), *ways))],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        server = Running(folder, process)
        yield server
        if process.poll() is None:
            assert server.end() == 0
        assert "Traceback" not in "\n".join(server.said + server.heard(0.05))
    finally:
        process.kill()
        process.wait()


def starter(folder: Path, *, templates: bool = False) -> Path:
    """A small complete project in `folder`, if wanted with templates of its own."""
    project = folder / "project"
    write_starter(project)
    if templates:
        shutil.copytree(PROJECT / "templates", project / "templates")
    return project


def lay_out(folder: Path) -> Path:
    """A project in `folder` whose content folder is a site; whatever else that folder holds goes."""
    pages = {"index.html": "number 0", "404.html": "not here", "editions/index.html": "archive"}
    files = {name: f"<html><head></head><p>{text}</p></html>".encode() for name, text in pages.items()}
    files["data.csv"] = bytes(range(256)) * 4000
    content = folder / "content"
    (folder / "templates").mkdir(exist_ok=True)
    for path in content.rglob("*"):
        if path.is_file() and path.relative_to(content).as_posix() not in files:
            path.unlink()
    for name, data in files.items():
        (content / name).parent.mkdir(parents=True, exist_ok=True)
        (content / name).write_bytes(data)
    (folder / "secret.txt").write_text("secret")
    return folder


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A preview whose site is its content folder, for tests that change nothing."""
    with running(lay_out(tmp_path_factory.mktemp("bare")), "bare") as server:
        yield server


@pytest.fixture
def bare(still: Running) -> Running:
    """The same, for tests that change the content; it begins anew for each."""
    lay_out(still.folder)
    still.hears("Built again")
    while still.heard():
        pass
    assert b"number 0" in still.ask()[2]
    return still


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A preview of the starter's site."""
    with running(starter(tmp_path_factory.mktemp("real"))) as server:
        yield server


class Events:
    """The event stream of one page."""

    def __init__(self, server: Running, path: str = "/") -> None:
        """Ask for the events of the page at `path` as it is now."""
        version = re.search(rb'data-version="(\w+)"', server.ask(path)[2])
        assert version
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        self._connection.request("GET", "/-/events?" + urlencode({"path": path, "version": version[1].decode()}))
        self._stream = self._connection.getresponse()

    def next(self) -> tuple[str, object]:
        """The next event: its name and data."""
        name = ""
        while line := self._stream.readline().decode():
            if line.startswith("event: "):
                name = line[7:].strip()
            elif line.startswith("data: "):
                return name, json.loads(line[6:])
        return "end", None


def write_in_place(path: Path, text: str) -> None:
    """As nano and most scripts save."""
    path.write_text(text)


def write_and_rename(path: Path, text: str) -> None:
    """As Kate, gedit and `sed -i`: a file beside it, sent to the disk, then renamed."""
    other = path.with_name(f"{path.name}.x7Qa")
    with other.open("w") as file:
        file.write(text)
        file.flush()
        time.sleep(0.01)
    other.replace(path)


def truncate_and_write(path: Path, text: str) -> None:
    """An editor that empties the file, and takes its time to fill it."""
    with path.open("w") as file:
        time.sleep(0.01)
        file.write(text)


def delete_and_create(path: Path, text: str) -> None:
    """An editor that removes the file first."""
    path.unlink()
    time.sleep(0.01)
    path.write_text(text)


def keep_a_backup(path: Path, text: str) -> None:
    """As vim may: a trial file, the old file renamed, the new one written, its mode set, the backup removed."""
    trial, backup = path.with_name("4913"), path.with_name(f"{path.name}~")
    trial.touch()
    trial.unlink()
    path.rename(backup)
    path.write_text(text)
    path.chmod(0o644)
    backup.unlink()


def touch(path: Path, _text: str) -> None:
    """Nothing new but the time."""
    now = time.time_ns()
    os.utime(path, ns=(now, now))


def keep_the_date(path: Path, text: str) -> None:
    """In place, with the old size where the text has it, and with the old date."""
    with path.open("r+b", buffering=0) as file:
        status = os.fstat(file.fileno())
        os.pwrite(file.fileno(), text.encode(), 0)
        os.utime(file.fileno(), ns=(status.st_atime_ns, status.st_mtime_ns))


WAYS = (
    write_in_place,
    write_and_rename,
    truncate_and_write,
    delete_and_create,
    keep_a_backup,
    touch,
    keep_the_date,
)


@pytest.mark.parametrize("save", WAYS)
def test_every_way_of_saving_is_seen_once(bare: Running, save: Callable[[Path, str], None]) -> None:
    """Of twenty saves each is seen, and none twice."""
    for number in range(1, 21):
        save(bare.folder / "content" / "index.html", f"<html><head></head><p>number {number}</p></html>")
        bare.hears("Built again: nothing" if save is touch else "Built again: 1 file changed", 5)
        if save is not touch:
            assert f"number {number}<".encode() in bare.ask()[2]
        time.sleep(0.02)
    assert bare.heard() == []


def test_a_thousand_files_at_once_are_one_rebuild(bare: Running) -> None:
    """What a checkout does to many files is one change."""
    for number in range(1000):
        (bare.folder / "content" / f"page-{number}.html").write_text("new")
    bare.hears("Built again: 1000 files changed")
    assert bare.heard() == []
    bare.shows("new", "/page-999.html")


def test_files_that_editors_leave_behind_are_no_change(bare: Running) -> None:
    """Swap files, backups and hidden files do not build the site again."""
    for name in (".index.html.swp", "index.html~", "#index.html#", "x.tmp", "x.bak", ".git"):
        (bare.folder / "content" / name).write_text("x")
    assert bare.heard() == []


def test_where_the_system_reports_no_changes_they_are_looked_for(tmp_path: Path) -> None:
    """A system that has no watcher left is said in a sentence, and changes are seen all the same."""
    with running(lay_out(tmp_path), "bare", "unwatchable") as server:
        server.hears(r"The system reports no changes \(too many watchers\)")
        (tmp_path / "content" / "index.html").write_text("<p>number 1</p>")
        server.shows("number 1")


def test_the_content_folder_may_go_and_come_back(bare: Running) -> None:
    """Renamed away, its absence is said and the last good site stays; back, or another in its place, it is seen."""
    content, away = bare.folder / "content", bare.folder / "away"
    content.rename(away)
    bare.hears(r"1 error")
    bare.shows("number 0")
    away.rename(content)
    bare.hears("Built again: nothing changed")
    (content / "index.html").write_text("<p>number 1</p>")
    bare.shows("number 1")
    other = shutil.copytree(content, bare.folder / "other")
    (other / "index.html").write_text("<p>number 2</p>")
    content.rename(away)
    other.rename(content)
    bare.shows("number 2")
    (content / "index.html").write_text("<p>number 3</p>")
    bare.shows("number 3")


def test_whatever_a_build_raises_the_preview_lives_on(bare: Running) -> None:
    """Problems, bytes that are no UTF-8, refusals of the system and faults are said, and the last good site stays."""
    index = bare.folder / "content" / "index.html"
    for data, said in (
        (b"<p>BROKEN</p>", r"content/index.html:1:4: error\[bad\]: it is broken"),
        (b"<p>\xff\xfe", "UnicodeDecodeError"),
        (b"FAULT", "this is a fault of rsm-site itself, please report it: RuntimeError: odd"),
        (b"DENIED", "Permission denied: content/x"),
    ):
        index.write_bytes(data)
        bare.hears(said)
        bare.hears("1 error; the preview stays as it was")
        assert b"number 0" in bare.ask()[2]
    index.write_text("<p>DULL</p>")
    bare.hears(r"content/index.html:1:1: warning\[dull\]: it is dull")
    bare.shows("DULL")


def test_a_page_is_told_what_to_do(bare: Running) -> None:
    """A page hears of problems as the terminal has them, of their end, and of a change of itself, but of no other."""
    index = bare.folder / "content" / "index.html"
    events = Events(bare)
    assert events.next() == ("problems", {"title": "0 errors", "problems": []})
    index.write_text("<p>BROKEN</p>")
    shown = "content/index.html:1:4: error[bad]: it is broken\n    1 | <p>BROKEN</p>\n      |    ^^^^^^ mend it"
    assert events.next() == ("problems", {"title": "1 error", "problems": [shown]})
    index.write_text("<html><head></head><p>number 0</p></html>")
    assert events.next()[1] == {"title": "0 errors", "problems": []}
    (bare.folder / "content" / "other.html").write_text("other")
    bare.shows("other", "/other.html")
    index.write_text("<html><head><style>p{}</style></head><p>number 0</p></html>")
    assert events.next() == ("styles", None)
    index.write_text("<html><head><style>p{}</style></head><p>number 1</p></html>")
    assert events.next() == ("reload", None)
    absent = Events(bare, "/later.html")
    assert absent.next()[0] == "problems"
    (bare.folder / "content" / "later.html").write_text("later")
    assert absent.next() == ("reload", None)


def test_a_passing_fault_is_not_shown(bare: Running) -> None:
    """A save in two halves, broken in between, shows no problem."""
    events = Events(bare)
    events.next()
    index = bare.folder / "content" / "index.html"
    index.write_text("<p>BROKEN")
    time.sleep(0.03)
    index.write_text("<p>number 1</p>")
    assert events.next() == ("reload", None)


def test_the_page_that_is_looked_at_does_not_wait_for_the_others(bare: Running) -> None:
    """The page asked for last is new before the site is whole, and the old one again when the site turns out faulty."""
    index, other = bare.folder / "content" / "index.html", bare.folder / "content" / "other.html"
    other.write_text("<p>other</p>")
    bare.shows("other", "/other.html")
    bare.ask("/")
    bare.heard()
    for text in ("SLOW and good", "SLOW and BROKEN"):
        index.write_text(f"<p>{text}</p>")
        bare.shows(text)
        assert bare.heard() == []
        (bare.folder / "go").touch()
        bare.hears("Built again: 1 file changed" if "good" in text else "the preview stays as it was")
        bare.shows("SLOW and good")
        (bare.folder / "go").unlink()


def test_who_asks_right_after_saving_gets_what_was_saved(bare: Running) -> None:
    """A page that is asked for while a change is being built is answered with the change, or soon as it was."""
    index, begun, go = bare.folder / "content" / "index.html", bare.folder / "begun", bare.folder / "go"
    for text, is_soon in (("LATE and soon", True), ("LATE and never", False)):
        index.write_text(f"<p>{text}</p>")
        until = time.monotonic() + 20
        while not begun.exists():
            assert time.monotonic() < until
        if is_soon:
            Timer(0.1, go.touch).start()
        assert b"LATE and soon" in bare.ask()[2]
        go.touch()
        bare.shows(text)
        begun.unlink()
        go.unlink()


def test_it_starts_with_broken_content(tmp_path: Path) -> None:
    """With no site yet every page says what is wrong, and is the site once that is mended."""
    (tmp_path / "content").mkdir()
    (tmp_path / "templates").mkdir()
    index = tmp_path / "content" / "index.html"
    index.write_text("<p>BROKEN")
    with running(tmp_path, "bare") as server:
        status, _, body = server.ask("/anything.html")
        assert status == 503
        assert b"content/index.html:1:4: error[bad]: it is broken" in body
        assert b"&lt;p&gt;BROKEN" in body
        index.write_text("mended")
        server.shows("mended")


def test_a_template_with_an_error_is_placed(tmp_path: Path) -> None:
    """An error in a template is said with its file and line, and the last good site stays."""
    folder = starter(tmp_path, templates=True)
    with running(folder) as server:
        template = folder / "templates" / "pages" / "404.html"
        text = template.read_text(encoding="utf-8")
        template.write_text(text + "{{ nothing.at.all }}\n{% for %}\n", encoding="utf-8")
        server.hears(r"templates/pages/404\.html:\d+: ")
        assert server.ask()[0] == 200
        template.write_text(text, encoding="utf-8")
        server.hears("Built again: nothing changed")
        assert not (folder / "public").exists()


def test_a_linked_folder_of_templates_is_followed(tmp_path: Path) -> None:
    """Many templates changed at once in a folder that is only linked are one change, though a link leads back up."""
    folder = starter(tmp_path, templates=True)
    macros = (folder / "templates" / "macros").rename(tmp_path / "shared")
    (folder / "templates" / "macros").symlink_to(macros)
    (macros / "up").symlink_to(folder / "templates")
    with running(folder) as server:
        time.sleep(0.5)
        for template in macros.glob("*.html"):
            template.write_text(template.read_text(encoding="utf-8").replace("<h2 ", "<h2 lang=x "), encoding="utf-8")
        server.hears("Built again: [1-9]")
        assert b"<h2 lang=x" in server.ask()[2]


def test_a_served_page_differs_by_one_script_and_the_policy(real: Running) -> None:
    """But for the preview's script, and what the page's policy has to allow for it, the site is served as built."""
    built = check_site(make_config(project=real.folder))
    policy = re.compile(r'(<meta http-equiv="Content-Security-Policy" content=")[^"]*"')
    for url, data in built.files.items():
        status, _, served = real.ask(f"/{url}")
        assert status == 200
        if url.endswith(".html"):
            text, count = re.subn(
                r'<script src="/-/preview\.js" defer data-version="\w+"></script>', "", served.decode()
            )
            assert count == 1
            assert len(policy.findall(text)) == len(policy.findall(data.decode())) == 1
            assert policy.sub(r"\1", text) == policy.sub(r"\1", data.decode())
        else:
            assert served == data


@pytest.mark.parametrize(
    ("built", "served"),
    [
        ("default-src 'none'", "default-src 'none'; script-src 'self'; connect-src 'self'"),
        ("default-src 'self'", "default-src 'self'"),
        ("script-src 'none'; img-src data:", "script-src 'self'; img-src data:"),
        ("default-src 'none'; script-src 'sha256-a='", None),
        ("img-src *", "img-src *"),
    ],
)
def test_the_policy_allows_the_script_and_its_requests_alone(bare: Running, built: str, served: str | None) -> None:
    """Where a page's policy is too narrow for the preview's script and its requests, they are added, and no more."""
    meta = '<html><head><meta http-equiv="Content-Security-Policy" content="{}"></head></html>'
    (bare.folder / "content" / "index.html").write_text(meta.format(built.replace("'", "&#39;")))
    bare.hears("Built again")
    wanted = served or "default-src 'none'; script-src 'sha256-a=' 'self'; connect-src 'self'"
    assert re.sub(r"<script.*</script>", "", bare.ask()[2].decode()) == meta.format(wanted)


def test_it_serves_as_a_static_host_would(still: Running) -> None:
    """Types, folders, the page for what is not there, HEAD, conditions and ranges."""
    status, headers, body = still.ask("/data.csv")
    data = bytes(range(256)) * 4000
    assert (status, body, headers["content-type"]) == (200, data, "text/csv; charset=utf-8")
    assert headers["cache-control"] == "no-store"
    assert still.ask()[1]["content-type"] == "text/html; charset=utf-8"
    assert still.ask("/editions/")[0] == 200
    moved = still.ask("/editions")
    assert (moved[0], moved[1]["location"], moved[1]["cache-control"]) == (301, "/editions/", "no-store")
    missing = still.ask("/nothing.html")
    assert missing[0] == 404
    assert b"not here" in missing[2]
    assert still.ask("/-/")[0] == 404
    head = still.ask("/data.csv", "HEAD")
    assert (head[0], head[1]["content-length"], head[2]) == (200, str(len(data)), b"")
    assert still.ask("/data.csv", headers={"If-None-Match": f'"x", W/{headers["etag"]}'})[0] == 304
    assert still.ask("/data.csv", headers={"If-None-Match": '"x"'})[0] == 200
    for wanted, expected in {
        "bytes=0-9": (206, data[:10]),
        "bytes=1000000-": (206, data[1000000:]),
        "bytes=-5": (206, data[-5:]),
        "bytes=1023990-9999999": (206, data[1023990:]),
        "bytes=1024000-": (416, b""),
        "bytes=-0": (416, b""),
        "bytes=9-1": (200, data),
        "bytes=-": (200, data),
        "bytes=0-1,5-6": (200, data),
        "bytes=" + "9" * 5000 + "-": (200, data),
    }.items():
        status, part, body = still.ask("/data.csv", headers={"Range": wanted})
        assert (status, body) == expected, wanted
        assert status != 206 or re.fullmatch(r"bytes \d+-\d+/1024000", part["content-range"])
    assert still.ask("/data.csv", headers={"Range": "bytes=0-9", "If-Range": '"x"'})[0] == 200
    assert still.ask("/data.csv", headers={"Range": "bytes=0-9", "If-Range": headers["etag"]})[0] == 206


UP = ("..", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "..%00", "%c0%ae%c0%ae", "..;", "%uff0e%uff0e", "....")
SLASH = ("/", "%2f", "\\", "%5c")


@pytest.mark.parametrize("up", UP)
@pytest.mark.parametrize("slash", SLASH)
def test_no_path_leads_out(still: Running, up: str, slash: str) -> None:
    """However a path out of the site is spelled, there is nothing at it."""
    for path in (f"/{up}{slash}secret.txt", f"/editions{slash}{up}{slash}{up}{slash}secret.txt"):
        status, _, body = still.ask(path)
        assert status in (400, 404)
        assert b"secret" not in body


@pytest.mark.parametrize(
    "path", ["//secret.txt", "///etc/passwd", "/etc/passwd", "/editions//", "/./", "/%00", "/-/.."]
)
def test_no_folder_is_listed_and_no_path_is_bent(still: Running, path: str) -> None:
    """A path that is not exactly that of a file is not there."""
    status, _, body = still.ask(path)
    assert status in (400, 404)
    assert b"root:" not in body
    assert b"data.csv" not in body


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "127.0.0.1"}, 200),
        ({"Host": "localhost:8000"}, 200),
        ({"Host": "LOCALHOST"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "localhost.evil.example:8000"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "evil.example#127.0.0.1"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "localhost", "Origin": "http://localhost"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost", "Origin": "https://localhost"}, 403),
        ({"Host": "localhost", "Origin": "http://localhost:9"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, 200),
    ],
)
def test_it_answers_to_this_machine_only(still: Running, headers: dict[str, str], status: int) -> None:
    """A name or a page from elsewhere gets nothing, neither of the site nor of its events."""
    assert still.ask("/", headers=headers)[0] == status
    if status == 403:
        assert still.ask("/-/events", headers=headers)[0] == 403


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "PROPFIND", "GETX"]
)
def test_it_can_only_be_read(still: Running, method: str) -> None:
    """Methods other than GET and HEAD are refused."""
    status, headers, body = still.ask("/", method)
    assert (status, headers.get("allow")) == (405, "GET, HEAD")
    assert b"<p>" not in body


@pytest.mark.parametrize(
    "request_text",
    [
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc",
        "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: identity, chunked\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\n X: folded\r\n\r\n",
        "\x16\x03\x01\x02\r\n\r\n",
    ],
)
def test_odd_requests_get_nothing(still: Running, request_text: str) -> None:
    """A request that could be read in two ways, or that is none, is not answered with the site."""
    with socket.create_connection(("127.0.0.1", still.port), timeout=5) as connection:
        connection.sendall(request_text.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        with suppress(ConnectionError):
            while data := connection.recv(65536):
                answer += data
    assert b" 200 " not in answer.partition(b"\r\n")[0]
    assert b"<p>" not in answer
    assert still.ask()[0] == 200


def test_a_thousand_connections_and_slow_readers(bare: Running) -> None:
    """Many open streams, readers who do not read and askers who do not finish hold nobody up."""
    import resource

    many = min(1000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200)
    requests = (
        b"GET /-/events?path=/&version= HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /data.csv HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTT",
    )
    connections = []
    for number in range(many):
        connection = socket.create_connection(("127.0.0.1", bare.port), timeout=5)
        connection.sendall(requests[number % 3])
        connections.append(connection)
    (bare.folder / "content" / "index.html").write_text("<p>number 1</p>")
    bare.shows("number 1")
    for connection in connections:
        connection.close()
    bare.shows("number 1")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_in_a_sentence(tmp_path: Path, number: int) -> None:
    """Ctrl-C, or being told to end, ends the preview at once and cleanly, with pages open too."""
    with running(lay_out(tmp_path), "bare") as server:
        events = Events(server)
        events.next()
        started = time.monotonic()
        assert server.end(number) == 0
        assert time.monotonic() - started < 3
        assert events.next()[0] == "end"
        assert server.heard()[-1] == "The preview has ended"


def test_quiet_leaves_problems_and_the_link(tmp_path: Path) -> None:
    """With --quiet the link is said and what is wrong, but neither what was built nor the end."""
    with running(lay_out(tmp_path), "bare", "quiet") as server:
        page = server.folder / "content" / "index.html"
        page.write_text("<p>BROKEN</p>", encoding="utf-8")
        server.hears("error[bad]".replace("[", r"\[").replace("]", r"\]"))
        page.write_text("<p>mended</p>", encoding="utf-8")
        server.shows("mended")
        assert server.end() == 0
        server.heard()
        assert [line for line in server.said if re.search("Built|ended", line)] == []


@pytest.mark.parametrize(
    ("format_", "told"),
    [("github", r"^::error file=content/facts.yaml,line=1,col=1,"), ("json", r'"file": "content/facts.yaml"')],
)
def test_problems_are_told_in_the_format_asked_for(tmp_path: Path, format_: str, told: str) -> None:
    """With --format the terminal has what tools read, and the page what people read."""
    project = starter(tmp_path)
    (project / "content" / "facts.yaml").write_text("facts", encoding="utf-8")
    command = ("-m", "rsm_site", "serve", "--port", "0", "--project", str(project), "--format", format_)
    with running(project, command=command) as server:
        server.heard()
        assert any(re.search(told, line) for line in server.said)
        assert b"content/facts.yaml:1:1: error[" in server.ask()[2]


def test_a_free_port_is_found_from_8000_on(tmp_path: Path) -> None:
    """Without a port the first free one is taken; a port that is in use is said in a sentence."""
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "index.html").write_text("first")
    config = make_config(project=tmp_path)
    with running(tmp_path, "bare", port=None) as one, running(tmp_path, "bare", port=None) as two:
        assert 8000 <= one.port < two.port < 8100
        with pytest.raises(SiteError, match=f"^port {one.port} cannot be used: .*; give another --port"):
            serve(config, port=one.port, open_browser=False, say=print)
    with pytest.raises(UsageError, match="99999 is not a port"):
        serve(config, port=99999, open_browser=False, say=print)


def test_there_must_be_a_content_folder(tmp_path: Path) -> None:
    """A preview of nothing is wrong use, said at once."""
    done = Case(tmp_path).run_apart("serve", "--port", "0")
    assert done.status == 2
    assert "there is no content folder" in done.err
