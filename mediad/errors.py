"""The errors that mediad raises on purpose, in one tree.

    MediadError                 code "error"
    ├── InvalidInput            "invalid"      the caller sent something malformed or not allowed here
    ├── Unsupported             "unsupported"  well-formed, but no codec, feature or option matches
    ├── NotFound                "not-found"    an id names nothing
    ├── InvalidState            "state"        right request, wrong moment
    ├── Forbidden               "forbidden"    understood and refused
    ├── Unavailable             "unavailable"  no worker can take it now
    │   └── Full                "full"         there is no room for it, or none left for whoever asks
    ├── WorkerDied              "worker-died"  the worker went away while the request was under way
    ├── ConfigError             "config"       settings are wrong; the process exits with its own code
    ├── PortError               "port"         a port or socket is taken or not ours to open; likewise
    └── EnvelopeError           "envelope"     a frame on an internal pipe broke the format

Each class owns its code, and the code is what crosses pipes and sockets.
"""

from __future__ import annotations


class MediadError(Exception):
    """Base of all these errors; `str(error)` is the reason that a person reads."""

    code = "error"


class InvalidInput(MediadError):
    code = "invalid"


class Unsupported(MediadError):
    code = "unsupported"


class NotFound(MediadError):
    code = "not-found"


class InvalidState(MediadError):
    code = "state"


class Forbidden(MediadError):
    code = "forbidden"


class Unavailable(MediadError):
    code = "unavailable"


class Full(Unavailable):
    code = "full"


class WorkerDied(MediadError):
    code = "worker-died"


class ConfigError(MediadError):
    code = "config"


class PortError(MediadError):
    code = "port"
    taken: tuple[str, int] | None = None
    """The protocol and number of a port that another program has, where nobody could tell which."""


class EnvelopeError(MediadError):
    code = "envelope"


_BY_CODE: dict[str, type[MediadError]] = {
    cls.code: cls
    for cls in (
        MediadError,
        InvalidInput,
        Unsupported,
        NotFound,
        InvalidState,
        Forbidden,
        Unavailable,
        Full,
        WorkerDied,
        ConfigError,
        PortError,
        EnvelopeError,
    )
}


def from_code(code: str, reason: str) -> MediadError:
    """The error that a peer process reported as `code` and `reason`; unknown codes become MediadError."""
    return _BY_CODE.get(code, MediadError)(reason)
