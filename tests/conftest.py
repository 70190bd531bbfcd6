"""What tests share: small sites that are copied and built by the real command."""

import gc
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

from rsm_site import cli

TESTS = Path(__file__).parent
PROJECT = TESTS.parent

# Sites are made hundreds of times in one process: the collector of garbage need not look through all of it so often.
gc.set_threshold(100_000, 50, 100)
# Commands are run hundreds of times, and are not to be compiled each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# The same examples every time, so that a failure is one of the change at hand; machines of CI are slow at times.
settings.register_profile("suite", derandomize=True, deadline=None, database=None)
settings.load_profile("suite")


class Done(NamedTuple):
    """What a command left: its exit status and what it wrote to standard output and standard error."""

    status: int
    out: str
    err: str


class Case(NamedTuple):
    """A copy of a case: a project folder that commands run in."""

    project: Path

    @property
    def public(self) -> Path:
        """The output folder."""
        return self.project / "public"

    def run(self, *arguments: str) -> Done:
        """Run a command in this process, as from the project folder."""
        out, err, here = io.StringIO(), io.StringIO(), Path.cwd()
        os.chdir(self.project)
        try:
            with redirect_stdout(out), redirect_stderr(err):
                status = cli.main(arguments)
        finally:
            os.chdir(here)
        return Done(status, out.getvalue(), err.getvalue())

    def run_apart(self, *arguments: str) -> Done:
        """Run a command in a process of its own."""
        command = [sys.executable, "-m", "rsm_site", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
        done = subprocess.run(command, cwd=self.project, env=environment, capture_output=True, text=True, check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    def files(self) -> dict[str, bytes]:
        """Every file of the output folder by its path in it."""
        return {
            path.relative_to(self.public).as_posix(): path.read_bytes()
            for path in sorted(self.public.rglob("*"))
            if path.is_file()
        }


BuildCase = Callable[..., Case]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes what is expected anew, to be read as a change before it is kept."""
    parser.addoption("--update-expected", action="store_true", help="write the expected output of sites_invalid anew")


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Have those first that fork this process hundreds of times: while it is small, that takes a third of the time."""
    items.sort(key=lambda item: "crash" not in vars(item.module))


def make_case(folder: Path, name: str, files: dict[str, str | bytes] | None = None) -> Case:
    """Copy a case of tests/sites or tests/sites_invalid below `folder`, or make one of `files` alone; `files` are by
    their path in the project."""
    project = folder / name
    source = next((TESTS / kind / name for kind in ("sites", "sites_invalid") if (TESTS / kind / name).is_dir()), None)
    if source:
        shutil.copytree(source, project, symlinks=True)
    for path, data in (files or {}).items():
        target = project / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.encode() if isinstance(data, str) else data)
    return Case(project)


@pytest.fixture
def build_case() -> BuildCase:
    """Give `build_case(tmp_path, name)`: a copy of a case, with `run` for the real command."""
    return make_case


@pytest.fixture(scope="session")
def good_site(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A small site that was built."""
    files: dict[str, str | bytes] = {
        "content/site.yaml": "title: Harbour Mission\nlanguage: en\nedition: 2020-06-30\n",
        "content/pages/overview.md": "---\ntitle: Overview\n---\n\nWork at the quay.\n",
    }
    case = make_case(tmp_path_factory.mktemp("good"), "good", files)
    assert case.run("build").status == 0
    return case
