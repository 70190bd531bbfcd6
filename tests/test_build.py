"""A build as its users see it: what it prints, the same bytes everywhere, one change and what follows from it."""

import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from conftest import Case, make_case

from rsm_site import __version__
from rsm_site.build import check_site
from rsm_site.cli import COMMANDS
from rsm_site.config import make_config

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The shipped site, in memory."""
    return dict(check_site(make_config(project=PROJECT)).files)


def build(project: Path, output: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Build the shipped content by the command, in a process and an environment of its own."""
    return subprocess.run(
        [sys.executable, str(project / "build.py"), "--project", str(project), "--output", str(output)],
        env={"PATH": os.environ["PATH"], "HOME": str(output.parent), "PYTHONPATH": str(PROJECT), **environment},
        capture_output=True,
        text=True,
        check=True,
    )


def read(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its path in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_says_what_it_made_in_one_line(tmp_path: Path) -> None:
    """A build prints one line with pages, files, size and time, and what to do next."""
    done = build(PROJECT, tmp_path / "public")
    line = r"Built \S+: \d+ pages, \d+ files, [\d.]+ (k|M)B in \d+\.\d\d s\. Next: open \S+index\.html\n"
    assert re.fullmatch(line, done.stdout)
    assert done.stderr == ""


def test_same_bytes_in_another_folder_and_again(files: dict[str, bytes], tmp_path: Path) -> None:
    """A copy of the project elsewhere makes the same files, and so does a second build over the first."""
    copy = tmp_path / "elsewhere" / "project"
    for name in ("content", "templates"):
        shutil.copytree(PROJECT / name, copy / name)
    shutil.copy(PROJECT / "build.py", copy)
    for _ in range(2):
        build(copy, copy / "public")
        assert read(copy / "public") == files


def test_check_writes_nothing(tmp_path: Path) -> None:
    """`check` says the same as a build and leaves the project as it was."""
    copy = tmp_path / "project"
    shutil.copytree(PROJECT / "content", copy / "content")
    before = read(copy)
    done = subprocess.run(
        [sys.executable, "-m", "rsm_site", "check", "--strict", "--project", str(copy)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"Checked \S+: \d+ pages, \d+ files, [\d.]+ (k|M)B in \d+\.\d\d s\. Next: .*\n", done.stdout)
    assert read(copy) == before


def test_a_changed_figure_changes_what_shows_it_alone(files: dict[str, bytes], tmp_path: Path) -> None:
    """A new personnel value in facts.yaml stands on the front page, in the register and in every sentence that cites
    it; a page that does not show it keeps its bytes."""
    shutil.copytree(PROJECT / "content", tmp_path / "content")
    facts = tmp_path / "content" / "facts.yaml"
    text = facts.read_text(encoding="utf-8")
    start = text.index("date: 2021-02-11", text.index("- id: personnel"))
    value = text.index("value: 10000", start)
    facts.write_text(text[:value] + "value: 10100" + text[value + len("value: 10000") :], encoding="utf-8")
    after = dict(check_site(make_config(project=tmp_path, templates=PROJECT / "templates")).files)
    changed = {url for url in files if files[url] != after[url]}
    pages = {url for url in changed if url.endswith(".html")}
    assert after.keys() == files.keys()
    assert {"index.html", "facts.html", "editions/2021-02-11/index.html"} <= pages
    for url in pages:
        assert "10,100" in after[url].decode(), url
    for url in files.keys() - changed:
        if url.endswith(".html"):
            assert "10,100" not in after[url].decode(), url
    overview = after["index.html"].decode()
    assert re.search(r'<a class="ref ref--fact" href="facts.html#personnel">about 10,100</a>', overview)


def test_an_edition_of_the_past_shows_its_own_figure() -> None:
    """`--edition 2016-12-31` shows the count of that month, exact."""
    from datetime import date

    built = check_site(make_config(project=PROJECT, edition=date(2016, 12, 31), strict=True))
    front = built.files["index.html"].decode()
    assert "13,332" in front
    assert "about 10,000" not in front
    assert "Since this edition" not in front


def test_a_text_of_another_time_is_no_section(tmp_path: Path) -> None:
    """A text of the front page of which nothing holds on the edition's day leaves no heading behind."""
    files: dict[str, str | bytes] = {
        "content/site.yaml": "title: Harbour\nlanguage: en\nedition: 2020-06-30\nfront_page: [overview, plans]\n",
        "content/pages/overview.md": "---\ntitle: Overview\n---\nWork at the quay.\n",
        "content/pages/plans.md": "---\ntitle: Plans\n---\n::: from=2021-01-01\n\nA second quay.\n\n:::\n",
    }
    case = make_case(tmp_path, "harbour", files)
    for day, is_there in (("2020-06-30", False), ("2021-06-30", True)):
        front = check_site(make_config(project=case.project, edition=date.fromisoformat(day))).files["index.html"]
        assert ('id="plans"' in front.decode(), 'href="#plans"' in front.decode()) == (is_there, is_there)


def test_a_front_page_may_leave_its_sources_out(tmp_path: Path) -> None:
    """Without the section of sources a page's own sources lead to the publications themselves, not to nowhere."""
    shutil.copytree(PROJECT / "rsm_site" / "starter" / "content", tmp_path / "content")
    site = tmp_path / "content" / "site.yaml"
    text = site.read_text(encoding="utf-8")
    site.write_text(text.replace("  - nations\n  - sources\n", "  - nations\n"), encoding="utf-8")
    built = check_site(make_config(project=tmp_path, templates=PROJECT / "templates", strict=True))
    front = built.files["index.html"].decode()
    assert '<a class="cite__title" href="https://example.org/report-2023"' in front
    assert "#source-" not in front


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (">/dev/full", "No space left on device"),
        ("", "Broken pipe"),
        (">&-", "Bad file descriptor"),
        (">&- --quiet", ""),
    ],
    ids=["full", "pipe", "closed", "closed and quiet"],
)
def test_what_cannot_be_printed_is_said(good_site: Case, end: str, reason: str) -> None:
    """A full disk, a pipe that nobody reads and a closed standard output end in one sentence and status 3, written at
    once or not; where there is nothing to print they are no fault."""
    reader, pipe = os.pipe()
    os.close(reader)
    told = f"rsm-site: standard output cannot be written: {reason}\n"
    for arguments in ("build", "check", "verify public") if reason == "" else ("build", "check", "--help", "--version"):
        for buffered in ("", "1"):
            done = subprocess.run(
                ["sh", "-c", f"exec {sys.executable} -m rsm_site {arguments} {end}"],
                cwd=good_site.project,
                env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": buffered},
                stdout=pipe,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
            assert (done.returncode, done.stderr) == ((3, told) if reason else (0, ""))
    os.close(pipe)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_character_that_cannot_be_printed_is_replaced(good_site: Case, encoding: str) -> None:
    """What the encoding of standard output does not have is no fault of the program; it is printed by its number."""
    for arguments in (["build", "--output", "نمونه"], ["schema", "--output", "نمونه.schemas"]):
        done = subprocess.run(
            [sys.executable, "-m", "rsm_site", *arguments],
            cwd=good_site.project,
            env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONIOENCODING": encoding},
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"\\u0646" in done.stdout


def test_interrupted_while_it_starts() -> None:
    """Ctrl-C while the command line is still being imported ends in a sentence."""
    code = (
        "import os, signal, sys\nfrom rsm_site.__main__ import run\nclass Interrupt:\n"
        "    def find_spec(self, name, *_):\n        if name == 'rsm_site.cli':\n            os.kill(os.getpid(), 2)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\nsys.meta_path.insert(0, Interrupt())\nrun()"
    )
    done = subprocess.run([sys.executable, "-c", code, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "rsm-site: stopped; the published folder is as it was or wholly new\n"


def test_odd_folders_are_only_folders(tmp_path: Path) -> None:
    """Names that are not UTF-8, or not in the encoding of the file system, are built in and built to, twice; a working
    folder that was removed is told, and does not keep the version from being printed."""
    odd = tmp_path / os.fsdecode(b"\xc3\xa9\xff")
    shutil.copytree(PROJECT / "rsm_site" / "starter" / "content", odd / "content")
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "rsm_site"]
    for environment in (plain, plain, {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "HOME": str(tmp_path)}):
        built = [*command, "--output", b"public\xff"]
        done = subprocess.run(built, cwd=odd, env=environment, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
    assert (odd / os.fsdecode(b"public\xff") / "index.html").is_file()
    for arguments, status, told in (("--version", 0, ""), ("check", 3, "rsm-site: the working folder was removed; ")):
        script = f"mkdir gone && cd gone && rmdir ../gone && exec {sys.executable} {PROJECT / 'build.py'} {arguments}"
        gone = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert gone.returncode == status
        assert gone.stderr.startswith(told)
        assert gone.stderr.count("\n") == (1 if told else 0)


def test_a_missing_folder_is_wrong_use(good_site: Case) -> None:
    """Content, templates or a project that are not there end every command that needs them with status 2 and a way
    out."""
    for option in ("--content", "--templates", "--project"):
        for arguments in (["build"], ["check"], ["changes", "--from", "2019-01-01", "--to", "2020-01-01"]):
            done = good_site.run(*arguments, option, "nowhere")
            assert done.status == 2
            assert re.fullmatch(r"rsm-site: there is no .*folder.* at nowhere\b.*\n", done.err)


def test_the_place_of_templates_is_no_output(good_site: Case) -> None:
    """A site is not written where a project without templates of its own would have them."""
    done = good_site.run("build", "--output", "templates")
    assert (done.status, done.out) == (2, "")
    assert done.err == "rsm-site: the output folder templates is templates, which the site is made from\n"
    assert not (good_site.project / "templates").exists()


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_tells_the_version(good_site: Case, command: str) -> None:
    """`--version` stands before or after a command, whatever else that wants."""
    for arguments in ([command, "--version"], ["--version", command]):
        assert good_site.run(*filter(None, arguments)) == (0, f"rsm-site {__version__}\n", "")
