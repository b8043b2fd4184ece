from __future__ import annotations

import pytest

from mediad.protocols.srtp_keys import DTLS_PROFILES, SrtpProfile
from mediad.worker.media.srtp_sessions import inbound_session, outbound_session
from tests.support.plane_objects import keys


@pytest.mark.parametrize("profile", DTLS_PROFILES, ids=lambda profile: profile.name)
def test_sessions_of_every_profile_fit_each_other(profile: SrtpProfile) -> None:
    packet = bytes.fromhex("80600001000000020000000a") + b"payload"
    sender, receiver = outbound_session(profile, keys(profile)), inbound_session(profile, keys(profile))
    assert receiver.unprotect(sender.protect(packet)) == packet
