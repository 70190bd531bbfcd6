"""The workflow or settings file with which a host builds and publishes a project by itself."""

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from rsm_site import __version__
from rsm_site.errors import UsageError
from rsm_site.staged import write_staged

# By host: what is written where, and what remains to be done there.
HOSTS = {
    "github": (".github/workflows/factsheet.yml", "Next: choose 'GitHub Actions' under Settings, Pages, and push."),
    "gitlab": (".gitlab-ci.yml", "Next: push; the site appears under Deploy, Pages."),
    "netlify": ("netlify.toml", "Next: import the repository at Netlify; it reads the rest from this file."),
    "cloudflare": (
        "wrangler.toml",
        "Next: import the repository as a Worker at Cloudflare, or run 'npx wrangler deploy'.",
    ),
}


def write_host_files(project: Path, host: str) -> Iterator[tuple[str, str]]:
    """Write the file for `host` into `project` and give its path and what is to be done next; UsageError for a host
    that is not known, or a file that is there and says something else."""
    if host not in HOSTS:
        raise UsageError(f"there is no host '{host}'; the hosts are {', '.join(HOSTS)}")
    if not project.is_dir():
        raise UsageError(f"there is no project folder at {project}")
    path, told = HOSTS[host]
    template = (files("rsm_site.publish") / "hosts" / Path(path).name.lstrip(".")).read_text(encoding="utf-8")
    text = template.replace("@INSTALL@", _install(project)).replace("@NAME@", _name(project))
    target = project / path
    if target.exists() and target.read_text(encoding="utf-8") != text:
        raise UsageError(f"{path} is there already and says something else; move it away, or add these steps to it")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_staged(target, text.encode())
    yield path, told


def _install(project: Path) -> str:
    """How the host gets this tool: from the project when it is the tool's own checkout, else this very version."""
    settings = project / "pyproject.toml"
    if (
        settings.is_file()
        and tomllib.loads(settings.read_text(encoding="utf-8")).get("project", {}).get("name") == "rsm-site"
    ):
        return "pip install ."
    return f"pip install rsm-site=={__version__}"


def _name(project: Path) -> str:
    """The project folder's name as hosts take names: lowercase letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", project.resolve().name.lower()).strip("-")[:54] or "factsheet"
