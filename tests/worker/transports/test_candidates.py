from __future__ import annotations

from mediad.protocols.ice_paths import Path
from mediad.worker.transports.candidates import Endpoint
from tests.support.pipe_wire import wire
from tests.support.worker_objects import CERTIFICATE, bench


def test_parameters_for_a_client() -> None:
    made = bench()
    parameters = wire(made.transport().parameters())
    ice = parameters.pop("iceParameters")
    assert ice.pop("iceLite") is True
    assert set(ice) == {"usernameFragment", "password"}
    (opened,) = made.loop.named("open_transport")
    assert opened.parameters["username_fragment"] == ice["usernameFragment"].encode()
    assert parameters == {
        "iceCandidates": [
            {
                "foundation": "udpcandidate",
                "priority": 1076302079,
                "ip": "203.0.113.7",
                "address": "203.0.113.7",
                "protocol": "udp",
                "port": 10000,
                "type": "host",
            }
        ],
        "dtlsParameters": {
            "role": "auto",
            "fingerprints": [
                {"algorithm": fingerprint.algorithm, "value": fingerprint.value}
                for fingerprint in CERTIFICATE.fingerprints
            ],
        },
    }
    assert parameters["dtlsParameters"]["fingerprints"][-1]["algorithm"] == "sha-256"


def test_both_ends_of_a_path() -> None:
    assert Endpoint("203.0.113.7", 10000).tuple_with(Path(0, "198.51.100.7", 5004)) == {
        "localIp": "203.0.113.7",
        "localAddress": "203.0.113.7",
        "localPort": 10000,
        "remoteIp": "198.51.100.7",
        "remotePort": 5004,
        "protocol": "udp",
    }
