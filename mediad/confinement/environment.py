"""The environment of workers and recorders: what they need of the supervisor's, and none of its secrets."""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = frozenset(
    {"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "JOURNAL_STREAM", "VIRTUAL_ENV", "LLVM_PROFILE_FILE"}
)
_PREFIXES = (
    *("LC_", "LD_", "PYTHON", "MALLOC_", "GLIBC_", "OPENSSL_", "UV_"),
    *("ASAN_", "UBSAN_", "TSAN_", "LSAN_", "GCOV_", "COVERAGE_"),  # what tells tools for tests their options
)


def scrubbed(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a confined process gets of an environment.

    Settings are not among it: they may be secrets (JWT_SECRET), as may be what belongs to other programs in
    the same container. A worker gets its own settings from the supervisor.
    """
    return {name: value for name, value in environ.items() if name in _NAMES or name.startswith(_PREFIXES)}
