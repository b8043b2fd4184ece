"""The admin socket: envelopes over a Unix socket for root, the daemon's own user, and one group if any."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import stat
import struct
from pathlib import Path

from mediad.errors import ConfigError, EnvelopeError, PortError
from mediad.supervisor.admin.conversation import Conversation, Handler

MAX_CLIENTS = 64

_SO_PEERGROUPS = 59
_GROUPS_BYTES = 1024
"""The most that Python asks for: 256 groups. The kernel refuses to tell some of more."""
_PEER_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid

logger = logging.getLogger(__name__)


def open_admin_socket(path: str, gid: int | None = None) -> socket.socket:
    """A listening Unix socket at `path`, mode 0600, or 0660 for a group. One of an ended daemon is replaced.

    Raises PortError when `path` belongs to a running daemon or is not a socket, or cannot be created, and
    ConfigError when this process may not give it to the group.
    """
    try:
        Path(path).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        _clear_away(path)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            sock.bind(path)
            os.chmod(path, 0o600)
            if gid is not None:
                _share(path, gid)
            sock.listen(16)  # only now can a client connect, so the mode was never wider
        except BaseException:
            sock.close()
            raise
    except OSError as error:
        raise PortError(f"admin socket {path} cannot be opened: {error.strerror}") from None
    return sock


def _share(path: str, gid: int) -> None:
    try:
        os.chown(path, -1, gid)
        os.chmod(path, 0o660)
    except PermissionError:
        raise ConfigError(
            "admin_group: mediad is no member of that group, and so cannot give it the admin socket; add its "
            "user to the group (SupplementaryGroups= of the unit)"
        ) from None


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

    def __init__(self, sock: socket.socket, handle: Handler, gid: int | None = None) -> None:
        """Prepare; members of the group `gid` may use it, too."""
        self._sock = sock
        self._gid = gid
        self._path = sock.getsockname()
        self._handle = handle
        self._clients: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._accept, sock=self._sock)

    async def stop(self) -> None:
        """Close all connections and remove the socket."""
        with contextlib.suppress(FileNotFoundError, PermissionError):  # its directory may be root's
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
            if len(self._clients) > MAX_CLIENTS:
                logger.warning("an admin client was refused: %d is the most there may be", MAX_CLIENTS)
            elif _allowed(writer, self._gid):
                await Conversation(reader, writer, self._handle).run()
        except (OSError, EnvelopeError) as error:
            logger.info("an admin client was disconnected: %s", error)
        finally:
            self._clients.discard(client)
            writer.close()


def _allowed(writer: asyncio.StreamWriter, gid: int | None) -> bool:
    """True for root, the daemon's own user and a member of its group. The file mode says so too, but a mode
    may be changed by mistake; the peer's credentials cannot."""
    sock = writer.get_extra_info("socket")
    peer = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER_CREDENTIALS.size)
    _, uid, primary = _PEER_CREDENTIALS.unpack(peer)
    if uid in (0, os.geteuid()) or (gid is not None and gid in (primary, *_groups(sock))):
        return True
    whom = "root and the daemon's own user" + ("" if gid is None else f" and members of group {gid}")
    logger.warning("user id %d was refused at the admin socket: only %s may use it", uid, whom)
    return False


def _groups(sock: socket.socket) -> tuple[int, ...]:
    """The groups of the other end (socket(7), SO_PEERGROUPS)."""
    try:
        data = sock.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _GROUPS_BYTES)
    except OSError:
        return ()
    return struct.unpack(f"{len(data) // 4}I", data)
