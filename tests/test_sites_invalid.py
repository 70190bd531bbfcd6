"""Broken sites: each is refused with exactly the message, place and remedy that its expected.txt has."""

import shutil
from pathlib import Path

import pytest
from conftest import TESTS, BuildCase, Case

FOLDER = TESTS / "sites_invalid"
CASES = sorted(path.name for path in FOLDER.iterdir())
STRICT = [name for name in CASES if (FOLDER / name / "options.txt").exists()]


def options_of(name: str) -> list[str]:
    """The options that make the case fail: those of its options.txt."""
    path = FOLDER / name / "options.txt"
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def state_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and time of change of every file, and the time of every folder."""
    return {
        str(path.relative_to(folder)): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in (folder, *folder.rglob("*"))
    }


@pytest.mark.parametrize("name", CASES)
def test_a_broken_site_is_refused_with_its_place_and_remedy(
    name: str, build_case: BuildCase, good_site: Case, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A build of the case prints exactly what is expected and ends with 1; the site built before stays as it was."""
    case = build_case(tmp_path, name)
    shutil.copytree(good_site.public, case.public)
    before = state_of(case.public)
    done = case.run("build", *options_of(name))
    expected = FOLDER / name / "expected.txt"
    if request.config.getoption("--update-expected"):
        expected.write_text(done.err, encoding="utf-8")
    assert done.err == expected.read_text(encoding="utf-8")
    assert (done.status, done.out) == (1, "")
    assert state_of(case.public) == before


@pytest.mark.parametrize("name", STRICT)
def test_what_only_strict_refuses_is_a_warning_otherwise(name: str, build_case: BuildCase, tmp_path: Path) -> None:
    """Without --strict the same problems are warnings, and the site is made."""
    done = build_case(tmp_path, name).run("check")
    expected = (FOLDER / name / "expected.txt").read_text(encoding="utf-8").splitlines()
    assert done.status == 0
    assert done.err.splitlines() == [line.replace(": error[", ": warning[") for line in expected[:-1]]


def test_github_annotates_the_place(build_case: BuildCase, tmp_path: Path) -> None:
    """`--format github` prints a workflow command for each problem."""
    done = build_case(tmp_path, "event-impossible-date").run("build", "--format", "github")
    assert done.err == (
        "::error file=content/timeline.yaml,line=2,col=9,title=bad-date::"
        "'2019-02-30' is not a date: February 2019 has 28 days; write YYYY, YYYY-MM or YYYY-MM-DD\n"
    )


def test_a_process_of_its_own_says_the_same(build_case: BuildCase, tmp_path: Path) -> None:
    """`python -m rsm_site` prints what the tests of this file see, and ends with 1."""
    done = build_case(tmp_path, "ten-faults-in-five-files").run_apart("check")
    expected = FOLDER / "ten-faults-in-five-files" / "expected.txt"
    assert (done.status, done.err) == (1, expected.read_text(encoding="utf-8"))


def test_every_content_file_and_code_has_a_case() -> None:
    """Each content file is broken by some case, and each code of the checking modules is expected somewhere."""
    expected = "".join((FOLDER / name / "expected.txt").read_text(encoding="utf-8") for name in CASES)
    lists = ("site", "sources", "facts", "timeline", "hubs", "contributions", "glossary", "corrections")
    files = [f"content/{name}.yaml:" for name in lists] + ["content/pages/", "content/timeline/", "content/map/"]
    assert [file for file in files if file not in expected] == []
