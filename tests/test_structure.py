"""The tree itself: imports look down, nothing heavy is loaded too early, the generator knows no mission."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
PACKAGE = PROJECT / "rsm_site"

# Each row may import from the rows below it; within a row only the pairs named.
ROWS = (
    ("build", "__main__"),
    ("cli",),
    ("serve", "publish"),
    ("starter",),
    ("build",),
    ("press", "theme"),
    ("render", "assets", "linkcheck", "output", "exports"),
    ("book",),
    ("pages",),
    ("freeze",),
    ("changes", "charts", "material"),
    ("views",),
    ("edition", "loader"),
    ("folder", "proofreading"),
    ("rules", "prose", "config", "outline"),
    ("drawing", "strings", "references", "fields"),
    ("schema",),
    ("reader", "report"),
    ("reads",),
    ("spare",),
    ("model", "manifest"),
    ("language",),
    ("dates", "errors", "memo", "progress", "staged", "stamps", "tex", "unchanged"),
    ("workers",),
)
WITHIN = {("exports", "assets"), ("publish", "serve")}


def modules() -> list[str]:
    """Every module of the package, by its dotted name."""
    names = (path.relative_to(PROJECT).with_suffix("") for path in PACKAGE.rglob("*.py"))
    return sorted(".".join(name.parts).removesuffix(".__init__") for name in names)


def row_of(name: str) -> int:
    """The row of a module of the package, named without `rsm_site.`."""
    top = name.split(".")[0]
    return next(len(ROWS) - index for index, row in enumerate(ROWS) if top in row and index > 0)


def imports_of(path: Path) -> set[str]:
    """The modules of the package that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "rsm_site":
            found.update(alias.name for alias in node.names if alias.name[0] != "_")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rsm_site."):
            found.add((node.module or "").removeprefix("rsm_site."))
        elif isinstance(node, ast.Import):
            found.update(a.name.removeprefix("rsm_site.") for a in node.names if a.name.startswith("rsm_site."))
    return found


def test_every_module_has_a_row() -> None:
    """A new module is given its place in the order of layers."""
    placed = {name for row in ROWS[1:] for name in row} | {"__main__"}
    assert {name.split(".")[1] for name in modules() if "." in name} <= placed


def test_imports_look_down() -> None:
    """No module imports from its own row or from one above it."""
    wrong = []
    for name in modules():
        if name in ("rsm_site", "rsm_site.__main__"):
            continue
        own = name.removeprefix("rsm_site.")
        path = PROJECT / Path(*name.split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        for other in imports_of(file):
            same_part = other.split(".")[0] == own.split(".")[0]
            pair = (own.split(".")[0], other.split(".")[0])
            if not same_part and pair not in WITHIN and row_of(other) >= row_of(own):
                wrong.append(f"{own} imports {other}")
    assert wrong == []


IMPORT_EACH = """
import importlib, os, sys
import babel.dates, jinja2, markdown, msgspec, nh3, yaml  # so that only the package's own modules are imported anew
for name in sys.argv[1:]:
    if os.fork() == 0:
        importlib.import_module(name)
        os._exit(0)
    if os.wait()[1] != 0:
        print(name)
"""


def test_each_module_imports_alone() -> None:
    """Each module can be imported first, by a process that has imported none of the others."""
    names = [name for name in modules() if not name.endswith("__main__")]
    done = subprocess.run([sys.executable, "-c", IMPORT_EACH, *names], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert len(names) > 90
    assert (done.returncode, done.stdout) == (0, "")


HELP = "from rsm_site import cli\ntry:\n cli.main(['--help'])\nexcept SystemExit:\n pass"


@pytest.mark.parametrize(
    ("start", "heavy"),
    [
        (HELP, {"jinja2", "markdown", "yaml", "babel", "asyncio"}),
        ("import rsm_site.build", {"markdown", "nh3", "babel", "rich", "asyncio", "rsm_site.exports.pdf"}),
    ],
    ids=["help", "build"],
)
def test_the_command_line_starts_light(start: str, heavy: set[str]) -> None:
    """Neither the help nor what a build imports before it begins loads what they may not need."""
    code = f"import sys\n{start}\nprint('HEAVY', sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT, capture_output=True, text=True)
    assert done.stdout.endswith("HEAVY []\n")


def test_every_command_is_in_the_readme() -> None:
    """The README names each command of the command line."""
    from rsm_site.cli import COMMANDS

    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"| `{name}" not in readme] == []
