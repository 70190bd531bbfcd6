"""The package as it is installed: `rsm-site new` outside the checkout."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent


def test_starts_another_mission_from_the_installed_package(tmp_path: Path) -> None:
    """The wheel makes a small complete factsheet in an empty folder, which builds with no warning under --strict."""
    wheels = tmp_path / "wheels"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(PROJECT)], check=True
    )
    (wheel,) = wheels.iterdir()
    installed = tmp_path / "installed"
    subprocess.run([*pip, "install", "--no-deps", "--target", str(installed), str(wheel)], check=True)
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    mission = tmp_path / "mission"
    run = [sys.executable, "-m", "rsm_site"]
    subprocess.run([*run, "new", str(mission)], env=environment, cwd=tmp_path, check=True)
    where = "import rsm_site; print(rsm_site.__file__)"
    found = subprocess.run([sys.executable, "-c", where], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert found.stdout.startswith(str(installed))
    done = subprocess.run(
        [*run, "build", "--strict"], env=environment, cwd=mission, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "Lantern Coast" in (mission / "public" / "index.html").read_text(encoding="utf-8")
