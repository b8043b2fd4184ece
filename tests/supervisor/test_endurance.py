"""Two hundred deaths of workers under connected clients: nothing of them is left in the supervisor."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from mediad.exit_codes import ExitCode
from mediad.sockets import bind_udp
from tests.support.daemons import Daemon, running
from tests.support.loops import until_sync
from tests.support.ports import free_media_ports
from tests.support.workers import alive

TIRELESS_DAEMON = (sys.executable, "-m", "tests.support.tireless_daemon")
WORKERS = 4
CYCLES = 200
WARM_UP = 40
"""Deaths after which every code path has been walked and every cache filled."""
RSS_TOLERANCE_BYTES = 4 * 2**20
"""The growth of an interpreter that does not return every page: 1 to 3 MiB over the first 400 deaths, and
not from there to the 800th. A leaked worker, with its link and books, would be 30 KiB and more, each time."""


def test_two_hundred_deaths_leave_nothing() -> None:
    port = free_media_ports(WORKERS)
    arguments = ("--workers", str(WORKERS), "--rtc-base-port", str(port))
    with running(*arguments, command=TIRELESS_DAEMON) as daemon:
        daemon.wait_ready()
        supervisor = psutil.Process(daemon.process.pid)
        for _ in range(WARM_UP // WORKERS):
            kill_all(daemon)
        before = footprint(supervisor)
        for _ in range((CYCLES - WARM_UP) // WORKERS):
            kill_all(daemon)
        fds, children, rss = footprint(supervisor)
        assert (fds, children) == before[:2]
        assert children == WORKERS
        assert rss - before[2] < RSS_TOLERANCE_BYTES
        workers = daemon.get("workers")[1]["workers"]
        assert [worker["restarts"] for worker in workers] == [CYCLES // WORKERS] * WORKERS
        pids = [pid for pid in daemon.worker_pids() if pid]
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.wait_exit() == ExitCode.OK
        assert not any(alive(pid) for pid in pids)
        for worker_id in range(WORKERS):
            bind_udp("127.0.0.1", port + 1000 * worker_id, 65_536).close()


def kill_all(daemon: Daemon) -> None:
    """Every worker dies with a room on it, and is there again."""
    before = daemon.worker_pids()
    with rooms(daemon) as connections:
        for pid in before:
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        assert [close_code(connection) for connection in connections] == [1012] * WORKERS
    until_sync(lambda: not {None, *before} & set(daemon.worker_pids()))


@contextmanager
def rooms(daemon: Daemon) -> Iterator[list[ClientConnection]]:
    """One on each worker."""
    assert daemon.url is not None
    with ExitStack() as stack:
        connections = []
        for number in range(WORKERS):
            url = f"{daemon.url.replace('http', 'ws')}?roomId=r{number}&peerId=ana"
            connecting = connect(url, subprotocols=[Subprotocol("protoo")], close_timeout=1)
            connections.append(stack.enter_context(connecting))
            connections[-1].recv(timeout=10)
        yield connections


def close_code(connection: ClientConnection) -> int | None:
    try:
        connection.recv(timeout=20)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None
    return None


def footprint(process: psutil.Process) -> tuple[int, int, int]:
    """Open descriptors, living children, resident bytes; once what is closing has closed."""
    sizes: list[int] = []

    def settled() -> bool:
        sizes.append(process.num_fds())
        return len(sizes) > 20 and len(set(sizes[-20:])) == 1

    until_sync(settled)
    children = [child for child in process.children() if child.status() != psutil.STATUS_ZOMBIE]
    return sizes[-1], len(children), process.memory_info().rss
