"""A daemon below which the files have changed."""

from __future__ import annotations

import mediad
from mediad.supervisor.workers.installed import changed_since_the_start, installed_version


def test_what_runs_is_installed() -> None:
    assert installed_version() == mediad.__version__
    assert changed_since_the_start() is None


def test_another_version_is_installed_since() -> None:
    assert changed_since_the_start(lambda: "99.0.0") == (
        f"mediad 99.0.0 is installed, and {mediad.__version__} is running: "
        "a new worker would not fit this daemon; restart the daemon (systemctl restart mediad)"
    )
    assert str(changed_since_the_start(lambda: None)).startswith("the files of mediad are gone, and ")
