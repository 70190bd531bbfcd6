"""What a build shows on a terminal while it works."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent


@pytest.mark.parametrize(("patience", "is_shown"), [(0, True), (3600, False)])
def test_progress_on_a_terminal(tmp_path: Path, patience: int, is_shown: bool) -> None:
    """A build that takes longer than a reader's patience names its steps on a terminal; a quick one imports nothing for
    it and says nothing but its one line."""
    code = (
        f"import sys\nfrom rsm_site import cli, progress\nprogress._PATIENCE = {patience}\n"
        "status = cli.main(['build', '--output', sys.argv[1]])\nprint('rich' in sys.modules)\nraise SystemExit(status)"
    )
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "public")],
        cwd=PROJECT / "tests" / "sites" / "one-event",
        env={**os.environ, "PYTHONPATH": str(PROJECT), "XDG_CACHE_HOME": str(tmp_path), "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 10_000)
        except OSError:  # the other end is closed
            break
    out = process.communicate()[0].decode()
    os.close(ours)
    assert process.returncode == 0
    assert out.startswith("Built ")
    assert out.endswith(f"{is_shown}\n")
    assert (b"writing" in shown) == is_shown
    assert is_shown or not shown


def test_no_progress_where_nobody_looks(tmp_path: Path) -> None:
    """Standard error that is no terminal gets no progress."""
    code = "from rsm_site import cli, progress\nprogress._PATIENCE = 0\nraise SystemExit(cli.main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "build", "--output", str(tmp_path / "public")],
        cwd=PROJECT / "tests" / "sites" / "one-event",
        env={**os.environ, "PYTHONPATH": str(PROJECT), "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
