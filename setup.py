"""Builds mediad._fastpath, the native media path.

Environment switches:
    MEDIAD_PROBE=1              also builds _probe*.pyx, the tests' windows into the native code
    MEDIAD_DEBUG=1              .pyx line numbers in the binaries, for gdb, perf and valgrind
    MEDIAD_SANITIZE=address,…   instruments for the named sanitizers (scripts/sanitize); implies MEDIAD_DEBUG
    MEDIAD_NATIVE=0             builds no native code at all

The modules share structs through .pxd files and C headers, and a module built against an old layout reads
garbage without a word. So one changed interface, switch or compiler flag rebuilds them all; a changed .pyx
rebuilds itself.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from Cython import __version__ as cython_version
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent
FASTPATH = ROOT / "mediad" / "_fastpath"
PROBE = os.environ.get("MEDIAD_PROBE") == "1"
SANITIZE = os.environ.get("MEDIAD_SANITIZE", "")
DEBUG = os.environ.get("MEDIAD_DEBUG") == "1" or bool(SANITIZE)
NATIVE = os.environ.get("MEDIAD_NATIVE") != "0"

# Generated C is not ours to keep free of style warnings; hand-written headers are, and scripts/check compiles
# each of them alone with warnings as errors. What would be a bug in either is an error here too.
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
if DEBUG:
    C_FLAGS += ["-g", "-fno-omit-frame-pointer"]
if SANITIZE:
    C_FLAGS += [f"-fsanitize={SANITIZE}", "-fno-sanitize-recover=all"]
LINK_FLAGS = [f"-fsanitize={SANITIZE}"] if SANITIZE else []

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


def sources() -> list[Path]:
    """What to build: with MEDIAD_PROBE the tests' windows, and what the tests have of their own, as well."""
    found = sorted(FASTPATH.rglob("*.pyx"))
    if PROBE:
        return found + sorted((ROOT / "tests").rglob("*.pyx"))
    return [source for source in found if not source.name.startswith("_probe")]


def extensions() -> Iterator[Extension]:
    for source in sources():
        relative = source.relative_to(ROOT)
        yield Extension(
            ".".join(relative.with_suffix("").parts),
            [str(relative)],
            include_dirs=["mediad/_fastpath/base"],
            extra_compile_args=C_FLAGS,
            extra_link_args=LINK_FLAGS,
        )


class Interfaces:
    """What every module is built against: one digest, kept in build/interfaces after each complete build."""

    record = ROOT / "build" / "interfaces"

    def __init__(self) -> None:
        digest = hashlib.sha256(repr((cython_version, C_FLAGS, LINK_FLAGS, DIRECTIVES, DEBUG)).encode())
        for path in sorted([*FASTPATH.rglob("*.pxd"), *FASTPATH.rglob("*.h")]):
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
        self.digest = digest.hexdigest()

    def changed(self) -> bool:
        return not self.record.exists() or self.record.read_text() != self.digest

    def forget(self) -> None:
        self.record.unlink(missing_ok=True)

    def remember(self) -> None:
        self.record.parent.mkdir(exist_ok=True)
        self.record.write_text(self.digest)


INTERFACES = Interfaces()
REBUILD = INTERFACES.changed()


class BuildExt(build_ext):
    """`build_ext` that rebuilds all when an interface changed and removes modules whose source is gone."""

    def finalize_options(self) -> None:
        super().finalize_options()
        if self.inplace:  # its test windows must not lie where a wheel is put together
            self.build_lib = str(Path("build", "inplace"))

    def run(self) -> None:
        self.force = self.force or REBUILD
        if REBUILD:
            INTERFACES.forget()
        if self.inplace:
            self.remove_orphans()
        super().run()
        INTERFACES.remember()

    def remove_orphans(self) -> None:
        for built in FASTPATH.rglob("*.so"):
            if not built.with_name(built.name.partition(".")[0] + ".pyx").exists():
                built.unlink()
        for generated in FASTPATH.rglob("*.c"):
            if not generated.with_suffix(".pyx").exists():
                generated.unlink()


setup(
    cmdclass={"build_ext": BuildExt},
    ext_modules=cythonize(
        list(extensions()),
        compiler_directives=DIRECTIVES,
        emit_linenums=DEBUG,
        nthreads=os.cpu_count() or 1,
        force=REBUILD,
    )
    if NATIVE
    else [],
)
