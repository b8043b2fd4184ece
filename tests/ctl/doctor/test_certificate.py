"""Certificates and keys as they lie on disks."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption

from mediad.ctl.doctor.certificate import read
from tests.support.pem import certificate, key_text, pem

KEY, CA_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
CA = certificate("authority", CA_KEY, CA_KEY, "authority")
LEAF = certificate("sfu", KEY, CA_KEY, "authority", names=["sfu.example"], addresses=["192.0.2.7"])


def write(path: Path, *texts: str) -> str:
    path.write_text("".join(texts))
    path.chmod(0o600)
    return str(path)


def test_a_chain_and_its_key(tmp_path: Path) -> None:
    path, key = write(tmp_path / "c", pem(LEAF), pem(CA)), write(tmp_path / "k", key_text(KEY))
    found = read(path, key)
    assert found.problem is None
    assert found.names == ("sfu.example", "192.0.2.7")
    assert found.not_after - found.not_before == datetime.timedelta(days=90)
    assert (found.self_signed, found.chain_length, found.key_matches) == (False, 2, True)
    assert (found.key_path, found.key_readable_by_all) == (key, False)


def test_all_in_one_file(tmp_path: Path) -> None:
    path = write(tmp_path / "c", key_text(CA_KEY), pem(CA))
    found = read(path, None)
    assert (found.problem, found.self_signed, found.key_matches, found.names) == (None, True, True, ())
    assert found.key_path == path


def test_the_wrong_key_for_everybody(tmp_path: Path) -> None:
    path, key = write(tmp_path / "c", pem(LEAF)), write(tmp_path / "k", key_text(CA_KEY))
    Path(key).chmod(0o644)
    found = read(path, key)
    assert (found.key_matches, found.key_readable_by_all) == (False, True)


@pytest.mark.parametrize("text", ["", "hello", pem(LEAF), key_text(KEY)])
def test_files_that_are_something_else(tmp_path: Path, text: str) -> None:
    assert read(write(tmp_path / "c", text), None).problem


def test_an_encrypted_key(tmp_path: Path) -> None:
    text = key_text(KEY, BestAvailableEncryption(b"secret"))
    assert "encrypted" in (read(write(tmp_path / "c", pem(LEAF), text), None).problem or "")


def test_a_missing_file(tmp_path: Path) -> None:
    missing = str(tmp_path / "none")
    assert read(missing, None).problem == f"{missing}: No such file or directory"
