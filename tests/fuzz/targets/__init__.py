"""Targets of fuzzing: each file here has one, for a function or an object that reads what others send."""

from __future__ import annotations

import importlib
import pkgutil

from tests.fuzz.target import Target

TARGETS: list[Target] = [
    importlib.import_module(f"{__name__}.{found.name}").TARGET
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name)
]
