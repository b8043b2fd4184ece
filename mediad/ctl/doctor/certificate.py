"""Reading the front's certificate and key, as the daemon does."""

from __future__ import annotations

import stat
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from mediad.ctl.doctor.facts import CertificateFacts


def read(path: str, key_path: str | None) -> CertificateFacts:
    """The contents of the PEM file at `path`; the key is in the same file when `key_path` is None."""
    key_path = key_path or path
    try:
        chain = x509.load_pem_x509_certificates(Path(path).read_bytes())
        key = load_pem_private_key(Path(key_path).read_bytes(), None)
        mode = Path(key_path).stat().st_mode
    except OSError as error:
        return CertificateFacts(path=path, problem=f"{error.filename}: {error.strerror}")
    except (ValueError, TypeError) as error:  # TypeError: the key is encrypted
        return CertificateFacts(path=path, problem=str(error))
    leaf = chain[0]
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return CertificateFacts(
        path=path,
        names=_names(leaf),
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        self_signed=leaf.issuer == leaf.subject,
        chain_length=len(chain),
        key_path=key_path,
        key_matches=leaf.public_key().public_bytes(*form) == key.public_key().public_bytes(*form),
        key_readable_by_all=bool(mode & stat.S_IROTH),
    )


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    """The DNS names and addresses of a certificate; browsers look at nothing else."""
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = names.get_values_for_type(x509.IPAddress)
    return (*names.get_values_for_type(x509.DNSName), *map(str, addresses))
