"""The folder: made where it may be, and never left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediad.errors import Unavailable
from mediad.recorder.files.folder import Folder


def test_a_folder_is_made_and_written(tmp_path: Path) -> None:
    folder = Folder.make(str(tmp_path), ["room", "one"])
    assert folder.path == f"{tmp_path}/room/one"
    os.close(folder.create("a.mkv"))
    folder.replace("r.json", b"1")
    folder.replace("r.json", b"2")
    assert sorted(path.name for path in Path(folder.path).iterdir()) == ["a.mkv", "r.json"]
    assert Path(folder.path, "r.json").read_bytes() == b"2"
    assert folder.free_bytes() > 0
    assert folder.is_there()
    folder.close()


def test_a_room_is_recorded_again_and_a_recording_is_not(tmp_path: Path) -> None:
    Folder.make(str(tmp_path), ["room", "one"]).close()
    Folder.make(str(tmp_path), ["room", "two"]).close()
    with pytest.raises(Unavailable, match=f"cannot record to {tmp_path}/room/one: File exists"):
        Folder.make(str(tmp_path), ["room", "one"])


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing", "No such file"), ("file", "Not a directory")],
)
def test_a_directory_that_cannot_be_used_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match=f"cannot record to {tmp_path / name}: {reason}"):
        Folder.make(str(tmp_path / name), ["room", "one"])


def test_a_relative_directory_is_refused() -> None:
    with pytest.raises(Unavailable, match="not an absolute path"):
        Folder.make("here", ["room", "one"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Unavailable, match="Permission denied"):
        Folder.make(str(tmp_path), ["room", "one"])


def test_symbolic_links_do_not_lead_out(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (inside / "room").symlink_to(outside)
    with pytest.raises(Unavailable):
        Folder.make(str(inside), ["room", "one"])
    folder = Folder.make(str(inside), ["other", "one"])
    (Path(folder.path) / "a.mkv").symlink_to(outside / "a.mkv")
    (Path(folder.path) / ".r.json.new").symlink_to(outside / "r.json")
    with pytest.raises(OSError, match="exists"):
        folder.create("a.mkv")
    folder.replace("r.json", b"1")
    assert list(outside.iterdir()) == []
    folder.close()


def test_a_folder_that_was_moved_is_gone(tmp_path: Path) -> None:
    folder = Folder.make(str(tmp_path), ["room", "one"])
    Path(folder.path).rename(tmp_path / "elsewhere")
    assert not folder.is_there()
    Path(folder.path).mkdir()
    assert not folder.is_there()
    folder.close()


def test_no_descriptor_stays_behind(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")
    Folder.make(str(tmp_path), ["room", "one"]).close()
    for names in (["room", "one"], ["room", "a" * 300]):
        with pytest.raises(Unavailable):
            Folder.make(str(tmp_path), names)
    assert os.listdir("/proc/self/fd") == before
