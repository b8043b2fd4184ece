"""The place of recordings, and what is said when nothing can be written there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediad.config.settings import Settings
from mediad.errors import InvalidInput, InvalidState, Unavailable
from mediad.supervisor.recording import place


def test_the_setting_comes_before_the_state_directory() -> None:
    environ = {"STATE_DIRECTORY": "/var/lib/mediad:/var/lib/other"}
    assert place.directory_of(Settings(), environ) == "/var/lib/mediad/recordings"
    assert place.directory_of(Settings(recording_dir="/srv/r"), environ) == "/srv/r"


def test_without_a_place_the_reason_names_the_setting() -> None:
    with pytest.raises(InvalidState, match="recording_dir"):
        place.directory_of(Settings(), {})


@pytest.mark.parametrize("directory", ["", "recordings", "../recordings", "/srv/\0"])
def test_a_path_must_be_absolute(directory: str) -> None:
    with pytest.raises(InvalidInput, match="absolute"):
        place.require_absolute(directory)


def test_the_default_directory_is_made_and_no_other(tmp_path: Path) -> None:
    environ = {"STATE_DIRECTORY": str(tmp_path)}
    settings = Settings(recording_min_free_bytes=0)
    place.prepare(settings, environ, str(tmp_path / "recordings"))
    assert (tmp_path / "recordings").stat().st_mode & 0o777 == 0o700
    missing = str(tmp_path / "elsewhere")
    with pytest.raises(Unavailable, match="is no directory"):
        place.prepare(settings, environ, missing)
    assert not os.path.exists(missing)


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "is no directory" in str(place.problem_of(str(tmp_path / "file"), 0))


def test_a_disk_with_too_little_room_is_named(tmp_path: Path) -> None:
    assert place.problem_of(str(tmp_path), 0) is None
    problem = place.problem_of(str(tmp_path), 2**60)
    assert problem is not None
    assert "recording_min_free_bytes" in problem


def test_a_directory_that_may_not_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # modes do not stop root, who runs tests in containers
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    problem = place.problem_of(str(tmp_path), 0)
    assert problem is not None
    assert "may not write" in problem
