"""pip-audit's report -> what is known against the locked packages; exit status 1 when there is something."""

import json
import sys
from pathlib import Path

path = Path(sys.argv[1])
packages = json.loads(path.read_text(encoding="utf-8"))["dependencies"] if path.exists() else []
audited = [package for package in packages if "vulns" in package]
for package in audited:
    for each in package["vulns"]:
        print(f"{package['name']} {package['version']}: {each['id']}, mended in {each['fix_versions']}")
if audited:
    print(f"{len(audited)} of {len(packages)} packages looked up")
else:
    print("left out: the list of known weaknesses cannot be reached from this machine")
sys.exit(any(package["vulns"] for package in audited))
