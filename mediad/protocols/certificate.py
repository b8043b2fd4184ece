"""The certificate of a worker in every DTLS handshake, and the fingerprints that it is trusted by.

WebRTC certificates are self-signed: trust comes from the fingerprint carried by signaling (RFC 8122
section 5).
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from mediad.errors import InvalidInput

# sha-256 last on purpose: mediasoup-client puts the last of the list into the SDP, and every stack knows it.
_ALGORITHMS = ("sha-1", "sha-224", "sha-384", "sha-512", "sha-256")
_STRONGEST_FIRST = ("sha-512", "sha-384", "sha-256", "sha-224", "sha-1")
_HEX_PAIRS = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})*")
_BACKDATED = datetime.timedelta(days=1)  # peers whose clock is behind ours
_LIFETIME = datetime.timedelta(days=3650)  # longer than any worker lives; it is never renewed


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A fingerprint: `algorithm` as in RFC 8122 ("sha-256"), `value` as upper-case hex pairs with colons."""

    algorithm: str
    value: str


@dataclass(frozen=True, eq=False)
class Certificate:
    """A certificate with its private key; compared by identity, as one worker has one."""

    x509: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey

    @classmethod
    def generate(cls, now: datetime.datetime) -> Certificate:
        """A new self-signed ECDSA P-256 certificate, valid around the aware datetime `now`."""
        key = ec.generate_private_key(ec.SECP256R1())
        # A random name: a constant one would show every observer that this is mediad.
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, secrets.token_hex(8))])
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now + _LIFETIME)
        )
        return cls(builder.sign(key, hashes.SHA256()), key)

    @property
    def fingerprints(self) -> list[Fingerprint]:
        """The fingerprints, one per algorithm, sha-256 last."""
        der = self.x509.public_bytes(Encoding.DER)
        return [fingerprint_of(der, algorithm) for algorithm in _ALGORITHMS]


def fingerprint_of(der: bytes, algorithm: str) -> Fingerprint:
    """The fingerprint of a certificate in DER form.

    Raises InvalidInput for an algorithm outside sha-1 … sha-512.
    """
    return Fingerprint(algorithm, hashlib.new(_hash_name(algorithm), der).digest().hex(":").upper())


def check_fingerprints(fingerprints: Iterable[Fingerprint]) -> list[Fingerprint]:
    """The list in canonical spelling.

    Raises InvalidInput when it is empty or an entry cannot be a fingerprint.
    """
    checked = [_canonical(fingerprint) for fingerprint in fingerprints]
    if not checked:
        raise InvalidInput("no fingerprints given")
    return checked


def matches_any(der: bytes, fingerprints: Iterable[Fingerprint]) -> bool:
    """True when one of the fingerprints of the strongest algorithm given is that of the DER certificate.

    Weaker ones are ignored (RFC 8122 section 5.1), so adding a forgeable sha-1 gains nothing. The comparison
    takes the same time wherever the first difference lies.
    """
    by_algorithm: dict[str, list[bytes]] = {}
    for fingerprint in fingerprints:
        by_algorithm.setdefault(fingerprint.algorithm, []).append(fingerprint.value.encode())
    strongest = next((name for name in _STRONGEST_FIRST if name in by_algorithm), None)
    if strongest is None:
        return False
    actual = fingerprint_of(der, strongest).value.encode()
    return any(hmac.compare_digest(actual, value) for value in by_algorithm[strongest])


def _hash_name(algorithm: str) -> str:
    if algorithm not in _ALGORITHMS:
        raise InvalidInput(f"unknown fingerprint algorithm {algorithm!r}")
    return algorithm.replace("-", "")


def _canonical(fingerprint: Fingerprint) -> Fingerprint:
    algorithm = fingerprint.algorithm.lower()
    digest_size = hashlib.new(_hash_name(algorithm)).digest_size
    value = fingerprint.value
    # "XX:XX:…" of n pairs is 3n - 1 characters; the length is judged before the pattern walks the value.
    if len(value) != 3 * digest_size - 1 or not _HEX_PAIRS.fullmatch(value):
        raise InvalidInput(f"malformed {algorithm} fingerprint")
    return Fingerprint(algorithm, value.upper())
