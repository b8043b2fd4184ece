"""Checks of the installation: are native code, libraries and the page complete?"""

from __future__ import annotations

from collections.abc import Iterator

from mediad.ctl.doctor.facts import Facts
from mediad.ctl.doctor.finding import Check, Finding, error, ok, warning


def native_code(facts: Facts) -> Iterator[Finding]:
    if facts.installation is None:
        return
    if facts.installation.native_problem is None:
        yield ok("native-code", "the native code is built")
    else:
        yield error("native-code", *_parted(facts.installation.native_problem))


def libraries(facts: Facts) -> Iterator[Finding]:
    if facts.installation is None:
        return
    if facts.installation.library_problem is None:
        yield ok("libraries", "libsrtp and OpenSSL do what is needed of them")
    else:
        yield error("libraries", *_parted(facts.installation.library_problem))


def page(facts: Facts) -> Iterator[Finding]:
    if facts.installation is None:
        return
    if facts.installation.page_problem is None:
        yield ok("page", "the page is built")
    else:
        yield warning("page", *_parted(facts.installation.page_problem))


def _parted(problem: str) -> tuple[str, str]:
    """The problem, and the remedy."""
    text, _, advice = problem.rpartition(": ")
    return text, advice


CHECKS: tuple[Check, ...] = (native_code, libraries, page)
