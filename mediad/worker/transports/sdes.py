"""SDES: SRTP keys that both sides of a transport tell each other (RFC 4568), in requests instead of DTLS."""

from __future__ import annotations

import base64
import binascii
import secrets

from mediad.errors import InvalidInput
from mediad.pipe.transport_requests import CryptoSuite, SrtpParameters
from mediad.protocols.srtp_keys import profile_named


class SdesKey:
    """The key of what this side sends. The other side's suite wins, and then this side's key is another."""

    def __init__(self, suite: CryptoSuite) -> None:
        self._suite: CryptoSuite = suite
        self.profile = profile_named(suite)
        self.key = secrets.token_bytes(self.profile.master_length)
        """The master key and the salt after it."""

    @property
    def parameters(self) -> SrtpParameters:
        """The key as the other side is told it."""
        return SrtpParameters(self._suite, base64.b64encode(self.key).decode())

    def for_suite(self, suite: CryptoSuite) -> SdesKey:
        """Return this key, or a new one when it is of another suite."""
        return self if suite == self._suite else SdesKey(suite)


def read_key(theirs: SrtpParameters) -> bytes:
    """Return the master key and salt of the other side.

    Raises InvalidInput, which does not tell the key, when it is not in base64 or not as long as the suite's.
    """
    profile = profile_named(theirs.crypto_suite)
    wanted = (
        f"{profile.name} has {profile.master_length} bytes, {profile.key_length} of key and "
        f"{profile.salt_length} of salt"
    )
    try:
        key = base64.b64decode(theirs.key_base64, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(f"srtpParameters.keyBase64 is not base64; {wanted}") from None
    if len(key) != profile.master_length:
        raise InvalidInput(f"srtpParameters.keyBase64 is of {len(key)} bytes; {wanted}")
    return key
