"""The directory of HLS segments."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from mediad.errors import Unavailable
from mediad.supervisor.hls import place


def test_settings_come_first_then_a_runtime_directory(tmp_path: Path) -> None:
    environ = {"RUNTIME_DIRECTORY": "/run/mediad:/run/other", "XDG_RUNTIME_DIR": "/run/user/7"}
    assert place.parent_of("/srv/hls", environ) == Path("/srv/hls")
    assert place.parent_of(None, environ) == Path("/run/mediad")
    assert place.parent_of(None, {"XDG_RUNTIME_DIR": "/run/user/7"}) == Path("/run/user/7")
    assert place.parent_of(None, {}) == Path("/dev/shm")


def test_it_is_this_daemons_alone(tmp_path: Path) -> None:
    path = place.prepare(str(tmp_path), {})
    assert path == tmp_path / f"mediad-hls-{os.getpid()}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert place.prepare(str(tmp_path), {}) == path
    place.remove(path)
    place.remove(path)
    assert list(tmp_path.iterdir()) == []


def test_what_killed_daemons_left_is_removed(tmp_path: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    for name in (f"mediad-hls-{dead.pid}", f"mediad-hls-{os.getppid()}", "mediad-hls-mine", "other"):
        (tmp_path / name).mkdir()
    place.prepare(str(tmp_path), {})
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {f"mediad-hls-{pid}" for pid in (os.getpid(), os.getppid(), "mine")} | {"other"}


def test_a_place_that_cannot_be_made_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="set hls_dir"):
        place.prepare(str(tmp_path / "missing"), {})
