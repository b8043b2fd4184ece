"""The admin socket: envelopes over a Unix socket that only root and the daemon's own user may use."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import stat
import struct
from pathlib import Path

from mediad.errors import EnvelopeError, PortError
from mediad.supervisor.admin.conversation import Conversation, Handler

MAX_CLIENTS = 64

_PEER_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid

logger = logging.getLogger(__name__)


def open_admin_socket(path: str) -> socket.socket:
    """A listening Unix socket at `path`, mode 0600. One that an ended daemon left behind is replaced.

    Raises PortError when `path` belongs to a running daemon or is not a socket, or cannot be created.
    """
    try:
        Path(path).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        _clear_away(path)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            sock.bind(path)
            os.chmod(path, 0o600)
            sock.listen(16)  # only now can a client connect, so the mode was never wider
        except BaseException:
            sock.close()
            raise
    except OSError as error:
        raise PortError(f"admin socket {path} cannot be opened: {error.strerror}") from None
    return sock


def _clear_away(path: str) -> None:
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise PortError(f"admin socket {path} cannot be opened: something else is in its place")
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return
    raise PortError(f"admin socket {path} belongs to another mediad that is running")


class AdminServer:
    """Accepts clients that are allowed, and answers them by `handle(method, data)`; see `conversation.py`."""

    def __init__(self, sock: socket.socket, handle: Handler) -> None:
        self._sock = sock
        self._path = sock.getsockname()
        self._handle = handle
        self._clients: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._accept, sock=self._sock)

    async def stop(self) -> None:
        """Close all connections and remove the socket."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        if self._server is not None:
            self._server.close()
        clients = list(self._clients)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = asyncio.current_task()
        assert client is not None
        self._clients.add(client)
        try:
            if _allowed(writer) and len(self._clients) <= MAX_CLIENTS:
                await Conversation(reader, writer, self._handle).run()
        except (OSError, EnvelopeError) as error:
            logger.info("an admin client was disconnected: %s", error)
        finally:
            self._clients.discard(client)
            writer.close()


def _allowed(writer: asyncio.StreamWriter) -> bool:
    """True for root and the daemon's own user. The file mode says so too, but a mode may be changed by
    mistake; the peer's credentials cannot."""
    peer = writer.get_extra_info("socket").getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER_CREDENTIALS.size
    )
    _, uid, _ = _PEER_CREDENTIALS.unpack(peer)
    if uid in (0, os.geteuid()):
        return True
    logger.warning(
        "user id %d was refused at the admin socket: only root and the daemon's own user may use it", uid
    )
    return False
