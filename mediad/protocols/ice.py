"""An ICE-lite agent (RFC 8445 §2.5): it answers checks, and never sends one.

Owns the credentials of one transport, the paths its peer has proven, and which of them media takes. The
caller owns sockets and clock, and after each call drains `next_event`, then `datagrams_to_send`.
"""

from __future__ import annotations

import secrets
import string
from collections import Counter, deque
from dataclasses import dataclass
from typing import Literal

from mediad.protocols.stun import (
    BindingRequest,
    MalformedStun,
    error_reply,
    parse_binding_request,
    success_reply,
)

IceState = Literal["new", "connected", "completed", "disconnected", "closed"]

_ALPHABET = string.ascii_letters + string.digits
_FRAGMENT_LENGTH, _PASSWORD_LENGTH = 16, 32  # RFC 8445 §5.3 wants 24 and 128 bits; these carry 95 and 190
_MAX_CREDENTIALS = 3
_MAX_QUEUED_REPLIES = 64
# Answers to requests that proved nothing: enough to tell an honest peer what is wrong, too few to matter
# to whoever stands behind a forged source address.
_UNPROVEN_REPLIES_PER_WINDOW = 10
_WINDOW_US = 1_000_000
_OVERSLEPT_US = 1_000_000
_SECOND_CHANCE_US = 7_000_000  # peers check every 4 to 6 s: RFC 7675 §5.1


@dataclass(frozen=True, slots=True)
class Path:
    """One local socket (the loop's number for it) and one remote address.

    `local` tells which of this machine's addresses the peer reaches, on a socket bound to all of them:
    answers have to come from it. Empty where the socket is bound to one.
    """

    socket: int
    host: str
    port: int
    local: str = ""


@dataclass(frozen=True, slots=True)
class IceParameters:
    """One generation of credentials (RFC 8445 §5.3)."""

    username_fragment: str
    password: str


@dataclass(frozen=True, slots=True)
class PathAdded:
    """The peer has proven this path; DTLS and media may be accepted from it."""

    path: Path


@dataclass(frozen=True, slots=True)
class PathRemoved:
    """Nothing may be accepted from this path any more."""

    path: Path


@dataclass(frozen=True, slots=True)
class PathSelected:
    """Outgoing datagrams go this way from now on."""

    path: Path


@dataclass(frozen=True, slots=True)
class StateChanged:
    state: IceState


@dataclass(frozen=True, slots=True)
class UsernameRetired:
    """Requests to this username fragment are no longer ours."""

    username_fragment: str


IceEvent = PathAdded | PathRemoved | PathSelected | StateChanged | UsernameRetired


def _new_parameters() -> IceParameters:
    def letters(count: int) -> str:
        return "".join(secrets.choice(_ALPHABET) for _ in range(count))

    return IceParameters(letters(_FRAGMENT_LENGTH), letters(_PASSWORD_LENGTH))


class IceLiteAgent:
    """The lite side of one transport; always controlled.

    `consent_timeout_us` after the last authenticated request the peer counts as gone (RFC 7675), 0 never.
    At most `max_paths` paths are kept; a new one then evicts the oldest that is not selected.
    """

    def __init__(self, *, consent_timeout_us: int = 30_000_000, max_paths: int = 8) -> None:
        if max_paths < 2:
            raise ValueError("an agent needs room for the selected path and a newcomer")
        self._consent_timeout_us = consent_timeout_us
        self._max_paths = max_paths
        self._credentials = [_new_parameters()]  # oldest first; the last is what we hand out
        self._paths: dict[Path, None] = {}  # oldest first
        self._selected: Path | None = None
        self._nomination: int | None = None
        self._state: IceState = "new"
        self._consent_deadline_us: int | None = None
        self._window_start_us = 0
        self._unproven_replies = 0
        self._events: deque[IceEvent] = deque()
        self._outbox: list[tuple[bytes, Path]] = []
        self.dropped: Counter[str] = Counter()
        """Datagrams that changed nothing, by reason."""

    @property
    def parameters(self) -> IceParameters:
        return self._credentials[-1]

    @property
    def usernames(self) -> list[str]:
        """The username fragments whose requests are ours, oldest first."""
        return [credentials.username_fragment for credentials in self._credentials]

    @property
    def state(self) -> IceState:
        return self._state

    @property
    def selected(self) -> Path | None:
        return self._selected

    def receive_datagram(self, data: bytes, path: Path, now_us: int) -> None:
        """Take in what arrived on `path` and looks like STUN. Never raises, whatever the bytes."""
        if self._state == "closed":
            self.dropped["closed"] += 1
            return
        try:
            request = parse_binding_request(data)
        except MalformedStun as error:
            self.dropped[str(error)] += 1
            return
        if request.local_fragment is None or not request.has_integrity:
            self._refuse_unproven(request, path, len(data), now_us, 400, "Bad Request")
            return
        credentials = self._find_credentials(request.local_fragment)
        if credentials is None or not request.is_authentic(credentials.password):
            self._refuse_unproven(request, path, len(data), now_us, 401, "Unauthorized")
            return
        self._handle_authentic(request, path, credentials, now_us)

    def datagrams_to_send(self) -> list[tuple[bytes, Path]]:
        """Answers, each with the path its request came from; taken once."""
        out, self._outbox = self._outbox, []
        return out

    def next_event(self) -> IceEvent | None:
        return self._events.popleft() if self._events else None

    def get_timer(self) -> int | None:
        """When to call `handle_timer`, in the caller's microseconds; None for never."""
        return self._consent_deadline_us

    def handle_timer(self, now_us: int) -> None:
        """Called so late that we must have slept (stopped, starved, a paused virtual machine), it grants
        another while: the peer's checks wait to be read.
        """
        if self._consent_deadline_us is None or now_us < self._consent_deadline_us:
            return
        if now_us - self._consent_deadline_us > _OVERSLEPT_US:
            self._consent_deadline_us = now_us + _SECOND_CHANCE_US
            return
        self._lose_all_paths()
        self._enter("disconnected")

    def restart(self) -> IceParameters:
        """New credentials (RFC 8445 §9); the old stay valid until the new are first used by the peer.

        Restarting again before that keeps the pair in use and the newest, and gives up those between.
        """
        if self._state != "closed":
            self._credentials.append(_new_parameters())
            if len(self._credentials) > _MAX_CREDENTIALS:
                self._retire(self._credentials.pop(1))
        return self.parameters

    def remove_path(self, path: Path) -> None:
        """The caller lost this path, as when a TCP connection closed. Media moves to the newest other."""
        if path not in self._paths:
            return
        self._forget(path)
        if self._selected is not None:
            return
        if self._paths:
            self._select(next(reversed(self._paths)))
        else:
            self._lose_all_paths()
            self._enter("disconnected")

    def close(self) -> None:
        """Give up everything; the events say which paths and usernames to unregister."""
        if self._state == "closed":
            return
        self._lose_all_paths()
        for credentials in self._credentials:
            self._retire(credentials)
        self._enter("closed")

    def _handle_authentic(
        self, request: BindingRequest, path: Path, credentials: IceParameters, now_us: int
    ) -> None:
        if not request.has_priority:  # RFC 8445 §7.1.1
            self._reply(error_reply(request, 400, "Bad Request", credentials.password), path)
            return
        if (
            request.from_controlled
        ):  # RFC 8445 §7.3.1.1: a lite agent stays controlled, the peer has to switch
            self._reply(error_reply(request, 487, "Role Conflict", credentials.password), path)
            return
        self._retire_older_than(credentials)
        self._reply(success_reply(request, path.host, path.port, credentials.password), path)
        if self._consent_timeout_us:
            self._consent_deadline_us = now_us + self._consent_timeout_us
        self._add(path)
        self._follow_nomination(request, path)

    def _follow_nomination(self, request: BindingRequest, path: Path) -> None:
        nominated = self._is_nominated(request)
        if nominated or self._selected is None:
            self._select(path)
        if nominated:
            self._enter("completed")
        elif self._state not in ("connected", "completed"):
            self._enter("connected")

    def _is_nominated(self, request: BindingRequest) -> bool:
        """A nomination value counts when higher than all before; plain USE-CANDIDATE always does."""
        if request.nomination is None:
            return request.use_candidate
        if self._nomination is not None and request.nomination <= self._nomination:
            return False
        self._nomination = request.nomination
        return True

    def _refuse_unproven(
        self, request: BindingRequest, path: Path, request_bytes: int, now_us: int, code: int, reason: str
    ) -> None:
        self.dropped["unauthenticated"] += 1
        if now_us - self._window_start_us >= _WINDOW_US:
            self._window_start_us, self._unproven_replies = now_us, 0
        reply = error_reply(request, code, reason, None)
        # Never more bytes out than came in: the source address may be a victim's.
        if self._unproven_replies < _UNPROVEN_REPLIES_PER_WINDOW and len(reply) <= request_bytes:
            self._unproven_replies += 1
            self._reply(reply, path)

    def _reply(self, reply: bytes, path: Path) -> None:
        if len(self._outbox) >= _MAX_QUEUED_REPLIES:  # the caller does not drain; the peer asks again anyway
            self.dropped["outbox-full"] += 1
            return
        self._outbox.append((reply, path))

    def _find_credentials(self, fragment: str) -> IceParameters | None:
        return next((item for item in self._credentials if item.username_fragment == fragment), None)

    def _retire_older_than(self, credentials: IceParameters) -> None:
        while self._credentials[0] is not credentials:
            self._retire(self._credentials.pop(0))
            self._nomination = None  # the peer's new generation may count from the start

    def _retire(self, credentials: IceParameters) -> None:
        self._events.append(UsernameRetired(credentials.username_fragment))

    def _add(self, path: Path) -> None:
        if path in self._paths:
            return
        if len(self._paths) >= self._max_paths:
            self._forget(next(known for known in self._paths if known != self._selected))
        self._paths[path] = None
        self._events.append(PathAdded(path))

    def _forget(self, path: Path) -> None:
        del self._paths[path]
        if path == self._selected:
            self._selected = None
        self._events.append(PathRemoved(path))

    def _select(self, path: Path) -> None:
        if path != self._selected:
            self._selected = path
            self._events.append(PathSelected(path))

    def _lose_all_paths(self) -> None:
        for path in list(self._paths):
            self._forget(path)
        self._nomination = None
        self._consent_deadline_us = None

    def _enter(self, state: IceState) -> None:
        if state != self._state:
            self._state = state
            self._events.append(StateChanged(state))
