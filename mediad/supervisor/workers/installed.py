"""Comparison of the installed version with the running one: an upgrade changes the files of a running daemon.

Workers started after it are of the new version, while the supervisor is still of the old one. The two work
together only in the same version.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import mediad

_VERSION = re.compile(r'^__version__ = "([^"]+)"', re.MULTILINE)


def installed_version() -> str | None:
    """The version in the files that the next process is started from; None when they are gone."""
    try:
        found = _VERSION.search(Path(str(mediad.__file__)).read_text())
    except OSError:
        return None
    return found.group(1) if found else None


def changed_since_the_start(installed: Callable[[], str | None] = installed_version) -> str | None:
    """The change of the installed version, in words that say what to do; None when it is the running one."""
    now = installed()
    if now == mediad.__version__:
        return None
    what = f"mediad {now} is installed" if now else "the files of mediad are gone"
    return (
        f"{what}, and {mediad.__version__} is running: a new worker would not fit this daemon; "
        "restart the daemon (systemctl restart mediad)"
    )
