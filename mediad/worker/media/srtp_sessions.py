"""SRTP sessions of libsrtp, which are lent to the media thread."""

from __future__ import annotations

from pylibsrtp import Policy, Session

from mediad.protocols.srtp_keys import SrtpProfile

_REPLAY_WINDOW = 1024  # packets; RTX and reordering under bursts need more than libsrtp's default of 128

_PROFILES = {
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}


def inbound_session(profile: SrtpProfile, key: bytes) -> Session:
    """Return a session that unprotects packets of any SSRC that the peer sends."""
    return _session(profile, key, Policy.SSRC_ANY_INBOUND)


def outbound_session(profile: SrtpProfile, key: bytes) -> Session:
    """Return a session that protects one SSRC.

    libsrtp searches a list of SSRCs: one session each keeps it at one entry.
    """
    return _session(profile, key, Policy.SSRC_ANY_OUTBOUND)


def _session(profile: SrtpProfile, key: bytes, ssrc_type: int) -> Session:
    policy = Policy(key=key, ssrc_type=ssrc_type, srtp_profile=_PROFILES[profile.name])
    policy.window_size = _REPLAY_WINDOW
    policy.allow_repeat_tx = True  # an Opus packet NACKed without RTX goes out again, bit for bit
    return Session(policy)
