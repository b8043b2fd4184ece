from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from mediad.protocols.certificate import Certificate, fingerprint_of
from mediad.protocols.dtls.endpoint import DtlsEndpoint
from tests.support.dtls import LEFT_CERTIFICATE, NOW, Link, Side


@pytest.fixture(scope="session")
def big_certificate() -> Certificate:
    """A certificate of about 5 KB, so that a flight takes several datagrams."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "big")])
    names = [x509.DNSName(f"host-{index:03}.with-a-long-name.example") for index in range(120)]
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW.replace(year=NOW.year + 1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )
    return Certificate(builder.sign(key, hashes.SHA256()), key)


@pytest.fixture
def big_certificate_pair(big_certificate: Certificate) -> Link:
    """A client with the usual certificate and a server with the big one, both started."""
    client, server = DtlsEndpoint(LEFT_CERTIFICATE), DtlsEndpoint(big_certificate)
    der = big_certificate.x509.public_bytes(Encoding.DER)
    client.set_remote_fingerprints([fingerprint_of(der, "sha-256")])
    server.set_remote_fingerprints(LEFT_CERTIFICATE.fingerprints)
    server.start("server", 0)
    client.start("client", 0)
    return Link(Side(client), Side(server))
