"""Landlock, on a thread of this process: what `restrict` leaves. `test_confine.py` tries whole processes."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import pytest

from mediad.confinement import landlock
from mediad.confinement.landlock import restrict, version

pytestmark = pytest.mark.skipif(not version(), reason="this kernel has no Landlock")


def outcome(directory: Path, **allowed: list[str]) -> list[str]:
    """Restrict a thread, and return what it can do: `read`, `write`, `make`."""
    able: list[str] = []

    def run() -> None:
        assert restrict(**{"read": [], "devices": [], **allowed}) == landlock.version()
        for what, attempt in (
            ("read", lambda: (directory / "file").read_text()),
            ("write", lambda: (directory / "file").open("a").close()),
            ("make", lambda: tempfile.mkdtemp(dir=directory)),
        ):
            try:
                attempt()
            except PermissionError:
                continue
            able.append(what)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return able


@pytest.mark.parametrize(
    ("key", "able"),
    [("read", ["read"]), ("execute", ["read"]), ("write", ["read", "write", "make"])],
)
def test_what_each_kind_of_path_may(tmp_path: Path, key: str, able: list[str]) -> None:
    (tmp_path / "file").write_text("x")
    assert outcome(tmp_path, **{key: [str(tmp_path)]}) == able


def test_what_is_not_named_is_out_of_reach(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert outcome(tmp_path, read=["/no/such/place"]) == []


def test_a_file_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert outcome(tmp_path, devices=[str(tmp_path / "file")]) == ["read", "write"]


@pytest.mark.parametrize("known", range(1, 8))
def test_what_older_kernels_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: int) -> None:
    """Restrict as on a kernel of that version, which this one understands, too."""
    if known > version():
        pytest.skip("this kernel is older")
    (tmp_path / "file").write_text("x")
    monkeypatch.setattr(landlock, "version", lambda: known)
    assert outcome(tmp_path, read=[str(tmp_path)]) == ["read"]
    assert outcome(tmp_path, write=[str(tmp_path)]) == ["read", "write", "make"]
    assert outcome(tmp_path) == []
