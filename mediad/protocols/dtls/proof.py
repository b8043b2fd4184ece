"""Proof of handshake messages by a signature over our own random bytes (RFC 5246 sections 7.4.3, 7.4.8).

An attacker who forges a peer's address does not see our hello, so no forged message has such a signature.
Nothing is proven by a scheme that is not known here, which OpenSSL would refuse at the cost of the handshake,
or by a key that no DTLS stack makes: to judge by one could take milliseconds (RSA with a long exponent).
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

_RANDOM = slice(2, 34)  # in a ClientHello or ServerHello
_HASHES: dict[int, hashes.HashAlgorithm] = {
    2: hashes.SHA1(),
    3: hashes.SHA224(),
    4: hashes.SHA256(),
    5: hashes.SHA384(),
    6: hashes.SHA512(),
}
_MOST_RSA_BITS, _MOST_RSA_EXPONENT = 4096, 0xFFFF_FFFF
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_PSS_HASHES = {4: hashes.SHA256(), 5: hashes.SHA384(), 6: hashes.SHA512()}
_RSA, _ECDSA = 1, 3
_ED25519 = 0x0807


def first_certificate(body: bytes) -> bytes | None:
    """The sender's own certificate in a Certificate message, in DER; None where there is none."""
    if len(body) < 6 or int.from_bytes(body[:3], "big") != len(body) - 3:
        return None
    length = int.from_bytes(body[3:6], "big")
    der = body[6 : 6 + length]
    return der if len(der) == length > 0 else None


def is_client_proven(transcript: bytes, certificate: bytes, verification: bytes) -> bool:
    """True when a CertificateVerify signs this transcript (all up to it) with the key of the certificate."""
    signature, rest = _signature(verification)
    return not rest and signature is not None and _is_signed(certificate, signature, transcript)


def is_server_proven(
    client_hello: bytes, server_hello: bytes, certificate: bytes, key_exchange: bytes
) -> bool:
    """True when a ServerKeyExchange signs both random values with the key of the certificate."""
    if len(key_exchange) < 4 or len(server_hello) < 34:
        return False
    parameters = key_exchange[: 4 + key_exchange[3]]
    signature, rest = _signature(key_exchange[len(parameters) :])
    signed = client_hello[_RANDOM] + server_hello[_RANDOM] + parameters
    return not rest and signature is not None and _is_signed(certificate, signature, signed)


def _signature(data: bytes) -> tuple[tuple[int, bytes] | None, bytes]:
    """The (scheme, signature) at the beginning of `data`, and what follows."""
    if len(data) < 4:
        return None, b""
    end = 4 + int.from_bytes(data[2:4], "big")
    if end > len(data):
        return None, b""
    return (int.from_bytes(data[:2], "big"), data[4:end]), data[end:]


def _is_signed(certificate: bytes, signature: tuple[int, bytes], data: bytes) -> bool:
    scheme, value = signature
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
        return _is_usual(key) and _verify(key, scheme, value, data)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, x509.InvalidVersion):
        return False  # browsers have no key of this kind, so it proves nothing


def _is_usual(key: object) -> bool:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name in _CURVES
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size <= _MOST_RSA_BITS and key.public_numbers().e <= _MOST_RSA_EXPONENT
    return isinstance(key, ed25519.Ed25519PublicKey)


def _verify(key: object, scheme: int, value: bytes, data: bytes) -> bool:
    digest = _HASHES.get(scheme >> 8)
    if isinstance(key, ec.EllipticCurvePublicKey) and scheme & 0xFF == _ECDSA and digest is not None:
        key.verify(value, data, ec.ECDSA(digest))
    elif isinstance(key, rsa.RSAPublicKey) and scheme & 0xFF == _RSA and digest is not None:
        key.verify(value, data, padding.PKCS1v15(), digest)
    elif isinstance(key, rsa.RSAPublicKey) and scheme >> 8 == 8 and scheme & 0xFF in _PSS_HASHES:
        salted = _PSS_HASHES[scheme & 0xFF]
        key.verify(value, data, padding.PSS(padding.MGF1(salted), salted.digest_size), salted)
    elif isinstance(key, ed25519.Ed25519PublicKey) and scheme == _ED25519:
        key.verify(value, data)
    else:
        return False  # a scheme that is not known, or is for another kind of key
    return True
