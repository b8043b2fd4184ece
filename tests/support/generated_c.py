"""Native functions declared to run without the GIL, and the C that Cython generated for them.

A function counts by its C name, `__pyx_f_<module>_<class>_<name>`, in which Cython writes the length of each
part before the part. The same name stands for the same function in every module that calls or inlines it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Source: a declaration or definition at the left margin or one step in (a method), up to the end of its head.
HEAD = re.compile(
    r"^(?P<indent>(?: {4})?)cp?def[ \t]+"
    r"(?:class[ \t]+(?P<cls>\w+)|(?:inline[ \t]+)?[^=\n:()]*?(?P<name>\w+)[ \t]*\()",
    re.MULTILINE,
)
TYPES = frozenset({"struct", "union", "enum", "extern", "packed"})

# Generated C: a function, from its signature on one line to the brace at the left margin.
DEFINITION = re.compile(
    r"^static [^\n;]*?\b(__pyx_p?f_\w+)\([^\n;]*\) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL
)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
NOGIL_SECTION = re.compile(r"PyEval_SaveThread\(\);(.*?)PyEval_RestoreThread", re.DOTALL)
CALL = re.compile(r"\b__pyx_f_\w+(?=\()")
PYTHON = re.compile(r"\b(?:_?Py[A-Z]\w*|__Pyx_\w+|__PYX_\w+)\b")
SECTION_EDGES = frozenset({"__Pyx_FastGIL_Remember", "__Pyx_FastGIL_Forget"})


@dataclass(frozen=True, slots=True)
class Declared:
    """A cdef function as its source declares it."""

    c_name: str
    nogil: bool
    noexcept: bool
    defined: bool  # with a body


def declarations(source: str, module: str) -> Iterator[Declared]:
    """Every cdef and cpdef function and method of a .pyx or .pxd."""
    prefix = "__pyx_f_" + "".join(f"{len(part)}{part}_" for part in module.split("."))
    cls = ""
    for match in HEAD.finditer(source):
        if match["cls"]:
            cls = match["cls"]
            continue
        if match["name"] in TYPES:
            continue
        if not match["indent"]:
            cls = ""
        tail = source[_closing(source, match.end()) :].split("\n", 1)[0].split("#")[0]
        words = tail.replace(":", " ").split()
        yield Declared(
            c_name=prefix + (f"{len(cls)}{cls}_" if cls else "") + match["name"],
            nogil="nogil" in words,
            noexcept="noexcept" in words,
            defined=tail.rstrip().endswith(":"),
        )


def _closing(text: str, start: int) -> int:
    """The position behind the parenthesis that closes the one before `start`."""
    depth = 1
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return position + 1
    raise ValueError("unbalanced parentheses")


def code_without_gil(generated: str, nogil: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The functions named in `nogil`, and the nogil sections of all others, each with its code."""
    for match in DEFINITION.finditer(generated):
        name, body = match[1], COMMENT.sub("", match[2])
        if name in nogil:
            yield name, body
        elif sections := NOGIL_SECTION.findall(body):
            yield name, "\n".join(sections)


def python_in(code: str) -> set[str]:
    """Return the names in the code that belong to Python's C API or to Cython's helpers over it."""
    return set(PYTHON.findall(code)) - SECTION_EDGES


def calls_in(code: str) -> set[str]:
    """The cdef functions the code calls."""
    return set(CALL.findall(code))
