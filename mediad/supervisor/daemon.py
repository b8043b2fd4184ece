"""The daemon's life: open ports, start workers, serve, drain, stop. However it ends, no process is left."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import socket
from collections.abc import MutableMapping, Sequence

from mediad import __version__, logs
from mediad.budgets.budgets import Budgets
from mediad.clock import LoopClock
from mediad.config.live import LiveSettings
from mediad.config.load import Loaded
from mediad.config.settings import Settings, admin_socket_candidates
from mediad.errors import ConfigError, InvalidInput, MediadError, PortError, Unsupported
from mediad.exit_codes import ExitCode, exit_code_for
from mediad.heap import HeapKeeper, collect_and_trim
from mediad.rooms.options import RoomOptions
from mediad.rooms.registry import RoomRegistry
from mediad.rooms.stock import Stocks
from mediad.signaling.app import SignalingSettings, create_app
from mediad.signaling.server.client_connection import FrontState
from mediad.signaling.server.options import uvicorn_options
from mediad.signaling.server.proxies import Proxies
from mediad.supervisor import privileges
from mediad.supervisor.admin import (
    doctor_methods,
    drain_methods,
    event_methods,
    grant_methods,
    hls_methods,
    limit_methods,
    record_methods,
    settings_methods,
    status_methods,
    top,
)
from mediad.supervisor.admin.methods import AdminMethods
from mediad.supervisor.admin.room_methods import RoomMethods
from mediad.supervisor.admin.server import AdminServer, open_admin_socket
from mediad.supervisor.admin.token_methods import TokenMethods
from mediad.supervisor.front.admissions import Admissions, connection_limit
from mediad.supervisor.front.guard import Guard
from mediad.supervisor.front.http import Front, front_url, open_front, room_url
from mediad.supervisor.front.node_size import NodeSize, memory_bytes
from mediad.supervisor.front.tls import FrontTls
from mediad.supervisor.hls.shows import Shows
from mediad.supervisor.observability.limits_report import LimitsReport
from mediad.supervisor.observability.observability import Observability
from mediad.supervisor.observability.status import Status
from mediad.supervisor.recording.recordings import Recordings
from mediad.supervisor.room_limits import room_limits
from mediad.supervisor.systemd.heartbeat import Heartbeat
from mediad.supervisor.systemd.service_manager import ServiceManager
from mediad.supervisor.workers.draining import NODE, Drains
from mediad.supervisor.workers.pool import WorkerPool
from mediad.supervisor.workers.process import WORKER_COMMAND
from mediad.supervisor.workers.rolling import Rolling
from mediad.words import plural

CLOSING_TIMEOUT_S = 2.0
"""The time that closing all rooms may take when workers do not answer."""

logger = logging.getLogger(__name__)


class Daemon:
    """One mediad. The constructor opens nothing; it raises ConfigError for codecs that no room can offer, and
    for certificates that cannot be used."""

    def __init__(
        self,
        loaded: Loaded,
        environ: MutableMapping[str, str] | None = None,
        worker_command: Sequence[str] = WORKER_COMMAND,
    ) -> None:
        settings = loaded.settings
        self._configured = LiveSettings(loaded)
        self._account, self._admin_gid = privileges.accounts(settings)
        self._host = settings.host  # where clients connect; systemd may have opened another
        self._environ = os.environ if environ is None else environ
        self._manager = ServiceManager(self._environ)
        stocks = Stocks(
            lambda worker_id: settings.worker_settings(worker_id).own_ports,
            lambda worker_id: len(settings.worker_settings(worker_id).plain_ports),
        )
        self._budgets = Budgets(settings.rates_per_s)
        self._pool = WorkerPool(settings, self._worker_died, worker_command, stocks)
        self._observability = Observability(settings, self._environ)
        self._budgets.on_refused = self._observability.refusal_book.refused
        connections = connection_limit(_descriptors(), len(self._pool.workers))
        self._size = NodeSize(len(self._pool.workers), connections, memory_bytes())
        try:
            codecs = None if settings.media_codecs is None else list(settings.media_codecs)
            observer = self._observability.call_book
            limits = room_limits(settings, settings.host, self._budgets, self._size)
            self._registry = RoomRegistry(self._pool, codecs, limits, observer, stocks)
            self._pool.memory.relieve = self._registry.relieve
        except (InvalidInput, Unsupported) as error:
            raise ConfigError(f"media_codecs: {error}") from None
        self._status = Status(settings, self._pool, self._registry)
        self._drains = Drains(self._pool, self._registry)
        book = self._observability.recording_book
        self._recordings = Recordings(self._registry, settings, self._environ, book)
        book.watch(self._recordings.__len__, self._recordings.bitrate)
        self._registry.on_options = self._room_entered
        show_book = self._observability.show_book
        self._shows = Shows(self._registry, settings, self._environ, show_book)
        show_book.watch(self._shows.__len__)
        self._observability.attach(self._status, self._pool, self._registry, self._drains)
        self._heartbeat = Heartbeat(self._manager, self._pool, self._status, self._configured)
        self._tls = None if settings.tls_certificate is None else FrontTls(settings)
        if self._tls is not None:
            self._configured.prepare_with(self._tls.prepare)
            self._observability.watch_certificate(self._tls.ends_s)
        self._configured.prepare_with(self._observability.prepare)
        self._guard = self._make_guard(settings)
        self._guard.access.budgets = self._budgets
        self._proxies = Proxies(settings.trusted_proxies, settings.client_address_from)
        per_address = settings.max_connections_per_address
        self._admissions = Admissions(self._size.connections, per_address, self._budgets, self._proxies)
        self._front_state = FrontState(budgets=self._budgets, proxies=self._proxies)
        self._configured.apply_with(self._apply)
        self._heap = HeapKeeper(collect_and_trim, LoopClock())
        self._reloads: set[asyncio.Task[None]] = set()
        self._stop_asked = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._signals = 0

    def _make_guard(self, settings: Settings) -> Guard:
        guard = Guard(settings, self._environ)
        self._configured.prepare_with(guard.prepare)
        self._observability.watch_tokens(guard.access.gate)
        self._status.tokens = guard.state
        return guard

    async def run(self) -> ExitCode:
        """Run until a signal or a failure ends it. An error that prevents the start is logged."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)
        loop.add_signal_handler(signal.SIGHUP, self._on_hangup)
        self._admissions.limit = connection_limit(_raise_fd_limit(), len(self._pool.workers))
        logs.set_addresses(self._settings.log_addresses, self._settings.own_addresses)
        self._life = asyncio.create_task(self._live())
        try:
            await self._life
        except asyncio.CancelledError:
            logger.warning("stopped at once: calls under way, if any, were cut off")
        except MediadError as error:
            for line in str(error).splitlines():
                logger.error("%s", line)
            return exit_code_for(error)
        except Exception:
            logger.exception("the daemon stops because of an unexpected error")
            return ExitCode.SOFTWARE
        logger.info("mediad has stopped")
        return ExitCode.OK

    def _on_signal(self, number: int) -> None:
        """Stop in order at the first signal; stop at once at the second, or during the start."""
        self._signals += 1
        name = signal.Signals(number).name
        if self._signals == 1 and self._status.url is not None:
            logger.info("received %s: stopping; a second signal stops at once", name)
            self._stop_asked.set()
        elif self._life is not None:
            logger.info("received %s: stopping at once", name)
            if self._signals > 1:
                self._pool.kill()
            self._life.cancel()

    def _on_hangup(self) -> None:
        """Reload, which `systemctl reload` asks for. During the start there is nothing to reload yet."""
        if self._status.url is None:
            logger.info("received SIGHUP while starting: there is nothing to reload yet")
        else:
            logger.info("received SIGHUP: reloading the settings")
            reload = asyncio.create_task(self._heartbeat.reload())
            self._reloads.add(reload)
            reload.add_done_callback(self._reloads.discard)

    @property
    def _settings(self) -> Settings:
        """The settings in force now."""
        return self._configured.settings

    def _room_entered(self, room_id: str, options: RoomOptions) -> None:
        self._recordings.room_entered(room_id, options)
        self._shows.room_entered(room_id, options)

    async def _apply(self, settings: Settings) -> None:
        """Pass changed settings on to those who keep a copy of them."""
        logs.set_level(settings.log_level)
        logs.set_addresses(settings.log_addresses, settings.own_addresses)
        self._registry.set_limits(room_limits(settings, self._host, self._budgets, self._size))
        self._status.settings = settings
        self._recordings.settings = settings
        self._shows.settings = settings
        self._guard.apply(settings)
        self._admissions.per_address = settings.max_connections_per_address
        self._proxies.change(settings.trusted_proxies, settings.client_address_from)
        self._budgets.set_rates(settings.rates_per_s)
        await self._pool.configure(settings)

    async def _live(self) -> None:
        """Start everything, serve, and end.

        The stack unwinds in the opposite order, however far it was built.
        """
        async with contextlib.AsyncExitStack() as stack:
            inherited = self._manager.take_sockets()
            sockets = inherited or await open_front(self._settings.host, self._settings.port)
            stack.callback(_close_all, sockets)
            if inherited:
                self._guard.hosts = [sock.getsockname()[0] for sock in inherited]
                self._host = self._guard.hosts[0]
                self._guard.require_guarded(self._settings)
                self._registry.set_limits(room_limits(self._settings, self._host, self._budgets, self._size))
            admin_socket = self._open_admin_socket()
            if admin_socket is not None:
                admin = AdminServer(admin_socket, self.admin_methods().call, self._admin_gid)
                stack.push_async_callback(admin.stop)
                await admin.start()
            privileges.give_up(self._account, [admin_socket.getsockname()] if admin_socket else [])
            if self._settings.confinement == "on":
                privileges.hide_memory()
            stack.push_async_callback(self._observability.stop)
            await self._observability.start()
            stack.push_async_callback(self._pool.stop)
            self._pool.memory_bytes = self._size.memory_bytes
            await self._pool.start()
            self._guard.keys.start()
            stack.callback(self._guard.keys.stop)
            app = create_app(
                self._registry,
                self._status,
                SignalingSettings(access=self._guard.access),
                self._observability.metrics.scrape,
                self._recordings,
                self._shows,
            )
            tls = self._tls.context if self._tls else None
            front = Front(app, sockets, uvicorn_options(self._front_state), self._admissions, tls)
            stack.push_async_callback(front.stop)
            await front.start()
            stack.push_async_callback(self._recordings.close)
            stack.push_async_callback(self._shows.close)
            stack.push_async_callback(self._close_rooms)
            self._status.url = front_url(self._host, front.port, tls=self._tls is not None)
            self._announce()
            gc.freeze()  # these objects stay for good: searching them again and again would delay the loop
            self._heartbeat.start()
            self._heap.start()
            stack.callback(self._heap.stop)
            stack.push_async_callback(self._heartbeat.stop)
            await self._serve(front)
            await self._drain()

    async def _serve(self, front: Front) -> None:
        """Return when a stop is asked for. Raises when the front ends by itself."""
        asked = asyncio.create_task(self._stop_asked.wait())
        ended = asyncio.create_task(front.wait_end())
        try:
            await asyncio.wait({asked, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
            ended.cancel()
        if ended.done() and not ended.cancelled():
            ended.result()
            raise MediadError("the HTTP front ended by itself")

    async def _drain(self) -> None:
        """Take no new rooms, and give those there are `shutdown_grace_s` to end by themselves."""
        self._observability.feed.publish("node.stopping")
        self._heartbeat.stopping()
        grace_s = self._settings.shutdown_grace_s
        if self._registry.room_count and grace_s:
            logger.info(
                "waiting up to %g s for %s to end; no new room is opened",
                grace_s,
                plural(self._registry.room_count, "room"),
            )
        self._drains.stopping = True
        self._drains.start(NODE, deadline_s=grace_s)
        await self._drains.wait(NODE)

    async def _close_rooms(self) -> None:
        """Close every room; its peers are told to come back later (1012)."""
        self._pool.draining = True
        try:
            async with asyncio.timeout(CLOSING_TIMEOUT_S):
                await self._registry.close("the server is stopping")
        except TimeoutError:
            logger.warning(
                "a worker did not answer while rooms were closed; the stop goes on without its answer"
            )

    def _worker_died(self, worker_id: int) -> None:
        self._registry.worker_died(worker_id)

    def _open_admin_socket(self) -> socket.socket | None:
        """The admin socket.

        One that the settings name must open; without the default one the daemon still runs.
        """
        if self._settings.admin_socket is not None:
            return open_admin_socket(self._settings.admin_socket, self._admin_gid)
        try:
            return open_admin_socket(admin_socket_candidates(self._environ)[0], self._admin_gid)
        except PortError as error:
            logger.warning("%s; mediactl will not work (see --admin-socket)", error)
            return None

    def admin_methods(self) -> AdminMethods:
        """The methods that mediactl may call at this daemon."""
        return AdminMethods(
            status_methods.table(self._status),
            settings_methods.table(self._configured),
            RoomMethods(self._registry).table(),
            grant_methods.table(self._registry),
            top.table(self._status, self._registry),
            drain_methods.table(self._drains, Rolling(self._pool, self._drains)),
            record_methods.table(self._recordings),
            hls_methods.table(self._shows),
            TokenMethods(self._guard.access.gate, self._guard.secrets, self._guard.save).table(),
            event_methods.table(self._observability.feed),
            limit_methods.table(
                LimitsReport(self._budgets, self._admissions, self._registry, self._front_state),
                self._status,
            ),
            doctor_methods.table(self._configured, self._status, self._recordings),
        )

    def _announce(self) -> None:
        self._observability.feed.publish("node.ready", url=self._status.url, version=__version__)
        workers = [self._settings.worker_settings(worker.worker_id) for worker in self._pool.workers]
        assert self._status.url is not None
        url = self._status.url if self._settings.needs_tokens else room_url(self._status.url)
        logger.info(
            "mediad %s is ready: open %s%s (%s, media on %s, UDP %s %s)",
            __version__,
            url,
            " with a token" if self._settings.needs_tokens else " in two tabs",
            plural(len(workers), "worker"),
            ", ".join(self._settings.candidate_ips),
            "port" if sum(len(worker.media_ports) for worker in workers) == 1 else "ports",
            ", ".join(_shown(worker.media_ports) for worker in workers),
        )


def _shown(ports: range) -> str:
    return str(ports[0]) if len(ports) == 1 else f"{ports[0]}-{ports[-1]}"


def _close_all(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def _raise_fd_limit() -> int:
    """Raise the soft limit of descriptors to the hard one, and return the limit in force. Each client is a
    descriptor; the usual soft limit of 1024 is for programs that use select(2)."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**20 if soft == resource.RLIM_INFINITY else soft


def _descriptors() -> int:
    """Return the limit of descriptors that `_raise_fd_limit` is going to reach."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**20 if hard == resource.RLIM_INFINITY else hard
