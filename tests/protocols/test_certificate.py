from __future__ import annotations

import datetime
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from mediad.errors import InvalidInput
from mediad.protocols.certificate import (
    Certificate,
    Fingerprint,
    check_fingerprints,
    fingerprint_of,
    matches_any,
)

NOW = datetime.datetime(2030, 1, 2, tzinfo=datetime.UTC)
CERTIFICATE = Certificate.generate(NOW)
OTHER = Certificate.generate(NOW)
DER = CERTIFICATE.x509.public_bytes(Encoding.DER)
OTHER_DER = OTHER.x509.public_bytes(Encoding.DER)


def test_is_self_signed_p256_and_valid_now() -> None:
    shown = CERTIFICATE.x509
    shown.verify_directly_issued_by(shown)
    assert isinstance(CERTIFICATE.private_key.curve, ec.SECP256R1)
    assert shown.not_valid_before_utc < NOW < shown.not_valid_after_utc
    assert CERTIFICATE.x509.public_key() == CERTIFICATE.private_key.public_key()


def test_two_certificates_share_nothing() -> None:
    assert CERTIFICATE.x509.subject != OTHER.x509.subject
    assert not {f.value for f in CERTIFICATE.fingerprints} & {f.value for f in OTHER.fingerprints}


def test_fingerprints_are_all_five_with_sha256_last() -> None:
    algorithms = [fingerprint.algorithm for fingerprint in CERTIFICATE.fingerprints]
    assert sorted(algorithms) == ["sha-1", "sha-224", "sha-256", "sha-384", "sha-512"]
    assert algorithms[-1] == "sha-256"


def test_fingerprint_values_are_digests_of_the_der_form() -> None:
    for fingerprint in CERTIFICATE.fingerprints:
        digest = hashlib.new(fingerprint.algorithm.replace("-", ""), DER).hexdigest().upper()
        assert fingerprint.value.split(":") == [digest[i : i + 2] for i in range(0, len(digest), 2)]


def test_unknown_algorithm_is_invalid_input() -> None:
    with pytest.raises(InvalidInput, match="md5"):
        fingerprint_of(DER, "md5")


@pytest.mark.parametrize("algorithm", ["sha-1", "sha-224", "sha-256", "sha-384", "sha-512"])
def test_matches_own_fingerprint_in_every_algorithm(algorithm: str) -> None:
    fingerprint = fingerprint_of(DER, algorithm)
    assert matches_any(DER, [fingerprint])
    assert not matches_any(OTHER_DER, [fingerprint])


def test_one_right_among_wrong_ones_of_the_same_algorithm_is_enough() -> None:
    wrong, right = fingerprint_of(OTHER_DER, "sha-256"), fingerprint_of(DER, "sha-256")
    assert matches_any(DER, [wrong, right])
    assert not matches_any(DER, [wrong])


def test_a_weaker_match_does_not_outweigh_a_stronger_mismatch() -> None:
    strong_wrong = fingerprint_of(OTHER_DER, "sha-256")
    weak_right = fingerprint_of(DER, "sha-1")
    assert not matches_any(DER, [weak_right, strong_wrong])


def test_no_fingerprints_match_nothing() -> None:
    assert not matches_any(DER, [])


def test_check_gives_the_canonical_spelling() -> None:
    fingerprint = fingerprint_of(DER, "sha-256")
    loose = Fingerprint("SHA-256", fingerprint.value.lower())
    assert check_fingerprints([loose]) == [fingerprint]


VALUE = fingerprint_of(DER, "sha-256").value


@pytest.mark.parametrize(
    "fingerprints",
    [
        [],
        [Fingerprint("sha-3", VALUE)],
        [Fingerprint("", VALUE)],
        [Fingerprint("sha-256", "")],
        [Fingerprint("sha-256", VALUE[:-3])],
        [Fingerprint("sha-256", VALUE + ":00")],
        [Fingerprint("sha-256", VALUE.replace(":", "-"))],
        [Fingerprint("sha-256", "G" + VALUE[1:])],
        [Fingerprint("sha-256", VALUE[:-1] + "\n")],
        [Fingerprint("sha-256", "\N{FULLWIDTH DIGIT ZERO}" + VALUE[1:])],
        [Fingerprint("sha-512", VALUE)],
        [Fingerprint("sha-256", VALUE), Fingerprint("sha-256", "AA")],
    ],
)
def test_check_refuses(fingerprints: list[Fingerprint]) -> None:
    with pytest.raises(InvalidInput):
        check_fingerprints(fingerprints)
