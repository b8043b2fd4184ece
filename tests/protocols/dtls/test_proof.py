from __future__ import annotations

import datetime
import time
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mediad.protocols.dtls.proof import first_certificate, is_client_proven, is_server_proven

NOW = datetime.datetime(2030, 1, 2, tzinfo=datetime.UTC)
ELLIPTIC, RSA = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
EDWARDS = ed25519.Ed25519PrivateKey.generate()
TRANSCRIPT = b"all that was said before"


def certificate(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)


PSS = padding.PSS(padding.MGF1(hashes.SHA384()), 48)
SIGNED: dict[str, tuple[Any, int, bytes]] = {
    "ECDSA": (ELLIPTIC, 0x0403, ELLIPTIC.sign(TRANSCRIPT, ec.ECDSA(hashes.SHA256()))),
    "RSA": (RSA, 0x0501, RSA.sign(TRANSCRIPT, padding.PKCS1v15(), hashes.SHA384())),
    "RSA-PSS": (RSA, 0x0805, RSA.sign(TRANSCRIPT, PSS, hashes.SHA384())),
    "Ed25519": (EDWARDS, 0x0807, EDWARDS.sign(TRANSCRIPT)),
}


def signature(scheme: int, value: bytes) -> bytes:
    return scheme.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


@pytest.mark.parametrize("kind", SIGNED)
def test_a_true_signature_proves_and_no_other_does(kind: str) -> None:
    key, scheme, value = SIGNED[kind]
    der = certificate(key)
    assert is_client_proven(TRANSCRIPT, der, signature(scheme, value))
    assert not is_client_proven(TRANSCRIPT + b"x", der, signature(scheme, value))
    assert not is_client_proven(TRANSCRIPT, der, signature(scheme, bytes(len(value))))
    assert not is_client_proven(TRANSCRIPT, der, signature(scheme, value) + b"x")
    assert not is_client_proven(TRANSCRIPT, der, signature(scheme, value)[:-1])
    for other in (name for name in SIGNED if name != kind):
        if SIGNED[other][0] is not key:
            assert not is_client_proven(TRANSCRIPT, certificate(SIGNED[other][0]), signature(scheme, value))
    assert not is_client_proven(TRANSCRIPT, b"no certificate", signature(scheme, value))


def test_a_certificate_of_an_unknown_kind_proves_nothing() -> None:
    der = certificate(ELLIPTIC)
    elliptic_curve_key = bytes.fromhex("06072a8648ce3d0201")
    unknown_key = bytes.fromhex("06072a8748ce3d0201")
    assert der.count(elliptic_curve_key) == 1
    proof = signature(0x0403, ELLIPTIC.sign(TRANSCRIPT, ec.ECDSA(hashes.SHA256())))
    assert not is_client_proven(TRANSCRIPT, der.replace(elliptic_curve_key, unknown_key), proof)
    version_of_tomorrow = der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020107"))
    assert version_of_tomorrow != der
    assert not is_client_proven(TRANSCRIPT, version_of_tomorrow, proof)


@pytest.mark.parametrize("scheme", [0xFE01, 0x0808, 0x0402, 0x0003, 0x0708, 0])
def test_a_scheme_that_is_not_known_proves_nothing(scheme: int) -> None:
    assert not is_client_proven(TRANSCRIPT, certificate(ELLIPTIC), signature(scheme, b"of tomorrow"))


def foreign(public: Any) -> bytes:
    """A certificate with this key, whatever it is, that another key has signed."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    builder = x509.CertificateBuilder(name, name, public, 1, NOW, NOW)
    return builder.sign(ELLIPTIC, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("bits", "exponent"),
    [(2048, (1 << 2000) + 1), (3072, (1 << 3000) + 1), (4096, (1 << 63) + 1), (8192, 65537)],
)
def test_a_key_that_is_slow_to_judge_by_is_not_tried(bits: int, exponent: int) -> None:
    modulus = (1 << bits) - 189
    der = foreign(rsa.RSAPublicNumbers(exponent, modulus).public_key())
    began_s = time.process_time()
    for _ in range(20):
        assert not is_client_proven(TRANSCRIPT, der, signature(0x0401, bytes(bits // 8 - 1) + b"\2"))
    assert (time.process_time() - began_s) / 20 < 0.001


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.BrainpoolP512R1()])
def test_a_curve_of_no_browser_proves_nothing(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    value = key.sign(TRANSCRIPT, ec.ECDSA(hashes.SHA256()))
    assert not is_client_proven(TRANSCRIPT, foreign(key.public_key()), signature(0x0403, value))


def test_a_server_signs_both_random_values_and_its_key() -> None:
    client_hello, server_hello = b"\xfe\xfd" + bytes(32) + b"rest", b"\xfe\xfd" + b"s" * 32 + b"other"
    parameters = b"\x03\x00\x17\x04abcd"
    value = ELLIPTIC.sign(bytes(32) + b"s" * 32 + parameters, ec.ECDSA(hashes.SHA256()))
    exchange, der = parameters + signature(0x0403, value), certificate(ELLIPTIC)
    assert is_server_proven(client_hello, server_hello, der, exchange)
    assert not is_server_proven(client_hello, b"\xfe\xfd" + b"f" * 32, der, exchange)
    assert not is_server_proven(b"\xfe\xfd" + b"c" * 32, server_hello, der, exchange)
    assert not is_server_proven(client_hello, server_hello, der, b"\x03\x00\x17\x04abce" + exchange[8:])
    for short in (b"", b"\x03\x00\x17", b"\x03\x00\x17\xff", exchange[:10]):
        assert not is_server_proven(client_hello, server_hello, der, short)
    assert not is_server_proven(client_hello, b"\xfe\xfd", der, exchange)


@pytest.mark.parametrize(
    "body", [b"", bytes(3), b"\0\0\x03\0\0\0", b"\0\0\x09\0\0\x04abc", b"\0\0\x05\0\0\x03ab"]
)
def test_no_certificate(body: bytes) -> None:
    assert first_certificate(body) is None


def test_the_first_certificate_is_the_senders() -> None:
    assert first_certificate(b"\0\0\x0b\0\0\x03abc\0\0\x02de") == b"abc"
