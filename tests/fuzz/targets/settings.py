"""A settings file of TOML, up to settings that fit together and addresses that are announced.

An input is the file, or, after a first line `= environment`, lines of NAME=value. No name is looked up: each
has addresses that its own text gives.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

from mediad.config import announced as announcing
from mediad.config.load import Sources
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
SEEDS = [
    *MISTAKES,
    *ANNOUNCED,
    *(f"{line}\n".encode() for line in sample().replace("\n#", "\n").splitlines() if " = " in line),
    ENVIRONMENT + "".join(f"MEDIAD_{name.upper()}=1\n" for name in KEYS).encode(),
    ENVIRONMENT + b"MEDIAD_LISTEN_IP=0.0.0.0,::\nANNOUNCED_IP=name\nMEDIAD_PROT=1\n",
]


def addresses_of(name: str) -> Sequence[str]:
    if name.startswith("x"):
        raise OSError("unknown")
    return [ADDRESSES[(ord(letter) + at) % len(ADDRESSES)] for at, letter in enumerate(name[:3])]


def make() -> Take:
    path = Path(tempfile.mkdtemp(prefix="mediad-fuzz-"), "mediad.toml")

    def take(data: bytes) -> None:
        if data.startswith(ENVIRONMENT):
            lines = data[len(ENVIRONMENT) :].decode("utf-8", "surrogateescape").split("\n")
            pairs = [line.partition("=") for line in lines]
            sources = Sources(environ={name: value for name, _, value in pairs})
        else:
            path.write_bytes(data)
            sources = Sources(path=str(path))
        with patch.object(announcing.announced, "__kwdefaults__", {"present": (), "look_up": addresses_of}):
            try:
                settings = sources.load().settings
            except ConfigError as error:
                reasons = str(error)
            else:
                announcing.cautions(settings)
                return
        assert 0 < len(reasons) < 20 * len(data) + 20_000

    return take


NAMES = ("toml", "load", "announced", "listen", "kinds")
TARGET = Target("settings", SEEDS, make, tuple(f"config/{name}.py" for name in NAMES))
