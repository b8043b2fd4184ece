"""The kinds of value a setting may have: how each is read from text, checked, and described to people."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any, Protocol
from urllib.parse import urlsplit

from mediad.addresses import plain_address

_HOST_NAME = re.compile(r"(?=.{1,253}\Z)(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.?\Z")
_ORIGIN = re.compile(r"https?://(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?\Z")
_SWITCH_WORDS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
HIDDEN = "(hidden)"
"""The text shown in place of a secret."""

_SOCKET_PATH_BYTES = 107
"""sun_path of sockaddr_un holds 108 bytes, one of them the closing zero."""


class Kind(Protocol):
    """One kind of value. Both methods raise ValueError for a value that is not `expected`."""

    @property
    def expected(self) -> str: ...

    @property
    def metavar(self) -> str: ...

    def from_text(self, text: str) -> Any:
        """The value that a person wrote in the environment or on the command line."""

    def check(self, value: object) -> Any:
        """The value of a TOML file, checked and brought to its final form."""


def brief(value: object) -> object:
    """The shortest form of a value that means the same: where a list may stand, one item may stand alone."""
    return value[0] if isinstance(value, list | tuple) and len(value) == 1 else value


class Whole:
    """An integer from `low` to `high`; with `or_zero`, zero as well, where it switches something off."""

    metavar = "N"

    def __init__(self, low: int, high: int, *, or_zero: bool = False) -> None:
        self._low, self._high, self._or_zero = low, high, or_zero
        self.expected = ("0 or " if or_zero else "") + f"a whole number from {low} to {high}"

    def from_text(self, text: str) -> int:
        return self.check(_digits(text))

    def check(self, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(value)
        if not (self._low <= value <= self._high or (self._or_zero and value == 0)):
            raise ValueError(value)
        return value


class Number:
    """A decimal number from `low` to `high`."""

    metavar = "S"

    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = low, high
        self.expected = f"a number from {low:g} to {high:g}"

    def from_text(self, text: str) -> float:
        return self.check(float(text))

    def check(self, value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValueError(value)
        if not self._low <= value <= self._high:  # NaN fails this too
            raise ValueError(value)
        return float(value)


class Workers:
    """A number of workers, or "auto", which is None."""

    metavar = "N|auto"
    expected = 'a whole number from 1 to 256, or "auto"'

    def from_text(self, text: str) -> int | None:
        return None if text.strip().lower() == "auto" else self.check(_digits(text))

    def check(self, value: object) -> int | None:
        return None if value == "auto" else Whole(1, 256).check(value)


class RoomSpread:
    """A number of workers that a room may be on, "auto", or "off"."""

    MOST = 64
    metavar = "off|auto|N"
    expected = f'"off", "auto" or a whole number from 2 to {MOST}'

    def from_text(self, text: str) -> int | str:
        word = text.strip().lower()
        return word if word in ("off", "auto") else self.check(_digits(text))

    def check(self, value: object) -> int | str:
        if isinstance(value, str) and value in ("off", "auto"):
            return value
        return Whole(2, self.MOST).check(value)


class Choice:
    """One of a few words, in any case; `synonyms` maps words of other programs onto them."""

    def __init__(self, *words: str, synonyms: dict[str, str] | None = None) -> None:
        self._words = dict.fromkeys(words) | (synonyms or {})
        self.expected = "one of " + ", ".join(words)
        self.metavar = "|".join(words)

    def from_text(self, text: str) -> str:
        return self.check(text)

    def check(self, value: object) -> str:
        if not isinstance(value, str) or value.strip().lower() not in self._words:
            raise ValueError(value)
        word = value.strip().lower()
        return self._words[word] or word


class IpAddresses:
    """One or more IP addresses, in their usual spelling."""

    MOST = 8
    metavar = "IP,…"
    expected = f"an IPv4 or IPv6 address, or a list of at most {MOST} different ones"

    def from_text(self, text: str) -> tuple[str, ...]:
        return self.check([part.strip() for part in text.split(",")])

    def check(self, value: object) -> tuple[str, ...]:
        return different([plain_address(text) for text in strings(value)], self.MOST)


class Networks:
    """Any number of IP networks, in their usual spelling."""

    MOST = 32
    metavar = "CIDR,…"
    expected = f'a network like "10.0.0.0/8" or "fd00::/8", or a list of at most {MOST} different ones'

    def from_text(self, text: str) -> tuple[str, ...]:
        return self.check([part.strip() for part in text.split(",") if part.strip()])

    def check(self, value: object) -> tuple[str, ...]:
        networks = [] if value == [] else strings(value)
        return different([str(ipaddress.ip_network(text)) for text in networks], self.MOST)


class Host:
    """An IP address or a host name."""

    metavar = "HOST"
    expected = "an IP address or a host name"

    def from_text(self, text: str) -> str:
        return self.check(text.strip())

    def check(self, value: object) -> str:
        if not isinstance(value, str):
            raise ValueError(value)
        try:
            return plain_address(value)
        except ValueError:
            # A name that ends in a number is a mistyped address (WHATWG URL, "ends in a number").
            if not _HOST_NAME.match(value) or value.rstrip(".").rpartition(".")[2].isdigit():
                raise
            return value


class AnnouncedHosts:
    """One or more hosts that browsers are told, each as "HOST" or, with its listen address, "LISTEN=HOST"."""

    MOST = 16
    metavar = "HOST,…"
    expected = (
        f"an IP address or a host name, or a list of at most {MOST} different ones, each alone or behind the "
        'address of listen_ip that it leads to, as in "10.0.0.5=203.0.113.7"'
    )

    def from_text(self, text: str) -> tuple[str, ...]:
        return self.check([part.strip() for part in text.split(",")])

    def check(self, value: object) -> tuple[str, ...]:
        return different([self._one(text) for text in strings(value)], self.MOST)

    def _one(self, text: str) -> str:
        listen, pair, host = text.rpartition("=")
        host = Host().from_text(host)
        if "%" in host:  # a zone means nothing to another machine
            raise ValueError(text)
        return f"{plain_address(listen.strip())}={host}" if pair else host


class SocketPath:
    """The path of a Unix socket."""

    metavar = "PATH"
    expected = f"an absolute path of at most {_SOCKET_PATH_BYTES} bytes"

    def from_text(self, text: str) -> str:
        return self.check(text)

    def check(self, value: object) -> str:
        if not isinstance(value, str) or not value.startswith("/") or "\0" in value:
            raise ValueError(value)
        if len(value.encode()) > _SOCKET_PATH_BYTES:
            raise ValueError(value)
        return value


class FilePath:
    """The path of a file; whether it can be read is checked when it is used."""

    metavar = "PATH"
    expected = "an absolute path"

    def from_text(self, text: str) -> str:
        return self.check(text)

    def check(self, value: object) -> str:
        if not isinstance(value, str) or not value.startswith("/") or "\0" in value:
            raise ValueError(value)
        return value


class FilePaths:
    """One or more paths of files."""

    MOST = 32
    metavar = "PATH,…"
    expected = f"an absolute path, or a list of at most {MOST} different ones"

    def from_text(self, text: str) -> tuple[str, ...]:
        return self.check([part.strip() for part in text.split(",")])

    def check(self, value: object) -> tuple[str, ...]:
        return different([FilePath().check(path) for path in strings(value)], self.MOST)


class AccountName:
    """The name of a user or a group of this machine."""

    metavar = "NAME"
    expected = "the name of a user or a group"

    def from_text(self, text: str) -> str:
        return self.check(text.strip())

    def check(self, value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}", value):
            raise ValueError(value)
        return value


class HttpUrl:
    """A URL to post to."""

    metavar = "URL"
    expected = "an http or https URL"

    def from_text(self, text: str) -> str:
        return self.check(text.strip())

    def check(self, value: object) -> str:
        if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value:
            raise ValueError(value)
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
            raise ValueError(value)
        _ = parts.port  # raises ValueError when it is none
        return value

    def shown(self, value: object) -> object:
        """Scheme, host and port only: user name, password, path and query may each be a secret."""
        if not isinstance(value, str):
            return value
        try:
            parts = urlsplit(value)
            host = parts.netloc.rpartition("@")[2]
        except ValueError:
            return HIDDEN
        if parts.scheme not in ("http", "https") or not host:
            return HIDDEN if set("@/?=&") & {*value} else value
        bare = parts._replace(netloc=host, path="", query="", fragment="").geturl()
        return bare if value.rstrip("/") == bare else f"{bare}/{HIDDEN}"


class Switch:
    """A choice between yes and no."""

    metavar = "true|false"
    expected = "true or false"

    def from_text(self, text: str) -> bool:
        return self.check(_SWITCH_WORDS.get(text.strip().lower()))

    def check(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError(value)
        return value


class Secrets:
    """One or more keys for HMAC-SHA-256, each at least as long as its output (RFC 7518 section 3.2)."""

    metavar = "SECRET"
    expected = "a secret of at least 32 characters, or a list of them"

    def from_text(self, text: str) -> tuple[str, ...]:
        return self.check(json.loads(text) if text.startswith("[") else text)

    def check(self, value: object) -> tuple[str, ...]:
        secrets = strings(value)
        if any(len(secret) < 32 for secret in secrets):
            raise ValueError(value)
        return secrets


class Secret:
    """A secret that a client sends as it is."""

    metavar = "SECRET"
    expected = "a secret of at least 8 characters"

    def from_text(self, text: str) -> str:
        return self.check(text)

    def check(self, value: object) -> str:
        if not isinstance(value, str) or len(value) < 8:
            raise ValueError(value)
        return value


class Origins:
    """Web origins as browsers send them (RFC 6454 section 6.2), or "*" for all."""

    metavar = "ORIGINS"
    expected = 'origins like "https://app.example.com", or "*"'

    def from_text(self, text: str) -> tuple[str, ...]:
        return self.check([part.strip() for part in text.split(",")])

    def check(self, value: object) -> tuple[str, ...]:
        origins = tuple(origin.rstrip("/").lower() for origin in strings(value))
        if not all(origin == "*" or _ORIGIN.match(origin) for origin in origins):
            raise ValueError(value)
        return origins


class Codecs:
    """A list of codec tables; negotiation checks their contents."""

    metavar = "JSON"
    expected = "a list of codecs, each a table with mimeType, clockRate, …"

    def from_text(self, text: str) -> tuple[dict[str, Any], ...]:
        return self.check(json.loads(text))

    def check(self, value: object) -> tuple[dict[str, Any], ...]:
        if not isinstance(value, list) or not value or not all(isinstance(codec, dict) for codec in value):
            raise ValueError(value)
        return tuple(value)


def strings(value: object) -> tuple[str, ...]:
    """Return one string, or a list of at least one."""
    strings = [value] if isinstance(value, str) else value
    if not isinstance(strings, list) or not strings or not all(isinstance(one, str) for one in strings):
        raise ValueError(value)
    return tuple(strings)


def different(items: list[str], most: int) -> tuple[str, ...]:
    """Return the items. Raises ValueError for more than `most`, or when two are the same."""
    if len(items) > most or len(set(items)) < len(items):
        raise ValueError(items)
    return tuple(items)


def _digits(text: str) -> int:
    """The number in `text`, of digits 0 to 9 alone: `int()` also takes "1_0" and "٣", written by mistake."""
    if not re.fullmatch(r"-?[0-9]{1,18}", text.strip()):
        raise ValueError(text)
    return int(text)
