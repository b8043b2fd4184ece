"""Proof over the generated C that no function of the media thread can take the GIL.

Three steps. Everything below the Python side is declared `noexcept nogil`. What is so declared, and each
nogil section, names nothing of Python's in its C. And it calls only what is so declared, so nothing escapes.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from Cython.Compiler.Main import compile as cython_compile

from tests.support.generated_c import Declared, calls_in, code_without_gil, declarations, python_in
from tests.support.imports import ROOT, module_name, source_files

FASTPATH = ROOT / "mediad" / "_fastpath"
SOURCES = list(source_files(FASTPATH))
GENERATED = [path.with_suffix(".c") for path in SOURCES if path.suffix == ".pyx"]

# Where Python meets the media path: these hold the GIL but for their nogil sections and functions.
PYTHON_SIDE = ("mediad._fastpath.door.",)

# Functions below that which run at import or when a session is lent, never on the media thread.
WITH_GIL = {"__pyx_f_6mediad_9_fastpath_4wire_4srtp_session_pointer"}


def declared() -> dict[str, list[Declared]]:
    """All native functions by module."""
    found: dict[str, list[Declared]] = {}
    for path in SOURCES:
        if path.suffix in {".pyx", ".pxd"}:
            module = module_name(path, ROOT)
            found.setdefault(module, []).extend(declarations(path.read_text(), module))
    return found


DECLARED = declared()
NOGIL = frozenset(
    function.c_name for functions in DECLARED.values() for function in functions if function.nogil
)


def test_everything_below_the_python_side_is_noexcept_nogil() -> None:
    others = {
        function.c_name
        for module, functions in DECLARED.items()
        if not module.startswith(PYTHON_SIDE)
        for function in functions
        if not (function.nogil and function.noexcept)
    }
    assert others == WITH_GIL


def test_nogil_code_never_raises() -> None:
    """An exception value would be checked after each call, and checking takes the GIL."""
    assert [
        f.c_name for functions in DECLARED.values() for f in functions if f.nogil and not f.noexcept
    ] == []


@pytest.mark.parametrize("generated", GENERATED, ids=lambda path: module_name(path, ROOT))
def test_code_without_the_gil_has_no_python_in_it(generated: Path) -> None:
    found = {
        name: sorted(python)
        for name, code in code_without_gil(generated.read_text(), NOGIL)
        if (python := python_in(code))
    }
    assert found == {}


@pytest.mark.parametrize("generated", GENERATED, ids=lambda path: module_name(path, ROOT))
def test_code_without_the_gil_calls_only_its_like(generated: Path) -> None:
    found = {
        name: sorted(strangers)
        for name, code in code_without_gil(generated.read_text(), NOGIL)
        if (strangers := calls_in(code) - NOGIL)
    }
    assert found == {}


def test_the_scan_reaches_every_function() -> None:
    """The scan has something to read: the loop's body, and the engine's door."""
    seen = {name for path in GENERATED for name, _ in code_without_gil(path.read_text(), NOGIL)}
    defined = {
        function.c_name
        for path in SOURCES
        if path.suffix == ".pyx"
        for function in declarations(path.read_text(), module_name(path, ROOT))
        if function.nogil and function.defined
    }
    assert defined - seen == set()
    assert "__pyx_f_6mediad_9_fastpath_2io_4loop_loop_run" in defined
    assert "__pyx_f_6mediad_9_fastpath_6engine_7ingress_5demux_engine_receive" in defined
    assert any(re.search(r"_9MediaLoop_\d*run$", name) for name in seen)


DIRTY = """
cdef int clean(int x) noexcept nogil:
    return x // 3

cdef void raises(int x) nogil:
    clean(x)

cdef void calls_what_raises(int x) noexcept nogil:
    raises(x)

cdef void asserts(int x) noexcept nogil:
    assert x > 3

cdef void takes_it(
    int x,  # (a comment)
    int (*f)(int) noexcept nogil) noexcept nogil:
    with gil:
        print(f(x))

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

    functions = list(declarations(DIRTY, "dirty"))
    assert {f.c_name for f in functions if not f.nogil} == {"__pyx_f_5dirty_holds_it_already"}
    assert {f.c_name for f in functions if f.nogil and not f.noexcept} == {"__pyx_f_5dirty_raises"}

    nogil = frozenset(f.c_name for f in functions if f.nogil)
    code = dict(code_without_gil(source.with_suffix(".c").read_text(), nogil))
    assert code.keys() == nogil | {"__pyx_pf_5dirty_4Loop_run", "__pyx_pf_5dirty_4Loop_2spin"}
    assert {name for name in code if python_in(code[name])} == {
        "__pyx_f_5dirty_calls_what_raises",
        "__pyx_f_5dirty_asserts",
        "__pyx_f_5dirty_takes_it",
        "__pyx_f_5dirty_4Loop_body",
        "__pyx_pf_5dirty_4Loop_run",
    }
    assert calls_in(code["__pyx_pf_5dirty_4Loop_2spin"]) == {"__pyx_f_5dirty_clean"}
