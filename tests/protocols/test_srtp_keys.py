from __future__ import annotations

import pytest

from mediad.errors import Unsupported
from mediad.protocols import srtp_keys
from mediad.protocols.srtp_keys import SrtpProfile, profile_named, profile_of_openssl, split_keying_material

EVERY = [*srtp_keys.DTLS_PROFILES, srtp_keys.AES_CM_128_HMAC_SHA1_32]


def test_handshakes_offer_fast_ones_first() -> None:
    assert [profile.name for profile in srtp_keys.DTLS_PROFILES] == [
        "AEAD_AES_128_GCM",
        "AEAD_AES_256_GCM",
        "AES_CM_128_HMAC_SHA1_80",
    ]


@pytest.mark.parametrize(
    ("name", "master_length"),
    [
        ("AEAD_AES_256_GCM", 44),
        ("AEAD_AES_128_GCM", 28),
        ("AES_CM_128_HMAC_SHA1_80", 30),
        ("AES_CM_128_HMAC_SHA1_32", 30),
    ],
)
def test_master_key_lengths(name: str, master_length: int) -> None:
    assert profile_named(name).master_length == master_length


def test_an_unknown_suite_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="ROT13"):
        profile_named("ROT13")


def test_openssl_names_lead_back() -> None:
    assert [profile_of_openssl(profile.openssl_name) for profile in EVERY] == EVERY
    assert profile_of_openssl(b"") is None


@pytest.mark.parametrize("profile", EVERY, ids=lambda profile: profile.name)
def test_split_follows_rfc5764(profile: SrtpProfile) -> None:
    client_key, server_key = b"c" * profile.key_length, b"s" * profile.key_length
    client_salt, server_salt = b"C" * profile.salt_length, b"S" * profile.salt_length
    material = client_key + server_key + client_salt + server_salt
    client, server = client_key + client_salt, server_key + server_salt
    assert split_keying_material(profile, material, "client") == (client, server)
    assert split_keying_material(profile, material, "server") == (server, client)


def test_split_refuses_another_length() -> None:
    with pytest.raises(ValueError, match="needs 56 octets"):
        split_keying_material(srtp_keys.AEAD_AES_128_GCM, bytes(60), "client")
