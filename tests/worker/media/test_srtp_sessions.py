from __future__ import annotations

import pytest

from mediad.protocols.srtp_keys import DTLS_PROFILES, SrtpProfile, profile_named
from mediad.worker.media.srtp_sessions import inbound_session, outbound_session
from tests.support.plane_objects import keys


@pytest.mark.parametrize("profile", DTLS_PROFILES, ids=lambda profile: profile.name)
def test_sessions_of_every_profile_fit_each_other(profile: SrtpProfile) -> None:
    packet = bytes.fromhex("80600001000000020000000a") + b"payload"
    sender, receiver = outbound_session(profile, keys(profile)), inbound_session(profile, keys(profile))
    assert receiver.unprotect(sender.protect(packet)) == packet


@pytest.mark.parametrize(
    ("suite", "rtp_bytes", "rtcp_bytes"),
    [
        ("AEAD_AES_256_GCM", 16, 16),
        ("AEAD_AES_128_GCM", 16, 16),
        ("AES_CM_128_HMAC_SHA1_80", 10, 10),
        ("AES_CM_128_HMAC_SHA1_32", 4, 10),  # only RTP's tag is short: RFC 4568 section 6.2.2
    ],
)
def test_the_tag_of_each_suite(suite: str, rtp_bytes: int, rtcp_bytes: int) -> None:
    profile = profile_named(suite)
    packet, report = bytes.fromhex("80600001000000020000000a") + b"payload", bytes.fromhex("80c900010000000a")
    sender, receiver = outbound_session(profile, keys(profile)), inbound_session(profile, keys(profile))
    sealed, sealed_report = sender.protect(packet), sender.protect_rtcp(report)
    assert len(sealed) == len(packet) + rtp_bytes
    assert len(sealed_report) == len(report) + 4 + rtcp_bytes  # the SRTCP index before the tag
    assert receiver.unprotect(sealed) == packet
    assert receiver.unprotect_rtcp(sealed_report) == report
