"""Builds mediad._fastpath, the native media path, and mediad._usrsctp, which holds libusrsctp.

Environment switches:
    MEDIAD_WINDOWS=1            also builds what tests/ has of native code: windows, and a benchmark's floor
    MEDIAD_DEBUG=1              .pyx line numbers in the binaries, for gdb, perf and valgrind
    MEDIAD_SANITIZE=address,…   instruments for the named sanitizers (scripts/sanitize); implies MEDIAD_DEBUG
    MEDIAD_NATIVE=0             builds no native code at all
    CC                          the compiler, else the interpreter's own, else gcc
    CPPFLAGS, CFLAGS, LDFLAGS   come after the flags below

The flags that the interpreter itself was built with do not count: they differ from one distribution to the
next, and so would the cost of a packet.

The modules share structs through .pxd files and C headers, and a module built against an old layout reads
garbage without a word. So one changed interface, switch or compiler flag rebuilds them all; a changed .pyx
rebuilds itself.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from setuptools import Command, Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).parent
FASTPATH = ROOT / "mediad" / "_fastpath"
USRSCTP = ROOT / "mediad" / "_usrsctp"
TESTS = ROOT / "tests"
PAGE = ROOT / "mediad" / "web" / "dist" / "index.html"
WINDOWS = os.environ.get("MEDIAD_WINDOWS") == "1"
SANITIZE = os.environ.get("MEDIAD_SANITIZE", "")
DEBUG = os.environ.get("MEDIAD_DEBUG") == "1" or bool(SANITIZE)
NATIVE = os.environ.get("MEDIAD_NATIVE") != "0"

# What the code means is pinned, not left to the compiler's defaults: the dialect, overflow that wraps, no
# reasoning from the types behind pointers. Generated C is not ours to keep free of style warnings;
# hand-written headers are, and scripts/check compiles each of them alone with warnings as errors. What would
# be a bug in either is an error here too.
C_FLAGS = [
    "-O3",
    "-std=gnu11",
    "-DNDEBUG",
    "-fPIC",
    "-fno-strict-aliasing",
    "-fno-plt",
    "-fvisibility=hidden",
    "-Werror=implicit-function-declaration",
    "-Werror=incompatible-pointer-types",
    "-Werror=int-conversion",
    "-Werror=return-type",
    "-Werror=uninitialized",
    "-Werror=shift-count-overflow",
    "-Werror=shift-count-negative",
    "-Werror=shift-negative-value",
]
if not SANITIZE:
    C_FLAGS.append("-fwrapv")  # which would keep the sanitizer from telling where it happens
if DEBUG:
    C_FLAGS += ["-g", "-fno-omit-frame-pointer"]
if SANITIZE:
    C_FLAGS += [f"-fsanitize={SANITIZE}", "-fno-sanitize-recover=all"]
C_FLAGS += shlex.split(os.environ.get("CPPFLAGS", "")) + shlex.split(os.environ.get("CFLAGS", ""))
LINK_FLAGS = ["-shared"]
if SANITIZE:
    LINK_FLAGS.append(f"-fsanitize={SANITIZE}")
LINK_FLAGS += shlex.split(os.environ.get("CFLAGS", "")) + shlex.split(os.environ.get("LDFLAGS", ""))

# Linked into the extension, so that a wheel runs where nobody installed the library. Nothing of it is seen
# outside, and it meets no other copy. mediad/_usrsctp/substitutes.h says what is wrapped and why.
LIBUSRSCTP = [
    "-l:libusrsctp.a",
    "-Wl,--exclude-libs,libusrsctp.a",
    *(f"-Wl,--wrap={name}" for name in ("gettimeofday", "malloc", "calloc", "free", "in6addr_any")),
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


def sources() -> list[Path]:
    """All .pyx files to be built: the product's, and with MEDIAD_WINDOWS those of the tests."""
    return [
        source
        for folder in (FASTPATH, USRSCTP, *([TESTS] if WINDOWS else []))
        for source in sorted(folder.rglob("*.pyx"))
    ]


def extensions() -> Iterator[Extension]:
    for source in sources():
        relative = source.relative_to(ROOT)
        yield Extension(
            ".".join(relative.with_suffix("").parts),
            [str(relative)],
            include_dirs=["mediad/_fastpath/base", "mediad/_fastpath/io", "mediad/_usrsctp"],
            extra_compile_args=C_FLAGS,
            extra_link_args=LIBUSRSCTP if source == USRSCTP / "library.pyx" else [],
        )


def cannot(reason: str) -> SystemExit:
    return SystemExit(f"mediad cannot be built here: {reason}")


class Compiler:
    """The C compiler, asked who it is: whatever it made is made again by another one."""

    def __init__(self) -> None:
        self.command = self.find()
        said = self.ask("--version").partition("\n")[0]
        major = self.ask("-dumpversion").partition(".")[0].strip()
        self.name = f"{'clang' if 'clang' in said else 'gcc'} {major}"
        self.version = said

    @staticmethod
    def find() -> list[str]:
        if chosen := os.environ.get("CC"):
            return shlex.split(chosen)
        interpreters = shlex.split(sysconfig.get_config_var("CC") or "gcc")[0]
        return [interpreters] if shutil.which(interpreters) else ["gcc"]

    def ask(self, question: str) -> str:
        try:
            return subprocess.run(
                [*self.command, question], capture_output=True, text=True, check=True
            ).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            raise cannot(
                f"no C compiler: {shlex.join(self.command)} does not run ({error}); "
                "install gcc and libc6-dev, or name another in CC"
            ) from None

    def reads(self, text: str) -> bool:
        """True when the preprocessor takes the text, with the flags of this build."""
        command = [*self.command, *C_FLAGS, "-E", "-x", "c", "-"]
        return (
            subprocess.run(command, input=text, capture_output=True, text=True, check=False).returncode == 0
        )


def check_native_build() -> None:
    """Raises SystemExit with one line that says what is missing and how to come by it."""
    if not sys.platform.startswith("linux"):
        raise cannot(f"the native media path needs Linux, this is {sys.platform}")
    try:
        import Cython  # noqa: F401
    except ImportError:
        raise cannot("no Cython: pip install 'cython>=3.1,<4'") from None
    headers = Path(sysconfig.get_path("include"))
    if not (headers / "Python.h").exists():
        raise cannot(f"no Python.h in {headers}: install python3-dev (the headers of {sys.executable})")


def check_libusrsctp(compiler: Compiler) -> None:
    """Raises SystemExit where the compiler does not find the static library and its header."""
    library = compiler.ask("-print-file-name=libusrsctp.a").strip()
    if not Path(library).is_absolute() or not compiler.reads("#include <usrsctp.h>\n"):
        raise cannot(
            "no libusrsctp.a with usrsctp.h: install libusrsctp-dev (Debian, Ubuntu), "
            "or build usrsctp 0.9.5 and name its folders in CPPFLAGS=-I… and LIBRARY_PATH"
        )


def check_page() -> None:
    if not PAGE.exists():
        raise cannot(
            f"the page is not built ({PAGE.relative_to(ROOT)} is missing): "
            "run ./scripts/build in a checkout first, or install a release's sdist, which holds it"
        )


class Interfaces:
    """What every module is built against: one digest, kept in build/interfaces after each complete build."""

    record = ROOT / "build" / "interfaces"
    # Compiler and flags in words: scripts/bench compares instructions with those recorded for the same ones.
    built_with = ROOT / "build" / "built_with"

    def __init__(self, compiler: Compiler) -> None:
        from Cython import __version__ as cython_version

        switches = (cython_version, compiler.version, C_FLAGS, LINK_FLAGS, LIBUSRSCTP, DIRECTIVES, DEBUG)
        digest = hashlib.sha256(repr(switches).encode())
        for path in sorted(
            path
            for folder in (FASTPATH, USRSCTP)
            for path in folder.rglob("*")
            if path.suffix in {".pxd", ".h"}
        ):
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
        self.digest = digest.hexdigest()
        self.words = " ".join([compiler.name, *(flag for flag in C_FLAGS if not flag.startswith("-W"))])

    def changed(self) -> bool:
        return not self.record.exists() or self.record.read_text() != self.digest

    def forget(self) -> None:
        self.record.unlink(missing_ok=True)

    def remember(self) -> None:
        self.record.parent.mkdir(exist_ok=True)
        self.record.write_text(self.digest)
        self.built_with.write_text(self.words + "\n")


class BuildExt(build_ext):
    """`build_ext` that rebuilds all when an interface changed and removes modules whose source is gone."""

    def finalize_options(self) -> None:
        super().finalize_options()
        if self.inplace:  # its test windows must not lie where a wheel is put together
            self.build_lib = str(Path("build", "inplace"))

    def run(self) -> None:
        if not self.extensions:
            return
        self.parallel = self.parallel or os.cpu_count()
        check_native_build()
        self.made_by = Compiler()
        check_libusrsctp(self.made_by)
        interfaces = Interfaces(self.made_by)
        rebuild = interfaces.changed()
        self.force = self.force or rebuild
        if rebuild:
            interfaces.forget()
        if self.inplace:
            self.remove_orphans()
        self.generate(rebuild)
        super().run()
        interfaces.remember()

    def generate(self, anew: bool) -> None:
        """The C of every module, in as many processes as there are processors."""
        from Cython.Build import cythonize

        made = cythonize(
            [Extension(one.name, list(one.sources)) for one in self.extensions],
            compiler_directives=DIRECTIVES,
            emit_linenums=DEBUG,
            nthreads=os.cpu_count() or 1,
            force=anew,
        )
        generated = {one.name: one.sources for one in made}
        for extension in self.extensions:
            extension.sources = generated[extension.name]

    def build_extensions(self) -> None:
        compile_c = [*self.made_by.command]
        self.compiler.set_executables(
            compiler=compile_c, compiler_so=compile_c, linker_so=[*self.made_by.command, *LINK_FLAGS]
        )
        super().build_extensions()

    def remove_orphans(self) -> None:
        for folder in (FASTPATH, USRSCTP, TESTS):
            for built in folder.rglob("*.so"):
                if not built.with_name(built.name.partition(".")[0] + ".pyx").exists():
                    built.unlink()
            for written in folder.rglob("*.c"):
                with written.open() as file:
                    generated = file.readline().startswith("/* Generated by Cython")
                if generated and not written.with_suffix(".pyx").exists():
                    written.unlink()


class BuildPy(build_py):
    """`build_py` that makes no package without the page; a checkout installed as editable builds it later."""

    def run(self) -> None:
        if not self.editable_mode:
            check_page()
        super().run()


class Sdist(sdist):
    """`sdist` that holds what a build needs, the built page included."""

    def run(self) -> None:
        check_page()
        super().run()


if NATIVE and not sources():
    raise cannot(f"no .pyx files below {FASTPATH}: this source tree is not complete")
commands: dict[str, type[Command]] = {"build_ext": BuildExt, "build_py": BuildPy, "sdist": Sdist}
setup(cmdclass=commands, ext_modules=list(extensions()) if NATIVE else [])
