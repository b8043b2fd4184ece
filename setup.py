"""Builds mediad._fastpath: every module in one go, since they share structs through their .pxd files."""

from __future__ import annotations

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

ROOT = Path(__file__).parent
PROBE = os.environ.get("MEDIAD_PROBE") == "1"

# Generated C is not ours to keep free of style warnings; hand-written headers are, and scripts/check compiles each
# of them alone with warnings as errors. What would be a bug in either is an error here too.
C_FLAGS = [
    "-O3",
    "-std=gnu11",
    "-fno-strict-aliasing",
    "-fno-plt",
    "-fvisibility=hidden",
    "-Werror=implicit-function-declaration",
    "-Werror=incompatible-pointer-types",
    "-Werror=int-conversion",
    "-Werror=return-type",
]

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": False,
    "wraparound": False,
    "initializedcheck": False,
    "cdivision": True,
    "nonecheck": False,
    "overflowcheck": False,
    "binding": False,
    "warn.undeclared": False,
}


def extensions() -> list[Extension]:
    found = []
    for source in sorted((ROOT / "mediad" / "_fastpath").rglob("*.pyx")):
        if source.name == "_probe.pyx" and not PROBE:
            continue
        relative = source.relative_to(ROOT)
        found.append(
            Extension(
                ".".join(relative.with_suffix("").parts),
                [str(relative)],
                include_dirs=["mediad/_fastpath/base"],
                extra_compile_args=C_FLAGS,
            )
        )
    return found


setup(
    ext_modules=cythonize(
        extensions(),
        compiler_directives=DIRECTIVES,
        emit_linenums=os.environ.get("MEDIAD_DEBUG") == "1",
        nthreads=os.cpu_count() or 1,
        force=True,
        show_all_warnings=False,
    )
)
