"""Prints what pyproject.toml asks for: the build's and the daemon's packages, with "dev" the tests' too."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

with (Path(__file__).parent.parent / "pyproject.toml").open("rb") as file:
    pyproject = tomllib.load(file)

wanted = [*pyproject["build-system"]["requires"], *pyproject["project"]["dependencies"]]
if sys.argv[1:] == ["dev"]:
    wanted += pyproject["project"]["optional-dependencies"]["dev"]
print("\n".join(wanted))
