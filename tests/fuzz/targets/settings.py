"""A settings file of TOML, up to settings that fit together and addresses that are announced.

An input is the file, or, after a first line `= environment`, lines of NAME=value. No name is looked up: each
has addresses that its own text gives.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import socket
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mediad.config import announced as announcing
from mediad.config.load import add_flags, load
from mediad.config.sample import sample
from mediad.config.settings import KEYS
from mediad.errors import ConfigError
from tests.fuzz.target import Take, Target

ENVIRONMENT = b"= environment\n"
ADDRESSES = ("192.0.2.1", "10.0.0.5", "2001:db8::1", "127.0.1.1", "fe80::1%eth0", "100.64.0.1")
MISTAKES = [
    b'port = "8443"\nhost = 0.0.0.0\nworkers 3\n[media]\nlisten_ip = ["::"\n',
    b"export PORT=8443\n--host: \xe2\x80\x9ca\xe2\x80\x9d\n// no\nworkers = yes\n",
    b"port = 08443\nport = 8443ms\nport =\n",
    b'[[media_codecs]]\nkind = "audio"\nport = 1\n[[media_codecs]]\nmimeType = "audio/opus"\n',
    b'log.level = "debug"\nport = 1\nport = 2\njwt_secrets = a b@c\nlisten\xe2\x80\x8b_ip = 1\n"a\nb = """\n',
]
ANNOUNCED = [
    b'listen_ip = ["0.0.0.0", "::"]\nannounced_ip = ["0.0.0.0=203.0.113.7", "a.example", "::=2001:db8::2"]\n',
    b'listen_ip = "10.0.0.5"\nannounced_ip = "name"\n',
    b'listen_ip = ["10.0.0.5", "10.0.0.6"]\nannounced_ip = "203.0.113.7"\n',
    b'listen_ip = "127.0.0.1"\nannounced_ip = ["203.0.113.7", "1.2.3.4=5.6.7.8", "="]\nhost = "0.0.0.0"\n',
]
TOGETHER = [
    b'listen_ip = "0.0.0.0"\n',
    b'listen_ip = ["0.0.0.0", "10.0.0.5"]\nannounced_ip = "192.0.2.1"\n',
    b"rtc_base_port = 5000\nrtc_max_port = 4000\n",
    b"rtc_base_port = 5000\nrtc_max_port = 5001\nworkers = 64\n",
    b"worker_ping_interval_s = 9\nworker_ping_timeout_s = 9\n",
    b'tls_private_key = "a"\n',
    b'log_level = 7\nport = "7"\nhost = true\nworkers = "auto"\n',
    b'announced_ip = ["10.0.0.5", "192.168.1.1"]\nlisten_ip = "::"\n',
    b'listen_ip = "::"\nannounced_ip = ["192.0.2.1", "fe80::1", "224.0.0.1", "100.64.0.1"]\n',
    b'listen_ip = "::"\nannounced_ip = "127.0.0.1"\nhost = "0.0.0.0"\n',
    b'listen_ip = "fe80::1%eth0"\nannounced_ip = "xa.example"\n',
    b'webhook_urls = ["ftp://a", "http://a:b@c:99999/d?e#f", "http://[", "https://u:p@h/x"]\n',
    b'admin_socket = "/' + b"a" * 200 + b'"\nmedia_codecs = [{ kind = "audio" }]\n',
]
SEEDS = [
    *TOGETHER,
    *MISTAKES,
    *ANNOUNCED,
    *(f"{line}\n".encode() for line in sample().replace("\n#", "\n").splitlines() if " = " in line),
    ENVIRONMENT + "".join(f"MEDIAD_{name.upper()}=1\n" for name in KEYS).encode(),
    ENVIRONMENT + b"MEDIAD_LISTEN_IP=0.0.0.0,::\nANNOUNCED_IP=name\nMEDIAD_PROT=1\n",
    ENVIRONMENT + b"--port=8443\n--listen-ip=::\n--announced-ip=xu.example,b\n--help\n",
    ENVIRONMENT + b"--port=8443\n--listen-ip=::,127.0.0.1\n--announced-ip=127.0.0.1=203.0.113.7\n",
    ENVIRONMENT + b"--port=8443\n--listen-ip=0.0.0.0,::\n--announced-ip=192.0.2.1\n",
]


def addresses_of(name: str, *_: object, **__: object) -> list[tuple[object, ...]]:
    """Answer as `getaddrinfo` does."""
    if name.startswith("xa"):
        raise OSError("unknown")
    if name.startswith("xu"):
        raise UnicodeError
    found = [ADDRESSES[(ord(letter) + at) % len(ADDRESSES)] for at, letter in enumerate(name[:3])]
    return [(0, 0, 0, "", (address, 0)) for address in found]


def make() -> Take:
    path = Path(tempfile.mkdtemp(prefix="mediad-fuzz-"), "mediad.toml")

    parser = argparse.ArgumentParser()
    add_flags(parser)

    def take(data: bytes) -> None:
        given: dict[str, Any] = {"path": str(path)}
        if data.startswith(ENVIRONMENT):
            lines = data[len(ENVIRONMENT) :].decode("utf-8", "surrogateescape").split("\n")
            flags = [line for line in lines if line.startswith("--")]
            pairs = [line.partition("=") for line in lines if not line.startswith("--")]
            given = {"environ": {name: value for name, _, value in pairs}}
            said = io.StringIO()
            with contextlib.suppress(SystemExit), redirect_stdout(said), redirect_stderr(said):
                given["flags"] = vars(parser.parse_args(flags))
        else:
            path.write_bytes(data)
        with patch.object(socket, "getaddrinfo", addresses_of):
            try:
                settings = load(**given).settings
            except ConfigError as error:
                reasons = str(error)
            else:
                announcing.cautions(settings)
                return
        assert 0 < len(reasons) < 20 * len(data) + 20_000

    return take


NAMES = ("toml", "load", "announced", "listen", "kinds")
TARGET = Target("settings", SEEDS, make, tuple(f"config/{name}.py" for name in NAMES))
