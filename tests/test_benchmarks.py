"""The content that the benchmarks are made with."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PROJECT, Case


@pytest.mark.parametrize("templates", [(), ("--templates", str(PROJECT / "templates"))], ids=["theme", "own"])
def test_the_content_of_the_benchmarks_builds_without_a_warning(tmp_path: Path, templates: tuple[str, ...]) -> None:
    """A problem would be measured as if it were the work, so there is none, with the benchmark's theme or our own."""
    writer = [sys.executable, str(PROJECT / "benchmarks" / "content.py"), "rsm_site", "12", str(tmp_path / "site")]
    subprocess.run(writer, check=True)
    case = Case(tmp_path / "site")
    done = case.run("build", "--strict", *templates)
    assert (done.status, done.err) == (0, "")
    assert len(list((case.public / "events").glob("*.html"))) == 12
