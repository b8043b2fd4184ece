"""The entry of protoo clients: judge an upgrade request, find the client's seat, and serve its connection.

A request is refused with an HTTP error, or, for a page that asks (`explain=true`), with a close code that
says the same. Refusals are logged and reported here, whoever refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.datastructures import QueryParams
from starlette.websockets import WebSocket

from mediad import logs
from mediad.budgets.refusal import RETRY, OverLimit
from mediad.errors import MediadError, Unavailable
from mediad.rooms.listener import PeerListener
from mediad.rooms.registry import RoomRegistry
from mediad.rooms.seat import Seat
from mediad.signaling.access import Access, Admitted, NotAdmitted, bearer
from mediad.signaling.clients import token_in
from mediad.signaling.conversation import Conversation
from mediad.signaling.cors import reached
from mediad.signaling.denial import deny
from mediad.signaling.dialects import recognition
from mediad.signaling.dialects.dialect import Texts
from mediad.signaling.limits import ConnectionLimits
from mediad.signaling.protoo.connection import Connection
from mediad.signaling.protoo.messages import SUBPROTOCOL

MAX_ID_LENGTH = 128
"""The longest room or peer id in characters: ids are keys, log context and part of every message."""

_REFUSALS = {
    400: "malformed",
    401: "unauthorized",
    403: "forbidden",
    429: "limited",
    500: "error",
    503: "unavailable",
}
"""The kinds of refusals that operators are told of, by HTTP status."""

_log = logs.bind(__name__)


class Refused(Exception):
    """Error: the upgrade is refused, with the HTTP status of its answer."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Admission:
    """The query of a connection that is admitted."""

    room_id: str
    peer_id: str
    consumer_replicas: int


def admit(subprotocols: list[str], query: QueryParams, texts: Texts) -> Admission:
    """Return the room and peer that an upgrade request names. Raises Refused for a malformed one."""
    if SUBPROTOCOL not in subprotocols:
        raise Refused(403, "invalid/missing Sec-WebSocket-Protocol")
    room_id, peer_id = query.get("roomId", ""), query.get("peerId", "")
    if not room_id or not peer_id:
        raise Refused(400, texts.no_names)
    if max(len(room_id), len(peer_id)) > MAX_ID_LENGTH:
        raise Refused(400, f"roomId and peerId are limited to {MAX_ID_LENGTH} characters")
    return Admission(room_id, peer_id, _count(query.get("consumerReplicas", "")))


def _count(text: str) -> int:
    """Return a number of the query; 0 for anything else, such as the "undefined" that apps send for none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


class Entry:
    """The WebSocket endpoints of an application."""

    def __init__(
        self,
        registry: RoomRegistry,
        access: Access,
        limits: ConnectionLimits,
        version: str,
    ) -> None:
        """Prepare the endpoints; `version` is told to every client."""
        self._registry = registry
        self._access = access
        self._limits = limits
        self._version = version

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one WebSocket: judge its request, find its seat, carry its messages, and free the seat."""
        try:
            told = recognition.by_query(websocket.query_params)
            dialect = told or recognition.BEGINNING
            admission = admit(websocket.scope["subprotocols"], websocket.query_params, dialect.texts)
            admitted = self._authorize(websocket, admission)
            log = _log.bind(room=admission.room_id, peer=admission.peer_id)
            connection = Connection(websocket, self._limits, log)
            listener = dialect.listener(connection, self._version)
            seat = await self._seat(websocket, admission, listener, admitted)
        except Refused as refused:
            await self._refuse(websocket, refused)
            return
        await connection.serve(Conversation(seat, connection, told, self._version), ended=seat.leave)

    async def serve_elsewhere(self, websocket: WebSocket) -> None:
        """Refuse a WebSocket to any other path."""
        refused = Refused(404, "signaling is at /")
        _log.info("client %s: refused with %d: %s", _client(websocket), refused.status, refused)
        await deny(websocket, refused.status, str(refused), refused.headers, self._limits.close_grace_s)

    def _authorize(self, websocket: WebSocket, admission: Admission) -> Admitted:
        """Judge origin and token, and return the rights of the client, with its own wish. Raises Refused.

        Browsers cannot give a WebSocket headers of its own, so their tokens come in the query.
        """
        headers = websocket.headers
        token = websocket.query_params.get("token") or bearer(headers.get("authorization"))
        try:
            self._access.require_origin(headers.get("origin"), headers.get("host"), reached(websocket.scope))
            admitted = self._access.require_token(
                token, admission.room_id, admission.peer_id, _address(websocket)
            )
        except NotAdmitted as error:
            raise Refused(error.status, str(error), error.headers) from None
        piped = websocket.query_params.get("usePipeTransports") == "true"
        return replace(admitted, room_options=replace(admitted.room_options, piped=piped))

    async def _seat(
        self, websocket: WebSocket, admission: Admission, listener: PeerListener, admitted: Admitted
    ) -> Seat:
        try:
            return await self._registry.connect(
                admission.room_id,
                admission.peer_id,
                listener,
                consumer_replicas=admission.consumer_replicas,
                address=_address(websocket),
                options=admitted.room_options,
                grants=admitted.grants,
                token=token_in(websocket.scope),
            )
        except OverLimit as error:
            raise Refused(error.refusal.status, str(error), error.refusal.headers) from None
        except Unavailable as error:
            raise Refused(503, str(error), RETRY) from None
        except MediadError as error:
            raise Refused(500, str(error)) from None

    async def _refuse(self, websocket: WebSocket, refused: Refused) -> None:
        query = websocket.query_params
        room_id, peer_id = (query.get(name, "")[:MAX_ID_LENGTH] for name in ("roomId", "peerId"))
        log = _log.bind(room=room_id or None, peer=peer_id or None)
        log.info("client %s: refused with %d: %s", _client(websocket), refused.status, refused)
        self._registry.observer.refused(room_id, peer_id, _REFUSALS[refused.status], str(refused))
        await deny(websocket, refused.status, str(refused), refused.headers, self._limits.close_grace_s)


def _address(websocket: WebSocket) -> str | None:
    return websocket.client.host if websocket.client is not None else None


def _client(websocket: WebSocket) -> str:
    return websocket.client.host if websocket.client else "a local socket"
