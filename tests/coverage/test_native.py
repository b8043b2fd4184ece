"""Lines of native sources, from generated C and what gcov counted."""

from __future__ import annotations

from tests.coverage.figures import Lines
from tests.coverage.native import function_counts, statements

GENERATED = """\
/* "mediad/_fastpath/a.pxd":7
 * cdef struct A:
 */
struct A { int a; };
static int __Pyx_helper(void) {
  return 1;
}
/* "mediad/_fastpath/a.pyx":10
 * cdef int f(int a) noexcept nogil:   # <<<<<<<<<<<<<<
 */
static int __pyx_f_1a_f(int a) {

  /* "mediad/_fastpath/a.pyx":11
 *     if a:                             # <<<<<<<<<<<<<<
 */
  t = (a != 0);
  if (t) {

    /* "mediad/_fastpath/a.pyx":12
 *         a = 3                         # <<<<<<<<<<<<<<
 */
    a = 3;
    goto done;
  }
  /* "stringsource":1
 * utility                               # <<<<<<<<<<<<<<
 */
  done:;
}
"""
OURS, HELPER = "__pyx_f_1a_f", "__Pyx_helper"


def report(*lines: tuple[int, int, str]) -> dict[str, object]:
    told = [{"line_number": number, "count": count, "function_name": name} for number, count, name in lines]
    return {
        "files": [
            {"file": "a.c", "lines": told},
            {"file": "stdio.h", "lines": [{"line_number": 11, "count": 9}]},
        ]
    }


def test_a_statement_ran_when_the_first_of_its_c_did() -> None:
    lines = [(5, 1, HELPER), (6, 1, HELPER), (11, 4, OURS), (16, 4, OURS), (17, 4, OURS)]
    counts = function_counts(report(*lines, (22, 0, OURS), (23, 0, OURS), (28, 4, OURS)), "a.c")
    assert statements(GENERATED, counts) == {"mediad/_fastpath/a.pyx": Lines({10, 11, 12}, {10, 11})}


def test_a_line_that_is_code_of_two_functions_ran_when_either_did() -> None:
    """An inline function of a .pxd has its lines in each module that uses it."""
    assert function_counts(report((11, 0, OURS), (11, 2, OURS)), "a.c") == {11: 2}
