"""An ICE-lite agent (RFC 8445 section 2.5): it answers checks, and never sends one.

Owns the credentials of one transport, the paths its peer checked, and which of them media takes. The
caller owns sockets and clock, and after each call drains `next_event`, then `datagrams_to_send`.

Consent (RFC 7675) is counted for each path. Media moves to another path when the peer nominates it, or when
the path in use is silent while the other is checked (a NAT gave the peer another port, and it nominates once
only). From a path that has proven to receive it moves to one that has not only when the first is silent.
"""

from __future__ import annotations

import secrets
import string
from collections import Counter, deque
from dataclasses import dataclass
from typing import Literal

from mediad.protocols.ice_paths import CheckMemory, Path, PathState
from mediad.protocols.stun import (
    BindingRequest,
    MalformedStun,
    error_reply,
    parse_binding_request,
    success_reply,
)

IceState = Literal["new", "connected", "completed", "disconnected", "closed"]

_ALPHABET = string.ascii_letters + string.digits
_FRAGMENT_LENGTH, _PASSWORD_LENGTH = 16, 32  # RFC 8445 section 5.3: 24 and 128 bits; these have 95 and 190
_MAX_QUEUED_REPLIES = 64
_OVERSLEPT_US = 1_000_000
_SECOND_CHANCE_US = 7_000_000  # peers check every 4 to 6 s: RFC 7675 section 5.1
_SILENT_US = 7_000_000  # the same; media tells more, and sooner
_SILENT_WITH_PROOF_US = 3_000_000  # when the other path was nominated, or media came from it


@dataclass(frozen=True, slots=True)
class IceParameters:
    """One generation of credentials (RFC 8445 section 5.3)."""

    username_fragment: str
    password: str


@dataclass(frozen=True, slots=True)
class PathAdded:
    """The peer has checked this path; DTLS and media may be accepted from it."""

    path: Path


@dataclass(frozen=True, slots=True)
class PathChecked:
    """The peer has checked a known path again, so its address is this transport's, and no other's."""

    path: Path


@dataclass(frozen=True, slots=True)
class PathRemoved:
    """A path has ended: no datagram may be accepted from it any more."""

    path: Path


@dataclass(frozen=True, slots=True)
class PathSelected:
    """Outgoing datagrams take this path from now on; only a few until it is `proven` to receive."""

    path: Path
    proven: bool = False


@dataclass(frozen=True, slots=True)
class StateChanged:
    state: IceState


@dataclass(frozen=True, slots=True)
class UsernameRetired:
    """A username fragment has ended: requests to it are no longer for this agent."""

    username_fragment: str


IceEvent = PathAdded | PathChecked | PathRemoved | PathSelected | StateChanged | UsernameRetired


def _new_parameters() -> IceParameters:
    def letters(count: int) -> str:
        return "".join(secrets.choice(_ALPHABET) for _ in range(count))

    return IceParameters(letters(_FRAGMENT_LENGTH), letters(_PASSWORD_LENGTH))


class IceLiteAgent:
    """The lite side of one transport; always controlled.

    A path is given up `consent_timeout_us` after its last authenticated request or media (0: never), and
    with the last one the peer. At most `max_paths` paths are kept; a new one then evicts the one that was
    silent longest. At most `max_credentials` pairs are: those in use and the newest.
    """

    def __init__(self, *, consent_timeout_us: int, max_paths: int = 8, max_credentials: int = 3) -> None:
        if max_paths < 2:
            raise ValueError("an agent needs room for the selected path and a newcomer")
        if max_credentials < 2:
            raise ValueError("an agent needs room for the credentials in use and the newest")
        self._consent_timeout_us = consent_timeout_us
        self._max_paths = max_paths
        self._max_credentials = max_credentials
        self._credentials = [_new_parameters()]  # oldest first; the last is what we hand out
        self._paths: dict[Path, PathState] = {}  # oldest first
        self._selected: Path | None = None
        self._nominated: Path | None = None  # by the peer; media follows when it may
        self._nomination: int | None = None
        self._checks = CheckMemory()
        self._state: IceState = "new"
        self._events: deque[IceEvent] = deque()
        self._outbox: list[tuple[bytes, Path]] = []
        self.dropped: Counter[str] = Counter()
        """Datagrams that changed nothing, by reason."""

    @property
    def parameters(self) -> IceParameters:
        return self._credentials[-1]

    @property
    def credentials(self) -> list[IceParameters]:
        """The credentials that are valid, oldest first."""
        return list(self._credentials)

    @property
    def state(self) -> IceState:
        return self._state

    @property
    def selected(self) -> Path | None:
        return self._selected

    def receive_datagram(self, data: bytes, path: Path, now_us: int, *, selected_heard_us: int = 0) -> None:
        """Process a datagram from `path` that looks like STUN. Never raises, whatever the bytes.

        `selected_heard_us`: when authentic media last came from the selected path; 0 for not known.
        """
        if self._state == "closed":
            self.dropped["closed"] += 1
            return
        try:
            request = parse_binding_request(data)
        except MalformedStun as error:
            self.dropped[str(error)] += 1
            return
        credentials = self._find_credentials(request.local_fragment)
        if credentials is None or not request.is_authentic(credentials.password):
            # No answer: who knows no password is no client, and the source address may be a victim's.
            self.dropped["unauthenticated"] += 1
            return
        if self._selected is not None:
            selected = self._paths[self._selected]
            selected.heard_us = max(selected.heard_us, selected_heard_us)
        self._handle_authentic(request, path, credentials, len(data), now_us)

    def datagrams_to_send(self) -> list[tuple[bytes, Path]]:
        """Remove and return the answers, each with the path its request came from."""
        out, self._outbox = self._outbox, []
        return out

    def next_event(self) -> IceEvent | None:
        return self._events.popleft() if self._events else None

    def get_timer(self) -> int | None:
        """The time to call `handle_timer`, in the caller's microseconds; None for never."""
        if not self._consent_timeout_us:
            return None
        return min(map(self._consent_ends_us, self._paths.values()), default=None)

    def paths_due(self, now_us: int) -> list[Path]:
        """Paths that `handle_timer` would give up now; `path_reported` may tell more about them before."""
        if not self._consent_timeout_us:
            return []
        return [path for path, state in self._paths.items() if self._consent_ends_us(state) <= now_us]

    def path_reported(self, path: Path, heard_us: int, dropped_us: int) -> None:
        """Note the times at which `path` was last heard: of authentic media, and of a dropped check.

        `dropped_us` is of a check dropped unread that may have been the path's; 0 for never.
        """
        if (state := self._paths.get(path)) is not None:
            state.heard_us = max(state.heard_us, heard_us)
            state.excused_us = max(state.excused_us, dropped_us)

    def handle_timer(self, now_us: int) -> None:
        """Give up paths whose consent has ended.

        Called much too late, because the process was stopped, starved, or its virtual machine paused, it
        waits once more instead: the peer's checks may still be unread.
        """
        for path in self.paths_due(now_us):
            state = self._paths[path]
            if now_us - self._consent_ends_us(state) > _OVERSLEPT_US:
                state.spared_us = now_us + _SECOND_CHANCE_US - self._consent_timeout_us
            else:
                self._give_up(path)

    def path_proven(self, path: Path, now_us: int) -> None:
        """Note that the peer receives at `path`: authentic media came from it, or a handshake ended there."""
        if (state := self._paths.get(path)) is not None:
            state.heard_us = max(state.heard_us, now_us)
            state.proven = True
            if path == self._nominated:
                self._select(path)

    def is_proven(self, path: Path) -> bool:
        """Return True for a path at which the peer is known to receive."""
        return (state := self._paths.get(path)) is not None and state.proven

    def bytes_received(self, path: Path, size: int) -> None:
        """Note bytes other than STUN from `path`."""
        if (state := self._paths.get(path)) is not None:
            state.received_bytes += size

    def may_send(self, path: Path, size: int) -> bool:
        """True when `size` bytes may go to `path` now; they then count as sent."""
        state = self._paths.get(path)
        if state is not None and state.allows(size):
            return True
        self.dropped["path-unproven"] += 1
        return False

    def _consent_ends_us(self, state: PathState) -> int:
        return state.consent_from_us + self._consent_timeout_us

    def restart(self) -> IceParameters:
        """New credentials (RFC 8445 section 9); the old stay valid until the peer first uses the new.

        Restarting again before that keeps the pair in use and the newest, and gives up those between.
        """
        if self._state != "closed":
            self._credentials.append(_new_parameters())
            if len(self._credentials) > self._max_credentials:
                self._retire(self._credentials.pop(1))
        return self.parameters

    def remove_path(self, path: Path) -> None:
        """Remove a path that the caller lost (a closed TCP connection). Media moves to the best other."""
        if path in self._paths:
            self._give_up(path)

    def _give_up(self, path: Path) -> None:
        self._forget(path)
        if self._selected is not None:
            return
        if self._paths:
            self._select(max(self._paths, key=lambda other: self._merit(self._paths[other])))
        else:
            self._lose_all_paths()
            self._enter("disconnected")

    @staticmethod
    def _merit(state: PathState) -> tuple[bool, int]:
        return state.proven, state.alive_us

    def close(self) -> None:
        """Give up everything; the events say which paths and usernames to unregister."""
        if self._state == "closed":
            return
        self._lose_all_paths()
        for credentials in self._credentials:
            self._retire(credentials)
        self._enter("closed")

    def _handle_authentic(
        self, request: BindingRequest, path: Path, credentials: IceParameters, size: int, now_us: int
    ) -> None:
        if not request.has_priority:  # RFC 8445 section 7.1.1
            self._refuse(error_reply(request, 400, "Bad Request", credentials.password), path, size)
            return
        if (
            request.from_controlled
        ):  # RFC 8445 section 7.3.1.1: a lite agent stays controlled, the peer has to switch
            self._refuse(error_reply(request, 487, "Role Conflict", credentials.password), path, size)
            return
        is_replay = self._checks.is_replay(request.integrity)
        if is_replay and path not in self._paths:
            self.dropped["replayed"] += 1
            return
        if not is_replay:
            self._retire_older_than(credentials)
            self._note_check(path, now_us)
        self.bytes_received(path, size)
        reply = success_reply(request, path.host, path.port, credentials.password)
        if self.may_send(path, len(reply)):  # again for a repetition: the first answer may be lost
            self._reply(reply, path)
        if not is_replay:
            self._follow(request, path, now_us)

    def _follow(self, request: BindingRequest, path: Path, now_us: int) -> None:
        nominated = self._is_nominated(request)
        if nominated:
            self._nominated = path
        if self._selected is None or (path != self._selected and self._may_move(path, now_us)):
            self._select(path)
        if nominated:
            self._enter("completed")
        elif self._state not in ("connected", "completed"):
            self._enter("connected")

    def _may_move(self, path: Path, now_us: int) -> bool:
        """True when media may move from the selected path to `path`, which was just checked."""
        assert self._selected is not None, "there is something to move from"
        new, old = self._paths[path], self._paths[self._selected]
        silent_us = now_us - old.alive_us
        if path == self._nominated:
            return new.proven or not old.proven or silent_us >= _SILENT_WITH_PROOF_US
        if new.proven and not old.proven:
            return True
        return silent_us >= (_SILENT_WITH_PROOF_US if new.proven else _SILENT_US)

    def _is_nominated(self, request: BindingRequest) -> bool:
        """True for a nomination value higher than all before, and for every plain USE-CANDIDATE."""
        if request.nomination is None:
            return request.use_candidate
        if self._nomination is not None and request.nomination <= self._nomination:
            return False
        self._nomination = request.nomination
        return True

    def _refuse(self, reply: bytes, path: Path, request_bytes: int) -> None:
        """Answer a request that changes nothing, within its bytes: its source may be forged."""
        if len(reply) <= request_bytes:
            self._reply(reply, path)

    def _reply(self, reply: bytes, path: Path) -> None:
        if len(self._outbox) >= _MAX_QUEUED_REPLIES:  # the caller does not drain; the peer asks again anyway
            self.dropped["outbox-full"] += 1
            return
        self._outbox.append((reply, path))

    def _find_credentials(self, fragment: str | None) -> IceParameters | None:
        return next((item for item in self._credentials if item.username_fragment == fragment), None)

    def _retire_older_than(self, credentials: IceParameters) -> None:
        while self._credentials[0] is not credentials:
            self._retire(self._credentials.pop(0))
            self._nomination = None  # the peer's new generation may count from the start

    def _retire(self, credentials: IceParameters) -> None:
        self._events.append(UsernameRetired(credentials.username_fragment))

    def _note_check(self, path: Path, now_us: int) -> None:
        if (state := self._paths.get(path)) is not None:
            state.checked_us = now_us
            self._events.append(PathChecked(path))
            return
        if len(self._paths) >= self._max_paths:
            others = (known for known in self._paths if known != self._selected)
            self._forget(min(others, key=lambda known: self._merit(self._paths[known])))
        self._paths[path] = PathState(checked_us=now_us)
        self._events.append(PathAdded(path))

    def _forget(self, path: Path) -> None:
        del self._paths[path]
        if path == self._selected:
            self._selected = None
        if path == self._nominated:
            self._nominated = None
        self._events.append(PathRemoved(path))

    def _select(self, path: Path) -> None:
        if path != self._selected:
            self._selected = path
            self._events.append(PathSelected(path, self._paths[path].proven))

    def _lose_all_paths(self) -> None:
        for path in list(self._paths):
            self._forget(path)
        self._nomination = None

    def _enter(self, state: IceState) -> None:
        if state != self._state:
            self._state = state
            self._events.append(StateChanged(state))
