"""SRTP protection profiles, and the two master keys of a DTLS handshake (RFC 5764 section 4.2).

Nothing here encrypts: keys go to libsrtp through the media plane.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mediad.errors import Unsupported

EXPORTER_LABEL = b"EXTRACTOR-dtls_srtp"


@dataclass(frozen=True, slots=True)
class SrtpProfile:
    """One crypto suite. `name` is its spelling on our wire and in RFC 4568/7714; lengths are octets."""

    name: str
    openssl_name: bytes
    key_length: int
    salt_length: int

    @property
    def master_length(self) -> int:
        """Octets of one master key followed by its salt, the form libsrtp takes."""
        return self.key_length + self.salt_length

    @property
    def exported_length(self) -> int:
        """Octets to export from the handshake: both directions."""
        return 2 * self.master_length


AEAD_AES_128_GCM = SrtpProfile("AEAD_AES_128_GCM", b"SRTP_AEAD_AES_128_GCM", 16, 12)
AEAD_AES_256_GCM = SrtpProfile("AEAD_AES_256_GCM", b"SRTP_AEAD_AES_256_GCM", 32, 12)
AES_CM_128_HMAC_SHA1_80 = SrtpProfile("AES_CM_128_HMAC_SHA1_80", b"SRTP_AES128_CM_SHA1_80", 16, 14)
AES_CM_128_HMAC_SHA1_32 = SrtpProfile("AES_CM_128_HMAC_SHA1_32", b"SRTP_AES128_CM_SHA1_32", 16, 14)

DTLS_PROFILES = (AEAD_AES_128_GCM, AEAD_AES_256_GCM, AES_CM_128_HMAC_SHA1_80)
"""The profiles to offer, best first: GCM costs a quarter of HMAC-SHA1, and 128 bits less than 256."""

_ALL = (*DTLS_PROFILES, AES_CM_128_HMAC_SHA1_32)
_BY_NAME = {profile.name: profile for profile in _ALL}
_BY_OPENSSL_NAME = {profile.openssl_name: profile for profile in _ALL}


def profile_named(name: str) -> SrtpProfile:
    """The profile of a `cryptoSuite` on the wire. Raises Unsupported when there is none."""
    profile = _BY_NAME.get(name)
    if profile is None:
        raise Unsupported(f"unsupported SRTP crypto suite {name!r}")
    return profile


def profile_of_openssl(name: bytes) -> SrtpProfile | None:
    """The profile OpenSSL reports after a handshake; None for the empty name of "none negotiated"."""
    return _BY_OPENSSL_NAME.get(name)


def split_keying_material(
    profile: SrtpProfile, material: bytes, role: Literal["client", "server"]
) -> tuple[bytes, bytes]:
    """The (local, remote) master keys, each with its salt, from the exported octets, for the side `role`.

    RFC 5764 section 4.2 has the export as client key, server key, client salt, server salt.
    """
    if len(material) != profile.exported_length:
        raise ValueError(f"{profile.name} needs {profile.exported_length} octets, got {len(material)}")
    keys, salts = material[: 2 * profile.key_length], material[2 * profile.key_length :]
    client = keys[: profile.key_length] + salts[: profile.salt_length]
    server = keys[profile.key_length :] + salts[profile.salt_length :]
    return (client, server) if role == "client" else (server, client)
