"""Keys that two sides tell each other."""

from __future__ import annotations

import base64
from typing import get_args

import pytest

from mediad.errors import InvalidInput
from mediad.pipe.transport_requests import CryptoSuite, SrtpParameters
from mediad.worker.transports.sdes import SdesKey, read_key

LENGTHS = {
    "AEAD_AES_256_GCM": 44,
    "AEAD_AES_128_GCM": 28,
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
}


def test_every_suite_is_here() -> None:
    assert set(get_args(CryptoSuite)) == set(LENGTHS)


@pytest.mark.parametrize("suite", LENGTHS)
def test_what_one_side_tells_the_other_reads(suite: CryptoSuite) -> None:
    ours = SdesKey(suite)
    assert len(ours.key) == LENGTHS[suite]
    assert read_key(ours.parameters) == ours.key
    assert SdesKey(suite).key != ours.key


def test_another_suite_is_another_key() -> None:
    ours = SdesKey("AES_CM_128_HMAC_SHA1_80")
    assert ours.for_suite("AES_CM_128_HMAC_SHA1_80") is ours
    other = ours.for_suite("AES_CM_128_HMAC_SHA1_32")
    assert other.parameters.crypto_suite == "AES_CM_128_HMAC_SHA1_32"
    assert other.key != ours.key


@pytest.mark.parametrize("suite", LENGTHS)
@pytest.mark.parametrize("difference", [-1, 1, -100])
def test_a_wrong_length(suite: CryptoSuite, difference: int) -> None:
    key = bytes(max(0, LENGTHS[suite] + difference))
    with pytest.raises(InvalidInput) as raised:
        read_key(SrtpParameters(suite, base64.b64encode(key).decode()))
    text = f"srtpParameters.keyBase64 is of {len(key)} bytes; {suite} has {LENGTHS[suite]} bytes, "
    assert str(raised.value).startswith(text)


@pytest.mark.parametrize("text", ["secret!", "c2VjcmV", "c2VjcmV0 c2VjcmV0", "c2VjcmV0\n", "schlüssel"])
def test_no_base64(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"is not base64; AEAD_AES_256_GCM has 44 bytes") as raised:
        read_key(SrtpParameters("AEAD_AES_256_GCM", text))
    assert text.strip() not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_key_is_not_shown() -> None:
    parameters = SdesKey("AEAD_AES_128_GCM").parameters
    assert parameters.key_base64 not in f"{parameters!r} {parameters}"
