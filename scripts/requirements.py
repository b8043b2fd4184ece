"""Prints the packages that pyproject.toml asks for: build, daemon and recording; "dev": those of tests too.

With "native" only what the tests of the native code need: scripts/platforms runs them elsewhere.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

with (Path(__file__).parent.parent / "pyproject.toml").open("rb") as file:
    pyproject = tomllib.load(file)

wanted = [*pyproject["build-system"]["requires"], *pyproject["project"]["dependencies"]]
wanted += pyproject["project"]["optional-dependencies"]["recording"]
tests = pyproject["project"]["optional-dependencies"]["dev"]
if sys.argv[1:] == ["dev"]:
    wanted += tests
elif sys.argv[1:] == ["native"]:
    wanted += [one for one in tests if re.split(r"[<>=~!]", one)[0] in {"aiortc", "hypothesis", "pytest"}]
print("\n".join(wanted))
