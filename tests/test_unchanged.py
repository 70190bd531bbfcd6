"""A second build of what has not changed."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rsm_site.starter import write_starter

PROJECT = Path(__file__).parent.parent
LONG_AGO = time.time() - 1000

Change = Callable[[Path], object]

CHANGES: dict[str, Change] = {
    "a text, with the same size and date": lambda p: rewrite(p / "content/pages/overview.md", "the", "teh"),
    "a template": lambda p: rewrite(p / "templates/pages/404.html", "<", " <"),
    "a new file of content": lambda p: (p / "content/notes.txt").write_text("x"),
    "a page of the output": lambda p: rewrite(p / "public/index.html", "a", "b"),
    "a page of the output is gone": lambda p: (p / "public/index.html").unlink(),
    "what a killed build left": lambda p: (p / ".public.staging").mkdir(),
}


def rewrite(path: Path, old: str, new: str) -> None:
    """Change a file and give it its old date again."""
    stat = path.stat()
    path.write_text(path.read_text().replace(old, new, 1))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


class Command:
    """Runs builds of a project, and tells whether anything heavy was imported."""

    def __init__(self, project: Path, cache: Path) -> None:
        """Copy a small site that has its own templates, one folder of which is a link."""
        write_starter(project)
        shutil.copytree(PROJECT / "templates", project / "templates")
        (project / "templates/macros").rename(project / "common")
        (project / "templates/macros").symlink_to("../common")
        (project / "common/back").symlink_to("../templates")
        for path in project.rglob("*"):
            os.utime(path, (LONG_AGO, LONG_AGO))
        self.project, self.cache = project, cache
        self._environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(PROJECT)}

    def run(self, code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run Python code with these arguments in the project."""
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=self.project,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def build(self, *options: str) -> tuple[bool, str]:
        """Whether the stages of a build were run, and what it printed without the time it took."""
        code = (
            "import sys\nfrom rsm_site.__main__ import main\n"
            "status = main()\nprint('RUN' if 'rsm_site.build' in sys.modules else 'TOLD')\nraise SystemExit(status)"
        )
        done = self.run(code, "build", *options)
        printed, _, how = done.stdout.strip().rpartition("\n")
        return how == "RUN", printed.partition(" in ")[0] + done.stderr


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """Projects that nobody has changed for two seconds: times of change as coarse as a file system's could hide a
    change, and the record of files just written is not kept."""
    folder = tmp_path_factory.mktemp("untouched")
    made = [Command(folder / f"project-{number}", folder / f"cache-{number}") for number in range(len(CHANGES) + 9)]
    time.sleep(2.1)
    return iter(made)


@pytest.fixture
def command(untouched: Iterator[Command]) -> Command:
    """A project whose last build is recorded."""
    made = next(untouched)
    assert made.build()[0]
    return made


def test_nothing_changed(command: Command) -> None:
    """The second build prints what the first did without importing anything heavy; other options are another build."""
    was_run, printed = command.build()
    assert not was_run
    assert printed.startswith("Built public: ")
    assert command.build("--edition", "2001-01-01")[0]


def site_of(project: Path) -> dict[str, bytes]:
    """Every file of the output folder."""
    public = project / "public"
    return {path.relative_to(public).as_posix(): path.read_bytes() for path in public.rglob("*") if path.is_file()}


def test_output_removed(command: Command) -> None:
    """An output folder that was removed is there again, whole, without a build; the next one has nothing to do."""
    before = site_of(command.project)
    shutil.rmtree(command.project / "public")
    was_run, printed = command.build()
    assert not was_run
    assert printed.startswith("Built public: ")
    assert site_of(command.project) == before
    assert not command.build()[0]


def test_output_removed_and_something_changed(command: Command) -> None:
    """What was removed is made again of the content as it is now, and a copy that somebody wrote to is not used."""
    before = site_of(command.project)
    (copy,) = command.cache.rglob("*.site")
    copy.write_bytes(copy.read_bytes().replace(b"<h1", b"<H1"))
    shutil.rmtree(command.project / "public")
    assert command.build()[0]
    assert site_of(command.project) == before
    rewrite(command.project / "content/pages/overview.md", "the", "teh")
    shutil.rmtree(command.project / "public")
    assert command.build()[0]
    assert site_of(command.project) != before


def test_output_removed_when_the_copy_is_of_an_older_site(command: Command) -> None:
    """A copy that could not be replaced when the site was made again is not put back."""
    (copy,) = command.cache.rglob("*.site")
    older = copy.read_bytes()
    rewrite(command.project / "content/pages/overview.md", "the", "teh")
    copy.unlink()
    copy.mkdir()
    assert command.build()[0]
    now = site_of(command.project)
    copy.rmdir()
    copy.write_bytes(older)
    shutil.rmtree(command.project / "public")
    command.build()
    assert site_of(command.project) == now


@pytest.mark.parametrize("what", CHANGES)
def test_something_changed(command: Command, what: str) -> None:
    """Whatever has changed, even with its old size and date, the site is made again and nothing is left beside it."""
    CHANGES[what](command.project)
    was_run, _printed = command.build()
    assert was_run
    assert (command.project / "public/index.html").is_file()
    assert not (command.project / ".public.staging").exists()


def test_output_replaced_by_a_link(command: Command) -> None:
    """An output folder that has become a link is refused, as by any build."""
    (command.project / "public").rename(command.project / "elsewhere")
    (command.project / "public").symlink_to("elsewhere")
    was_run, printed = command.build()
    assert was_run
    assert printed.endswith("public is a symbolic link; name the folder itself\n")


def test_no_problems_as_json(command: Command) -> None:
    """A list of no problems is printed each time, whether anything has changed or not."""
    for _ in range(2):
        assert command.build("--format", "json")[1] == "[]\n"


def test_a_linked_folder_of_templates(command: Command) -> None:
    """What is edited in a folder that the templates only link to shows in the site, and what is wrong there is
    placed, though a link leads back."""
    before = site_of(command.project)
    rewrite(command.project / "common/section.html", "<h2", "<h2 lang=x")
    assert command.build()[0]
    after = site_of(command.project)
    assert {url for url in before if before[url] != after[url]} >= {"index.html", "editions/2024-06-30/index.html"}
    (command.project / "common/section.html").write_bytes(b"\xff")
    assert "templates/macros/section.html is not UTF-8" in command.build()[1]


def test_not_remembered_when_just_written(command: Command) -> None:
    """A file that was written just before a build is not trusted to show a change by its date."""
    page = command.project / "content/pages/overview.md"
    page.write_text(page.read_text() + "\nMore.\n")
    assert command.build()[0]
    assert command.build()[0]


def test_interrupted_while_it_is_put_back(command: Command) -> None:
    """Ctrl-C while a removed output folder is put back ends in a sentence, and the next build makes it."""
    before = site_of(command.project)
    shutil.rmtree(command.project / "public")
    code = (
        "import os, signal, sys\nfrom rsm_site import output\nfrom rsm_site.__main__ import main\n"
        "output._stage = lambda *_: os.kill(os.getpid(), signal.SIGINT)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\nraise SystemExit(main())"
    )
    done = command.run(code, "build")
    assert done.returncode == 3
    assert done.stderr == "rsm-site: stopped; the published folder is as it was or wholly new\n"
    assert not (command.project / "public").exists()
    command.build()
    assert site_of(command.project) == before
