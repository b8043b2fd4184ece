"""Nothing that the media thread runs can take the GIL: proven over the C that Cython generated."""

from __future__ import annotations

import re
from pathlib import Path

from Cython.Compiler.Main import compile as cython_compile

from tests.support.generated_c import mangled, python_in, without_gil
from tests.support.imports import ROOT, module_name

FASTPATH = ROOT / "mediad" / "_fastpath"
SOURCES = [path for path in sorted(FASTPATH.rglob("*.pyx")) if not path.name.startswith("_probe")]

# Functions below the loop that run at import or when a session is lent, never on the media thread.
WITH_GIL: dict[str, set[str]] = {
    "mediad._fastpath.wire.srtp": {"session_pointer"},
}

CDEF = re.compile(r"^[ \t]*cp?def[ \t]+(?!class|enum|struct|union|extern|packed)[^=\n:]*?(\w+)[ \t]*\(", re.M)

DIRTY = """
cdef int clean(int x) noexcept nogil:
    return x // 3

cdef void raises(int x) nogil:
    clean(x)

cdef void calls_what_raises(int x) noexcept nogil:
    raises(x)

cdef void asserts(int x) noexcept nogil:
    assert x > 3

cdef void takes_it(int x) noexcept nogil:
    with gil:
        print(x)

cdef object holds_it_already(int x):
    return [x]

cdef class Loop:
    cdef int x

    cdef void body(self) noexcept nogil:
        raises(self.x)

    def run(self):
        with nogil:
            raises(self.x)
        return holds_it_already(self.x)

    def spin(self):
        with nogil:
            self.x = clean(self.x)
        return holds_it_already(self.x)
"""


def test_the_scan_finds_what_it_looks_for(tmp_path: Path) -> None:
    source = tmp_path / "dirty.pyx"
    source.write_text(DIRTY)
    directives = {"cdivision": True, "show_performance_hints": False}
    result = cython_compile(str(source), language_level=3, compiler_directives=directives)
    assert result.num_errors == 0
    generated = source.with_suffix(".c").read_text()

    assert set(python_in(generated)) == {
        "__pyx_f_5dirty_calls_what_raises",
        "__pyx_f_5dirty_asserts",
        "__pyx_f_5dirty_takes_it",
        "__pyx_f_5dirty_4Loop_body",
        "__pyx_pf_5dirty_4Loop_run",
    }
    assert {"__pyx_f_5dirty_clean", "__pyx_pf_5dirty_4Loop_2spin"} <= dict(without_gil(generated)).keys()


def test_the_media_thread_never_takes_the_gil() -> None:
    found = {}
    for source in SOURCES:
        found.update(python_in(source.with_suffix(".c").read_text()))
    assert found == {}


def test_the_scan_sees_every_function() -> None:
    missed = []
    for source in SOURCES:
        seen = dict(without_gil(source.with_suffix(".c").read_text()))
        module = module_name(source, ROOT)
        for name, is_nogil in definitions(source):
            if is_nogil and mangled(module, name) not in seen:
                missed.append(f"{module}.{name}")
    assert missed == []


def test_everything_below_the_loop_is_noexcept_nogil() -> None:
    with_gil = {
        (module_name(source, ROOT), name)
        for source in SOURCES
        if source != FASTPATH / "loop.pyx"
        for name, is_nogil in definitions(source)
        if not is_nogil
    }
    assert with_gil == {(module, name) for module, names in WITH_GIL.items() for name in names}


def definitions(source: Path) -> list[tuple[str, bool]]:
    """The module-level cdef functions that a .pyx defines, and whether each is `noexcept nogil`."""
    text = source.read_text()
    found = []
    for match in CDEF.finditer(text):
        if match[0][0] in " \t":
            continue  # a method; its class is the loop's
        signature = text[match.start() : text.index(":", _closing(text, match.end())) + 1]
        if signature.endswith(":"):
            found.append((match[1], signature.split(")")[-1].split(":")[0].split() == ["noexcept", "nogil"]))
    return found


def _closing(text: str, start: int) -> int:
    """The position behind the parenthesis that closes the one before `start`."""
    depth = 1
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return position + 1
    raise ValueError("unbalanced parentheses")
