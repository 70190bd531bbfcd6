"""Built sites for tests that look at pages: each is built once a run, opened from disk or over HTTP."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import PROJECT, TESTS

from rsm_site import cli

RSM = "rsm"
MORE = ("events/*.html", "editions/*/index.html")
Sites = Callable[[str], Path]


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Sites:
    """Give `sites(name)`: the output folder of a site of tests/sites, or of the project's own content (RSM)."""
    built: dict[str, Path] = {}

    def build(name: str) -> Path:
        if name not in built:
            output = tmp_path_factory.mktemp("pages") / name
            project = PROJECT if name == RSM else TESTS / "sites" / name
            options = ["--project", str(project), "--templates", str(PROJECT / "templates"), "--output", str(output)]
            assert cli.main(["build", "--quiet", *options]) == 0
            built[name] = output
        return built[name]

    return build


def kinds(folder: Path) -> list[str]:
    """One page of each kind that the site has, by its URL."""
    fixed = [
        "index.html",
        "timeline.html",
        "facts.html",
        "hubs.html",
        "nations.html",
        "changes.html",
        "editions/index.html",
        "sources.html",
        "glossary.html",
        "data.html",
        "about.html",
        "404.html",
    ]
    found = [url for url in fixed if (folder / url).is_file()]
    own = sorted(path.name for path in folder.glob("*.html") if path.name not in (*fixed, "single.html"))
    candidates = [own, *([path.relative_to(folder).as_posix() for path in sorted(folder.glob(each))] for each in MORE)]
    for urls in candidates:
        # An alias only leads on to the page that it stands for.
        found += [url for url in urls if 'http-equiv="refresh"' not in (folder / url).read_text("utf-8")][:1]
    return found


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that says nothing."""

    def log_message(self, *_words: object) -> None:
        """Keep the test's output to what failed."""


@pytest.fixture(scope="session")
def served(sites: Sites) -> Iterator[str]:
    """The address of the project's own site over HTTP."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(sites(RSM)))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
