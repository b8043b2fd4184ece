"""The listener of MeetLite participants: the events by which they hear of their room."""

from __future__ import annotations

from typing import Any

from mediad.rooms.grants import Grants
from mediad.rooms.listener import CloseCause, ConsumerOffer, PeerInfo, Track
from mediad.rooms.quiet_listener import QuietListener
from mediad.signaling.dialects.event_dialect import EventWire


class MeetLiteListener(QuietListener):
    """One participant's listener. Scores, layers and speakers have no words in this dialect."""

    def __init__(self, wire: EventWire) -> None:
        self._wire = wire

    def peer_joined(self, peer: PeerInfo) -> None:
        self._wire.notify("participant-joined", {"participantId": peer.id})

    def peer_left(self, peer_id: str) -> None:
        self._wire.notify("participant-left", {"participantId": peer_id})

    def tracks_changed(self, peer_id: str, tracks: list[Track]) -> None:
        self._wire.notify("media-state-update", {"userId": peer_id, **media_state(tracks)})

    async def consumer_offered(self, offer: ConsumerOffer) -> None:
        data = {
            "participantId": offer.peer_id,
            "producerId": offer.producer_id,
            "consumerId": offer.consumer_id,
            "kind": offer.kind,
            "rtpParameters": offer.rtp_parameters,
            "producerPaused": offer.producer_paused,
            # an addition of ours: by it a client tells a screen from a camera
            "appData": {**offer.app_data, "screen": True} if is_screen(offer.app_data) else offer.app_data,
        }
        self._wire.notify("new-consumer", data)

    # three additions of ours; `error` would be taken for the answer to whatever the client waits for

    def consumer_refused(self, peer_id: str, producer_id: str, reason: str) -> None:
        data = {"participantId": peer_id, "producerId": producer_id, "message": reason}
        self._wire.notify("consumer-refused", data)

    def producer_closed(self, producer_id: str, reason: str) -> None:
        self._wire.notify("producer-closed", {"producerId": producer_id, "message": reason})

    def grants_changed(self, grants: Grants) -> None:
        self._wire.notify("grants-changed", grants.all_to_wire())

    def consumer_closed(self, consumer_id: str) -> None:
        self._wire.notify("consumer-closed", {"consumerId": consumer_id})

    def consumer_paused(self, consumer_id: str) -> None:
        self._wire.notify("consumer-producer-paused", {"consumerId": consumer_id})

    def consumer_resumed(self, consumer_id: str) -> None:
        self._wire.notify("consumer-producer-resumed", {"consumerId": consumer_id})

    def closed(self, cause: CloseCause, reason: str) -> None:
        self._wire.close(cause, reason)


def media_state(tracks: list[Track]) -> dict[str, bool]:
    """Say of which kinds a peer sends something; a screen that it shares does not count."""
    sent = {track.kind for track in tracks if not track.paused and not is_screen(track.app_data)}
    return {"audioEnabled": "audio" in sent, "videoEnabled": "video" in sent}


def is_screen(app_data: dict[str, Any]) -> bool:
    """True for a track of a shared screen, in the words of any dialect."""
    return bool(app_data.get("screen") or app_data.get("share")) or app_data.get("source") == "screensharing"
