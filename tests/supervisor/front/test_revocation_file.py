"""The file of revoked tokens: there whole after a restart, or said to be missing."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mediad.errors import ConfigError
from mediad.supervisor.front.revocation_file import NAME, RevocationFile
from mediad.tokens.revocations import Revocations


def test_revocations_outlive_a_restart(tmp_path: Path) -> None:
    revocations, later = Revocations(), Revocations()
    file = RevocationFile({"STATE_DIRECTORY": f"{tmp_path}:/other"})
    file.load(revocations, 0)
    revocations.revoke("jti:a", 100, 0)
    revocations.revoke("jti:b", None, 0)
    assert file.save(revocations, 0) == ""
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
    file.load(later, 50)
    assert later.list(50) == revocations.list(50)
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_without_a_place_they_are_in_memory() -> None:
    file = RevocationFile({})
    file.load(Revocations(), 0)
    assert file.save(Revocations(), 0).startswith(
        "kept in memory alone, until mediad ends: there is no state"
    )


def test_a_place_that_is_gone(tmp_path: Path) -> None:
    file = RevocationFile({"STATE_DIRECTORY": str(tmp_path / "gone")})
    file.load(Revocations(), 0)
    assert file.save(Revocations(), 0).endswith("cannot be written: No such file or directory")


@pytest.mark.parametrize("data", [b"", b"half a f", b"{}", b'[{"name": 7}]'])
def test_a_file_that_cannot_be_read_is_not_passed_over(tmp_path: Path, data: bytes) -> None:
    (tmp_path / NAME).write_bytes(data)
    with pytest.raises(ConfigError, match=r"cannot be read: .*; mend the file, or remove it"):
        RevocationFile({"STATE_DIRECTORY": str(tmp_path)}).load(Revocations(), 0)
