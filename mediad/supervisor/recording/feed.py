"""RecorderFeed: one recorder process, and the tap of the room that feeds it."""

from __future__ import annotations

from typing import Protocol

from mediad.errors import Forbidden, MediadError
from mediad.pipe.recorder_requests import AddTrack, ConnectRecorder, RemoveTrack
from mediad.pipe.requests import MediaKind
from mediad.pipe.rtp import RtpParameters
from mediad.rooms.listener import ConsumerOffer
from mediad.rooms.room import Room
from mediad.rooms.tap import LOOPBACK, Tap
from mediad.supervisor.recording.link import RecorderLink
from mediad.supervisor.recording.sources import free_name, source_of


class FeedOwner(Protocol):
    """The recording that is fed."""

    def tap_ended(self, cause: str, reason: str) -> None:
        """Note that the room has ended, or the worker that the tap was on; `open` may be called again."""
        ...


class RecorderFeed:
    """The way from a room to a recorder: a track of the one is added to the other."""

    def __init__(self, link: RecorderLink, port: int, owner: FeedOwner, only: str | None) -> None:
        """Prepare to feed the recorder at this UDP port; `only` is the one peer recorded, None for all."""
        self._link = link
        self._port = port
        self._owner = owner
        self._only = only
        self._tap: Tap | None = None
        self._tracks: dict[str, tuple[str, str, str]] = {}
        """Peer, kind and source of each track that is being recorded, by its id."""

    @property
    def track_count(self) -> int:
        """The number of tracks being recorded."""
        return len(self._tracks)

    async def open(self, room: Room) -> None:
        """Feed from this room, in place of one that has ended. Raises the room's or the recorder's error."""
        tap = Tap(room, self, self._only, records=True)
        source_port = await tap.open(self._port)
        try:
            await self._link.request(ConnectRecorder(LOOPBACK, source_port))
        except BaseException:
            tap.close()
            raise
        self._tap = tap
        tap.begin()

    def close(self) -> None:
        """Receive nothing more."""
        if self._tap is not None:
            self._tap.close()
            self._tap = None

    # -- what the tap tells --------------------------------------------------------------------------------

    async def track_began(self, track: ConsumerOffer) -> None:
        """Add a track, which is sent from then on. Raises Forbidden when the recorder does not take it."""
        kind: MediaKind = "audio" if track.kind == "audio" else "video"
        source = free_name(source_of(track.app_data), self._sources(track.peer_id, kind))
        self._tracks[track.consumer_id] = track.peer_id, kind, source
        parameters = RtpParameters.from_wire(track.rtp_parameters)
        try:
            await self._link.request(
                AddTrack(track.consumer_id, track.peer_id, source, kind, rtp_parameters=parameters)
            )
        except MediadError as error:
            self._tracks.pop(track.consumer_id, None)
            raise Forbidden(f"the {kind} of peer {track.peer_id} is not recorded: {error}") from None

    def track_paused(self, track_id: str, paused: bool) -> None:
        """Do nothing: a file has a gap where nothing comes."""

    def track_ended(self, track_id: str) -> None:
        if self._tracks.pop(track_id, None) is not None:
            self._link.tell(RemoveTrack(track_id))

    def peer_left(self, peer_id: str) -> None:
        """Do nothing: its tracks end."""

    def tap_ended(self, cause: str, reason: str) -> None:
        self._tap = None
        for track_id in list(self._tracks):
            self.track_ended(track_id)
        self._owner.tap_ended(cause, reason)

    def _sources(self, peer_id: str, kind: str) -> set[str]:
        return {source for peer, of, source in self._tracks.values() if (peer, of) == (peer_id, kind)}
