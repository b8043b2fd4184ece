"""Gathering of all facts in one go."""

from __future__ import annotations

import datetime
import ipaddress
import os
from collections.abc import Iterator

from mediad import __version__, needs
from mediad.config.listen import is_address
from mediad.ctl.doctor import certificate, exposure, machine, reachability
from mediad.ctl.doctor.facts import DaemonFacts, Exposure, Facts, MediaPath, Network, Parts, RecordingFacts
from mediad.ctl.installation import Installation
from mediad.ctl.session import Data, Session
from mediad.errors import MediadError

STUN_PORT = 3478


def gather(
    session: Session, found: Installation, stun: str | None, ntp: str | None, *, public: bool = False
) -> Facts:
    """The facts about this installation.

    `stun` and `ntp` are servers to ask, `HOST` or `HOST:PORT`; with `public`, how the daemon is
    guarded is among the facts. Raises OSError or ValueError when the NTP server does not answer.
    """
    daemon = None if found.answer is None else _daemon(found.answer)
    offset_s = None if ntp is None else reachability.ask_ntp(*_endpoint(ntp, 123))
    pid = os.getpid() if daemon is None else daemon.pid
    settings = found.settings
    tls = settings.tls_certificate if settings is not None else None
    return Facts(
        now=datetime.datetime.now(datetime.UTC),
        version=__version__,
        settings=settings,
        settings_problems=found.problems,
        daemon=daemon,
        daemon_problem=found.absence,
        machine=machine.look(pid, offset_s),
        network=_network(session, found, daemon, stun),
        certificate=certificate.read(tls, settings.tls_private_key) if settings and tls else None,
        installation=Parts(
            native_problem=needs.native_problem(),
            library_problem=needs.library_problem(),
            page_problem=needs.page_problem(),
        ),
        exposure=_exposure(session, found, daemon) if public else None,
    )


def _exposure(session: Session, found: Installation, daemon: DaemonFacts | None) -> Exposure:
    processes: dict[str, int] = {}
    if daemon is not None:
        processes["supervisor"] = daemon.pid
        workers = [worker for worker in daemon.workers if worker.get("pid") is not None]
        processes |= {f"worker {worker['workerId']}": worker["pid"] for worker in workers}
    admin_socket = next((path for path in session.paths if os.path.exists(path)), None)
    url = daemon.url if daemon is not None else None
    return exposure.look(found.settings, found.secret_origins, processes, admin_socket, url)


def _daemon(answer: Data) -> DaemonFacts:
    return DaemonFacts(
        version=answer["version"],
        pid=answer["pid"],
        status=answer["status"],
        problems=tuple(answer["problems"]),
        url=answer["url"],
        workers=answer["workers"],
        reports=answer["reports"],
        settings_problems=tuple(answer["settingsProblems"]),
        settings_waiting=tuple(answer["settingsWaiting"]),
        tokens_needed=answer.get("tokensNeeded"),
        fd_limit=answer["fdLimit"],
        open_fds=answer["openFds"],
        recording=_recording(answer),
    )


def _recording(answer: Data) -> RecordingFacts | None:
    told = answer.get("recording")
    if told is None:
        return None
    return RecordingFacts(
        directory=told["directory"],
        free_bytes=told["freeBytes"],
        problem=told["problem"],
        wanted=answer["settings"].get("recording_dir") is not None,
    )


def _network(session: Session, found: Installation, daemon: DaemonFacts | None, stun: str | None) -> Network:
    public, public_problem = _public(stun)
    settings = found.settings
    if settings is None:
        return Network(public_address=public, public_problem=public_problem)
    announced = settings.candidate_ips
    hosts = [text.rpartition("=")[2] for text in settings.announced_ip or ()]
    named = {host: reachability.resolve(host) for host in hosts if not is_address(host)}

    def ask() -> reachability.Reports:
        reports: reachability.Reports = session.call("stats", {})["reports"]
        return reports

    def doors() -> reachability.Doors:
        try:
            opened: reachability.Doors = session.call("doctor.doors", {})["doors"]
        except MediadError:
            return {}  # a daemon of an older version, without this method
        return opened

    def paths(workers: list[Data]) -> Iterator[MediaPath]:
        for address in announced if workers else ():
            opened = doors()  # anew for each address: they close by themselves
            ports = {
                worker["workerId"]: opened.get(str(worker["workerId"]), {}).get("port", worker["firstPort"])
                for worker in workers
            }
            yield from reachability.try_media_paths(ports, (address,), ask, opened)

    has_ipv6 = any(":" in address and ipaddress.ip_address(address).is_global for address in announced)
    return Network(
        announced=announced,
        named=named,
        media_paths=tuple(paths(daemon.workers)) if daemon is not None else (),
        public_address=public,
        public_problem=public_problem,
        front_problem=reachability.front_problem(daemon.url) if daemon is not None else None,
        taken=() if daemon is not None else tuple(reachability.taken_ports(settings)),
        own_ports=() if daemon is not None else tuple(reachability.own_ports(settings)),
        ipv6_route=reachability.has_ipv6_route() if has_ipv6 else None,
    )


def _public(stun: str | None) -> tuple[str | None, str | None]:
    if stun is None:
        return None, None
    try:
        return reachability.ask_stun(*_endpoint(stun, STUN_PORT)), None
    except (OSError, ValueError) as error:
        return None, f"the STUN server {stun} did not answer: {error}"


def _endpoint(text: str, default_port: int) -> tuple[str, int]:
    """The host and port in `host`, `host:port`, `[v6]:port` or a bare IPv6 address."""
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):
        host, port = text, str(default_port)
    return host.strip("[]"), int(port)
