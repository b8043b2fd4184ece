"""CallBook: turns what happens in rooms into events of the feed and counters of /metrics."""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mediad.rooms.grants import NAMES
from mediad.rooms.listener import CloseCause
from mediad.rooms.observer import DESERTED, LEFT, RoomObserver
from mediad.rooms.stock import ADDRESS, ALL, ROOM, SIZES
from mediad.telemetry.feed import Feed
from mediad.telemetry.instruments import Instruments
from mediad.telemetry.join_phases import PHASES, TransportClock

SHARE_TOLD_S = 60.0
"""The shortest time between two reports that shares of one kind are used up."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Room:
    opened_s: float
    peers: int = 0
    peak: int = 0


class CallBook(RoomObserver):
    """Holds one small record for each open room, connected peer and connecting transport, and no others."""

    def __init__(
        self, feed: Feed, instruments: Instruments, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._feed = feed
        self._count = instruments
        self._now_s = now_s
        self._rooms: dict[str, _Room] = {}
        self._since_s: dict[
            tuple[str, str], float
        ] = {}  # the time of a peer's connection; after its join, the time of its join
        self._transports = TransportClock(now_s, self._phase, self._abandon)
        self._shares_told_s: dict[tuple[int, str, str], float] = {}
        self._prepare()

    def _prepare(self) -> None:
        """Create the series that must exist from the start: an increase from nothing is not seen as one."""
        causes = [cause.value for cause in CloseCause]
        for cause in (LEFT, *causes):
            self._count.leaves.labels(cause)
        for cause in (DESERTED, *causes):
            self._count.rooms_closed.labels(cause)
            self._count.branches_closed.labels(cause)
        for state in ("connected", "completed", "disconnected", "closed"):
            self._count.ice_states.labels(state)
        for state in ("connecting", "connected", "failed", "closed"):
            self._count.dtls_states.labels(state)
            self._count.sctp_states.labels(state)
        for state in ("learned", "failed"):
            self._count.plain_states.labels(state)
        for phase in ("ice", "dtls"):
            self._count.join_abandoned.labels(phase)
        for phase in PHASES:
            self._count.join_phase_s.labels(phase)
        for table in SIZES:
            for holder in (ADDRESS, ROOM, ALL):
                self._count.share_refusals.labels(table, holder)
        for grant in NAMES.values():
            self._count.grant_refusals.labels(grant)
        for kind in ("malformed", "unauthorized", "forbidden", "limited", "error", "unavailable"):
            self._count.rejects.labels(kind)

    @contextlib.contextmanager
    def connecting(self, room_id: str, peer_id: str) -> Iterator[None]:
        began_s = self._now_s()
        yield
        self._phase("connect", self._now_s() - began_s)

    def refused(self, room_id: str, peer_id: str, kind: str, reason: str) -> None:
        self._count.rejects.labels(kind).inc()

    def share_refused(self, worker_id: int, table: str, kind: str, name: str, reason: str) -> None:
        """Count every refusal; publish and log one a minute: a client that meets a limit tries again."""
        self._count.share_refusals.labels(table, kind).inc()
        now_s = self._now_s()
        if now_s < self._shares_told_s.get((worker_id, table, kind), -math.inf) + SHARE_TOLD_S:
            return
        self._shares_told_s[worker_id, table, kind] = now_s
        whose = {kind: name} if name else {}
        self._feed.publish("share.exhausted", worker=worker_id, table=table, reason=reason, **whose)
        text = "%s are refused%s: %s"
        logger.warning(text, table, f" to {kind} {name}" if name else "", reason, extra={"worker": worker_id})

    def grant_refused(self, grant: str) -> None:
        self._count.grant_refusals.labels(grant).inc()

    def grants_changed(
        self, room_id: str, peer_id: str, worker_id: int, changes: dict[str, Any], grants: dict[str, Any]
    ) -> None:
        self._feed.publish(
            "peer.grants_changed",
            room=room_id,
            peer=peer_id,
            worker=worker_id,
            changes=changes,
            grants=grants,
        )

    @property
    def remembered(self) -> int:
        """The number of records held."""
        return len(self._rooms) + len(self._since_s) + self._transports.timed

    # -- rooms ---------------------------------------------------------------------------------------------

    def room_opened(self, room_id: str, worker_id: int) -> None:
        self._rooms[room_id] = _Room(self._now_s())
        self._count.rooms_opened.inc()
        self._feed.publish("room.opened", room=room_id, worker=worker_id)

    def room_closed(self, room_id: str, worker_id: int, cause: str, reason: str) -> None:
        room = self._rooms.pop(room_id)
        duration_s = self._now_s() - room.opened_s
        self._count.rooms_closed.labels(cause).inc()
        self._count.room_duration_s.observe(duration_s)
        self._count.room_peak_peers.observe(room.peak)
        self._feed.publish(
            "room.closed",
            room=room_id,
            worker=worker_id,
            cause=cause,
            reason=reason,
            durationS=round(duration_s, 3),
            peakPeers=room.peak,
        )

    def branch_opened(self, room_id: str, worker_id: int) -> None:
        self._count.branches_opened.inc()
        self._feed.publish("branch.opened", room=room_id, worker=worker_id)

    def branch_closed(self, room_id: str, worker_id: int, cause: str, reason: str) -> None:
        self._count.branches_closed.labels(cause).inc()
        self._feed.publish("branch.closed", room=room_id, worker=worker_id, cause=cause, reason=reason)

    # -- peers ---------------------------------------------------------------------------------------------

    def peer_connected(self, room_id: str, peer_id: str) -> None:
        self._since_s[room_id, peer_id] = self._now_s()

    def peer_joined(self, room_id: str, peer_id: str, worker_id: int, display_name: str) -> None:
        now_s = self._now_s()
        self._phase("join", now_s - self._since_s[room_id, peer_id])
        self._since_s[room_id, peer_id] = now_s
        room = self._rooms[room_id]
        room.peers += 1
        room.peak = max(room.peak, room.peers)
        self._count.joins.inc()
        self._feed.publish(
            "peer.joined", room=room_id, peer=peer_id, worker=worker_id, displayName=display_name
        )

    def peer_left(self, room_id: str, peer_id: str, worker_id: int, cause: str, reason: str) -> None:
        duration_s = self._now_s() - self._since_s[room_id, peer_id]
        self._rooms[room_id].peers -= 1
        self._count.leaves.labels(cause).inc()
        self._count.session_s.observe(duration_s)
        self._feed.publish(
            "peer.left",
            room=room_id,
            peer=peer_id,
            worker=worker_id,
            cause=cause,
            reason=reason,
            durationS=round(duration_s, 3),
        )

    def join_overdue(self, room_id: str, peer_id: str) -> None:
        self._count.joins_overdue.inc()

    def peer_gone(self, room_id: str, peer_id: str) -> None:
        del self._since_s[room_id, peer_id]

    # -- transports ----------------------------------------------------------------------------------------

    def transport_asked_for(self, transport_id: str) -> None:
        self._transports.asked_for(transport_id)

    def transport_state(self, transport_id: str, layer: str, state: str) -> None:
        count = self._count
        states = {
            "ice": count.ice_states,
            "dtls": count.dtls_states,
            "sctp": count.sctp_states,
            "plain": count.plain_states,
        }
        states[layer].labels(state).inc()
        self._transports.state(transport_id, layer, state)

    def bot_reply_dropped(self, room_id: str, peer_id: str) -> None:
        self._count.bot_replies_dropped.inc()

    def media_arrived(self, transport_id: str) -> None:
        self._transports.media_arrived(transport_id)

    def transport_closed(self, transport_id: str) -> None:
        self._transports.closed(transport_id)

    def _phase(self, phase: str, seconds: float) -> None:
        self._count.join_phase_s.labels(phase).observe(seconds)

    def _abandon(self, phase: str) -> None:
        self._count.join_abandoned.labels(phase).inc()
