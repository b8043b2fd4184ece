"""Reads the C that Cython generated: which functions there are, and what in them needs Python.

Cython names a cdef function `__pyx_f_<module>_<name>`. One that runs with the GIL and uses Python objects
opens with `__Pyx_RefNannySetupContext("name", 0)`; one that runs without has a 1 there where it takes the GIL
itself, and otherwise no such line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
DEFINITION = re.compile(
    r"^static [^\n;]*?\b(__pyx_p?f_\w+)\([^\n;]*\) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL
)
HOLDS_GIL = re.compile(r'__Pyx_RefNannySetupContext\("[^"]*", 0\)')
WITHOUT_GIL = re.compile(r"PyEval_SaveThread\(\);(.*?)PyEval_RestoreThread", re.DOTALL)
PYTHON = re.compile(r"\b(?:_?Py[A-Z]\w*|__Pyx_\w+|__PYX_\w+)\b")
# The edges of a nogil section.
HARMLESS = frozenset({"__Pyx_FastGIL_Remember", "__Pyx_FastGIL_Forget"})


def functions(text: str) -> Iterator[tuple[str, str]]:
    """Each function's mangled name and its body without comments."""
    for match in DEFINITION.finditer(text):
        yield match[1], COMMENT.sub("", match[2])


def without_gil(text: str) -> Iterator[tuple[str, str]]:
    """The code that runs without the GIL: whole functions, and the nogil sections of those that hold it."""
    for name, body in functions(text):
        sections = WITHOUT_GIL.findall(body)
        if sections:
            yield name, "\n".join(sections)
        elif name.startswith("__pyx_f_") and not HOLDS_GIL.search(body):
            yield name, body


def python_in(text: str) -> dict[str, list[str]]:
    """The functions that run without the GIL and yet name something of Python's, and what."""
    found = {name: sorted(set(PYTHON.findall(body)) - HARMLESS) for name, body in without_gil(text)}
    return {name: names for name, names in found.items() if names}


def mangled(module: str, function: str) -> str:
    return "__pyx_f_" + "".join(f"{len(part)}{part}_" for part in module.split(".")) + function
