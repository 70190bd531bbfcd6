"""Promise 5: same content, same bytes, whatever the machine: time zone, locale, hash seed, umask, order of files on
disk, folder, and version of Python."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import PROJECT, TESTS

SITES = TESTS / "sites"
NEEDED = "babel, dateutil, feedgenerator, jinja2, markdown, msgspec, nh3, rcssmin, resvg_py, yaml"
ZONES = ("UTC", "Asia/Kabul", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/St_Johns", "Europe/Oslo", "Bad/Zone")
LOCALES = ("C", "C.UTF-8", "POSIX", "de_DE.UTF-8", "tr_TR.UTF-8", "fa_IR", "ja_JP.eucJP", "xx_XX")
SEEDS = ("0", "1", "2", "42", "12345", "4294967295")
UMASKS = (0o000, 0o022, 0o027, 0o077)
FOLDERS = ("a", "with space", "ümläut-日本", "deep/" * 12 + "er")


Environment = tuple[str, dict[str, str], int, str, bool, str]


def pythons() -> list[str]:
    """The interpreters from 3.11 on that have the packages: this one, those on the path and of pyenv, and those that
    OTHER_PYTHONS names (separated as a path is)."""
    found = [sys.executable, *os.environ.get("OTHER_PYTHONS", "").split(os.pathsep)]
    found += [program for minor in range(11, 16) if (program := shutil.which(f"python3.{minor}"))]
    found += map(str, sorted(Path.home().glob(".pyenv/versions/3.*/bin/python")))
    versions: dict[str, str] = {}
    for program in filter(None, found):
        code = f"import sys, {NEEDED}; assert sys.version_info >= (3, 11); print(sys.version_info[:2])"
        done = subprocess.run([program, "-c", code], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            versions.setdefault(done.stdout, program)
    return list(versions.values())


def environments() -> Iterator[Environment]:
    """A name, what is set, the umask, the folder, whether files were made in reverse order, and the interpreter."""
    own = sys.executable
    for zone in ZONES:
        yield f"zone {zone}", {"TZ": zone}, 0o022, "zone", False, own
    for locale in LOCALES:
        yield (
            f"locale {locale}",
            {"LANG": locale, "LC_ALL": locale, "LANGUAGE": locale[:2]},
            0o022,
            "locale",
            False,
            own,
        )
    for seed in SEEDS:
        yield f"seed {seed}", {"PYTHONHASHSEED": seed}, 0o022, "seed", False, own
    for umask in UMASKS:
        yield f"umask {umask:03o}", {}, umask, "umask", False, own
    for folder in FOLDERS:
        yield f"folder {folder[:9]}", {}, 0o022, folder, folder == "a", own
    for level in "12":
        variables = {"PYTHONOPTIMIZE": level, "PYTHONUTF8": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        yield f"optimised {level}", variables, 0o022, "o", True, own
    for program in pythons():
        yield f"python {program}", {"PYTHONHASHSEED": "7"}, 0o022, "python", True, program


def copy(name: str, folder: Path, *, is_reversed: bool) -> Path:
    """The site in `folder`, its files made one by one, the last first when `is_reversed`."""
    site = SITES / name
    for path in sorted(site.rglob("*"), reverse=is_reversed):
        if path.is_file():
            target = folder / path.relative_to(site)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def built(home: Path, site: str, environment: Environment) -> dict[str, bytes]:
    """The files of a site built in an environment, with no cache to share."""
    name, variables, umask, folder, is_reversed, program = environment
    project = copy(site, home / folder, is_reversed=is_reversed)
    done = subprocess.run(
        [program, "-m", "rsm_site", "build", "--quiet"],
        cwd=project,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "HOME": str(home), **variables},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), (name, done.stderr)
    return files_of(project / "public")


@pytest.mark.timeout(600)
def test_thirty_environments_make_one_set_of_bytes(tmp_path: Path) -> None:
    """A small site built in each of 30 and more environments has the same files with the same bytes."""
    cases = list(environments())
    assert len({name for name, *_rest in cases}) == len(cases) >= 30
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda each: built(tmp_path / str(each[0]), "later", each[1]), enumerate(cases)))
    first = made[0]
    assert len(first) > 40
    different = {
        name: [url for url in {*first, *files} if files.get(url) != first.get(url)]
        for (name, *_rest), files in zip(cases, made, strict=True)
    }
    assert {name: urls for name, urls in different.items() if urls} == {}


@pytest.mark.timeout(120)
def test_a_whole_mission_is_the_same_where_everything_differs(tmp_path: Path) -> None:
    """A site with all kinds of records, built where zone, locale, seed, umask, folder and order of files all differ."""
    here = ("here", {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "0"}, 0o022, "here", False, sys.executable)
    variables = {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "4294967295"}
    there = ("there", variables, 0o077, FOLDERS[2], True, pythons()[-1])
    assert built(tmp_path / "1", "second-mission", here) == built(tmp_path / "2", "second-mission", there)


def test_no_docstring_is_needed(tmp_path: Path) -> None:
    """The editors' schemas and the field reference are the same from a Python that keeps no docstrings."""
    said = []
    for option in ("-O", "-OO"):
        folder = tmp_path / option
        command = [sys.executable, option, "-m", "rsm_site", "schema", "--output", "schemas"]
        folder.mkdir()
        said.append(subprocess.run(command, cwd=folder, env={"PYTHONPATH": str(PROJECT)}, capture_output=True).stdout)
    assert said[0] == said[1] != b""
    assert files_of(tmp_path / "-O") == files_of(tmp_path / "-OO") != {}


def test_the_core_never_asks_for_the_time_or_the_machine() -> None:
    """No module but the command line, the preview and publishing names the clock, the environment or the locale."""
    asked = re.compile(
        r"\b(?:datetime\.now|date\.today|time\.time\(|utcnow|os\.environ|getenv|locale\.(?:set|get)locale|getlocale|"
        r"random\.|uuid\.|socket\.gethost|getpass|platform\.)"
    )
    package = PROJECT / "rsm_site"
    # The PDF is set in a process of its own, from which all that the machine says is taken away; test_pdf shows it.
    outside = {package / "cli.py", package / "serve", package / "publish", package / "exports" / "pdf.py"}
    outside.add(package / "unchanged.py")  # which the command line asks, before anything is built, where its notes are
    found = [
        f"{path.relative_to(package)}:{number}"
        for path in sorted(package.rglob("*.py"))
        if not outside & {path, *path.parents}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if asked.search(line)
    ]
    assert found == []
