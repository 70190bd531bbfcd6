"""Debian's packages for tests, where they may be installed."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path


def command_for(package: str) -> str:
    """The command that installs `package`; empty where this user may not, or there is no apt-get."""
    may = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get")
    options = "--yes --quiet --no-install-recommends"
    return f"apt-get update && apt-get install {options} {package}" if may else ""


def install(package: str) -> None:
    """Install `package` where that is allowed; test processes take turns, as apt-get runs only once at a time."""
    command = command_for(package)
    if not command:
        return
    with (Path(tempfile.gettempdir()) / "rsm-site-tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(command, shell=True, check=False, timeout=420, capture_output=True, env=environment)
