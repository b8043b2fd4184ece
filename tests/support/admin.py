"""An admin server in a thread of its own, for clients that know no event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mediad.supervisor.admin.conversation import Handler
from mediad.supervisor.admin.server import AdminServer, open_admin_socket


@contextmanager
def admin_server(path: str, handle: Handler) -> Iterator[None]:
    """Serve `handle` at `path` until the block ends."""
    started = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        server = AdminServer(open_admin_socket(path), handle)
        await server.start()
        started.set()
        await stop.wait()
        await server.stop()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
