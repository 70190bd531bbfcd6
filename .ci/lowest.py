"""The lowest version of each dependency that pyproject.toml allows, as constraints for pip."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"].values()
for each in (*project["dependencies"], *(each for extra in extras for each in extra)):
    if match := re.fullmatch(r"([\w-]+)(?:\[.*\])?>=([\w.]+),<[\w.]+", each):
        print(f"{match[1]}=={match[2]}")
