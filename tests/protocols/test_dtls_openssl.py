"""Handshakes with OpenSSL on the other side, on its terms: its command line, its clock."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from mediad.protocols.dtls.endpoint import DtlsEndpoint
from mediad.protocols.srtp_keys import DTLS_PROFILES, SrtpProfile
from tests.support.dtls import LEFT_CERTIFICATE, RIGHT_CERTIFICATE, ForeignPeer, Side


def drive(side: Side, wire: socket.socket, peer: subprocess.Popen[bytes]) -> None:
    """Run `side` over a real socket until it has keys; the peer's first datagram says where it lives."""
    wire.settimeout(0.05)
    address = None
    give_up = time.monotonic() + 20
    while side.keys is None and peer.poll() is None and time.monotonic() < give_up:
        now_us = time.monotonic_ns() // 1000
        try:
            data, address = wire.recvfrom(4096)
            side.endpoint.receive_datagram(data, now_us)
        except TimeoutError:
            pass
        if (due := side.endpoint.get_timer()) is not None and due <= now_us:
            side.endpoint.handle_timer(now_us)
        side.collect()
        for datagram in side.endpoint.datagrams_to_send():
            assert address is not None, "a server speaks second"
            wire.sendto(datagram, address)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
@pytest.mark.parametrize("profile", DTLS_PROFILES, ids=lambda profile: profile.name)
def test_s_client_exports_the_same_keys(profile: SrtpProfile, tmp_path: Path) -> None:
    certificate = tmp_path / "peer.pem"
    certificate.write_bytes(
        RIGHT_CERTIFICATE.x509.public_bytes(serialization.Encoding.PEM)
        + RIGHT_CERTIFICATE.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    side = Side(DtlsEndpoint(LEFT_CERTIFICATE))
    side.endpoint.set_remote_fingerprints(RIGHT_CERTIFICATE.fingerprints)
    side.endpoint.start("server", time.monotonic_ns() // 1000)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        command = ["openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{wire.getsockname()[1]}"]
        command += ["-cert", str(certificate), "-use_srtp", profile.openssl_name.decode()]
        command += ["-keymatexport", "EXTRACTOR-dtls_srtp", "-keymatexportlen", str(profile.exported_length)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as peer:
            drive(side, wire, peer)
            output, _ = peer.communicate(b"Q\n", timeout=20)
    assert side.keys is not None, side.endpoint.failure
    assert side.keys.profile == profile
    found = re.search(rb"Keying material: ([0-9A-F]+)", output)
    assert found is not None, output.decode()
    material = bytes.fromhex(found[1].decode())
    keys, salts = material[: 2 * profile.key_length], material[2 * profile.key_length :]
    client = keys[: profile.key_length] + salts[: profile.salt_length]
    server = keys[profile.key_length :] + salts[profile.salt_length :]
    assert (side.keys.local_key, side.keys.remote_key) == (server, client)


def test_a_foreign_servers_lost_last_flight_comes_back_when_openssl_agrees() -> None:
    """Copies of our Finished fall into its replay window; only a fresh one, from OpenSSL's clock, helps."""
    side = Side(DtlsEndpoint(LEFT_CERTIFICATE))
    side.endpoint.set_remote_fingerprints(RIGHT_CERTIFICATE.fingerprints)
    side.endpoint.start("client", 0)
    peer = ForeignPeer("server")
    for item in peer.step(side.endpoint.datagrams_to_send()):
        side.endpoint.receive_datagram(item.data, 0)
    assert peer.step(side.endpoint.datagrams_to_send()) != []  # and this is lost
    assert peer.finished
    due = side.endpoint.get_timer()
    assert due is not None
    side.endpoint.handle_timer(due)
    answer_to_copies = peer.read(side.endpoint.datagrams_to_send())
    time.sleep(1.1)  # OpenSSL's own first timeout is one second
    due = side.endpoint.get_timer()
    assert due is not None
    side.endpoint.handle_timer(due)
    answer_to_fresh = peer.read(side.endpoint.datagrams_to_send())
    for item in answer_to_fresh:
        side.endpoint.receive_datagram(item.data, 0)
    assert answer_to_copies == []
    assert side.endpoint.state == "connected"
