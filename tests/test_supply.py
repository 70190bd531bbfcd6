"""What the project stands on: bounds that CI tries at both ends, and a lock of what the tests run with."""

import re
import subprocess
import sys
import tomllib

from conftest import PROJECT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CONFIG = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (PROJECT / ".ci" / "requirements.lock").read_text(encoding="utf-8")


def requirements() -> list[Requirement]:
    """Everything that the package, its extras and its making ask for, but itself."""
    extras = CONFIG["project"]["optional-dependencies"].values()
    asked = [
        *CONFIG["build-system"]["requires"],
        *CONFIG["project"]["dependencies"],
        *(each for e in extras for each in e),
    ]
    return [each for each in map(Requirement, asked) if each.name != "rsm-site"]


def test_every_dependency_has_both_bounds() -> None:
    """Each requirement names the lowest version that is tried and the one that is not tried any more."""
    bounds = {each.name: sorted(part.operator for part in each.specifier) for each in requirements()}
    assert len(bounds) > 35
    assert {name: found for name, found in bounds.items() if found != ["<", ">="]} == {}


def test_the_lowest_versions_are_tried() -> None:
    """The constraints of CI's second environment are the lower bounds, every one of them."""
    command = [sys.executable, PROJECT / ".ci" / "lowest.py"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    lowest = {
        f"{each.name}=={part.version}" for each in requirements() for part in each.specifier if part.operator == ">="
    }
    assert set(lines) == lowest


def test_the_lock_has_what_is_asked_for() -> None:
    """Each requirement is locked at a version within its bounds, each locked file has its hash, and no address is
    named where packages come from."""
    locked = dict(re.findall(r"^([\w.-]+)==(\S+)", LOCK, re.MULTILINE))
    wrong = [
        str(each)
        for each in requirements()
        if not each.specifier.contains(locked.get(canonicalize_name(each.name), "0"))
    ]
    assert wrong == []
    assert re.findall(r"^[^#\s][^\n]*(?<!\\)\n(?!    --hash)", LOCK, re.MULTILINE) == []
    assert "://" not in LOCK
    assert "--index" not in LOCK
