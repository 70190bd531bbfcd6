"""The lowest version of each dependency that pyproject.toml allows, as constraints for pip."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
for each in (*project["dependencies"], *sum(project["optional-dependencies"].values(), [])):
    if match := re.fullmatch(r"([\w-]+)(?:\[.*\])?>=([\w.]+),<[\w.]+", each):
        print(f"{match[1]}=={match[2]}")
