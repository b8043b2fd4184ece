"""Tokens signed with a private key."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest

from mediad.ctl.signing import sign
from mediad.errors import InvalidInput
from mediad.tokens.gate import Gate, TokenRules
from mediad.tokens.keys import KeySet, pem_key
from tests.support.signing import ALGORITHMS, private_pem, public_pem


@pytest.mark.parametrize("kind", [*ALGORITHMS])
def test_each_kind_of_key(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(private_pem(kind))
    text = sign({"exp": 100, "roomId": "r"}, path, "one" if kind == "ec" else None)
    assert jwt.get_unverified_header(text).get("kid") == ("one" if kind == "ec" else None)
    gate = Gate(TokenRules(keys=KeySet((pem_key(public_pem(kind), "a.pem"),))))
    assert gate.admit(text, "r", "ana", 50)[0] == {"exp": 100, "roomId": "r"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (public_pem("ec"), "a PEM file with a private key, not encrypted"),
        (b"", "a PEM file with a private key"),
        (private_pem("ec-384"), "Ed25519, P-256 or RSA"),
        (private_pem("rsa-1024"), "from 2048 bits on"),
    ],
)
def test_what_is_no_key(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match=words):
        sign({}, path, None)


def test_a_key_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No such file"):
        sign({}, tmp_path / "gone.pem", None)
