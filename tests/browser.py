"""Chromium for tests: found, or installed where that is allowed, or the test is skipped by name."""

import atexit
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NoReturn

import debian
import pytest
from playwright.sync_api import Browser, sync_playwright

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_AS_ANYONE = f"{sys.executable} -m playwright install chromium"
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Browser:
    """A headless Chromium; without one the test is skipped, or fails where CI=true."""
    return _start()


@cache
def _start() -> Browser:
    """Start Chromium, once for all modules that ask for the fixture: Playwright cannot run twice in a process."""
    playwright = sync_playwright().start()
    atexit.register(playwright.stop)
    program = chromium(playwright.chromium.executable_path)
    if program is None:
        skip_or_fail("Chromium", debian.command_for("chromium") or _AS_ANYONE)
    return playwright.chromium.launch(executable_path=program, args=ARGUMENTS)


@cache
def chromium(own: str) -> str | None:
    """The path of a Chromium, `own` being where Playwright keeps its own; installed when there is none yet."""
    for install in (lambda: None, lambda: debian.install("chromium"), _install_own):
        install()
        found = next((path for name in _NAMES if (path := shutil.which(name))), own if Path(own).exists() else None)
        if found:
            return found
    return None


def skip_or_fail(program: str, command: str) -> NoReturn:
    """Skip the running test, as `program` is missing, and name the command that would help; fail it where CI=true."""
    message = f"{program} is not installed and could not be; this would help: {command}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def _install_own() -> None:
    subprocess.run(_AS_ANYONE, shell=True, check=False, timeout=420, capture_output=True)
