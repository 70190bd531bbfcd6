"""Promise 4: all problems at once, each with file, line, column and remedy; nothing is written while one stands. The
exact words of each are in sites_invalid."""

import json
from pathlib import Path

import pytest
from conftest import BuildCase, make_case
from test_bad_inputs import GOOD
from test_sites_invalid import CASES, options_of, state_of


def test_all_faults_of_all_files_are_reported_at_once(build_case: BuildCase, tmp_path: Path) -> None:
    """Ten faults in five files are ten problems of one run."""
    done = build_case(tmp_path, "ten-faults-in-five-files").run("check", "--format", "json")
    problems = json.loads(done.err)
    assert len(problems) == 10
    assert len({problem["file"] for problem in problems}) == 5
    assert done.status == 1


def test_json_has_every_part_of_a_problem(build_case: BuildCase, tmp_path: Path) -> None:
    """`--format json` prints a list of objects and nothing else, with the file's line and column as in the text."""
    done = build_case(tmp_path, "event-impossible-date").run("build", "--format", "json")
    assert json.loads(done.err) == [
        {
            "file": "content/timeline.yaml",
            "line": 2,
            "column": 9,
            "code": "bad-date",
            "severity": "error",
            "message": "'2019-02-30' is not a date: February 2019 has 28 days",
            "hint": "write YYYY, YYYY-MM or YYYY-MM-DD",
        }
    ]
    assert (done.status, done.out) == (1, "")


def test_a_fault_in_every_file_is_a_problem_of_one_run(tmp_path: Path) -> None:
    """A key that nobody knows, put into every YAML file of a site and the front matter of its page, is reported for
    each of them, at its own line."""
    spoiled = {
        path: text.replace("---\n", "---\nno-such-key: 1\n", 1) if path.endswith(".md") else _with_key(text)
        for path, text in GOOD.items()
        if path.endswith(".yaml") or path.startswith("pages/")
    }
    case = make_case(tmp_path, "all", {f"content/{path}": text for path, text in (GOOD | spoiled).items()})
    problems = json.loads(case.run("check", "--format", "json").err)
    found = {problem["file"] for problem in problems if problem["code"] == "unknown-key"}
    assert found == {f"content/{path}" for path in spoiled}
    assert len(found) == 8


@pytest.mark.timeout(120)
def test_each_problem_is_whole_and_nothing_is_written(build_case: BuildCase, tmp_path: Path) -> None:
    """Each problem of every broken site has a place that is in its file, a message and a remedy; the build leaves the
    project as it was, without an output folder."""
    count = 0
    for name in CASES:
        case = build_case(tmp_path, name)
        before = state_of(case.project)
        done = case.run("build", "--format", "json", *options_of(name))
        assert (done.status, done.out) == (1, ""), name
        for problem in json.loads(done.err):
            count += 1
            path = case.project / problem["file"]
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
            assert 1 <= problem["line"] <= max(1, len(lines)), (name, problem)
            assert problem["column"] >= 1, (name, problem)
            assert problem["message"], (name, problem)
            assert problem["hint"], (name, problem)
            assert problem["code"], (name, problem)
        assert state_of(case.project) == before, name
    assert count > len(CASES) > 180


def _with_key(text: str) -> str:
    """The YAML text with an unknown key in its first record."""
    if not text.startswith("- "):
        return f"no-such-key: 1\n{text}"
    return text.replace("- {", "- {no-such-key: 1, ", 1) if text[2] == "{" else f"- no-such-key: 1\n  {text[2:]}"
