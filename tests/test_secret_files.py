"""Secret files: modes, groups, directories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mediad.secret_files import exposure, replace_file
from tests.support.open_folder import open_folder


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    with open_folder(tmp_path) as folder:
        yield folder


def secret(place: Path, mode: int) -> str:
    path = place / "secret"
    path.write_text("x")
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440])
def test_owner_and_group_may_read(place: Path, mode: int) -> None:
    assert exposure(secret(place, mode)) is None


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        (0o644, "every user can read it: chmod 640 "),
        (0o604, "every user can read it: chmod 600 "),
        (0o666, "every user can change it: chmod 640 "),
        (0o660, "every user of its group can change it: chmod 640 "),
    ],
)
def test_others_may_not(place: Path, mode: int, why: str) -> None:
    path = secret(place, mode)
    assert exposure(path) == why + path


def test_a_directory_that_is_closed_protects_it(place: Path) -> None:
    inner = place / "closed"
    inner.mkdir(mode=0o750)
    assert exposure(secret(inner, 0o644)) is None


def test_a_link_leads_to_what_counts(place: Path) -> None:
    link = place / "link"
    link.symlink_to(secret(place, 0o644))
    assert exposure(str(link)) is not None


def test_what_is_missing_is_told_by_others(place: Path) -> None:
    assert exposure(str(place / "nothing")) is None


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_replaced_whole_or_not_at_all(place: Path, durable: bool) -> None:
    path = place / "kept"
    replace_file(path, b"one", durable=durable)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"one", 0o600)
    with pytest.raises(FileNotFoundError):
        replace_file(place / "missing" / "kept", b"two", durable=durable)
    path.unlink()
    path.mkdir()
    (path / "inside").write_text("")
    with pytest.raises(IsADirectoryError):
        replace_file(path, b"two", durable=durable)
    assert [each.name for each in place.iterdir()] == ["kept"]
