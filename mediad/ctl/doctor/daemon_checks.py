"""Checks of the daemon: does it run, and run well? Judged by its own reports."""

from __future__ import annotations

from collections.abc import Iterator

from mediad.ctl.doctor.facts import Facts
from mediad.ctl.doctor.finding import Check, Finding, error, ok, warning
from mediad.ctl.render import size
from mediad.words import plural

FEW_FDS = 4096
"""The descriptors below which the limit is surely an oversight: every client is one."""

FDS_NEARLY_USED = 0.8


def settings(facts: Facts) -> Iterator[Finding]:
    for problem in facts.settings_problems:
        yield error("settings", problem, "put it right, then ask `mediad --check-config`")
    if facts.daemon is not None:
        for problem in facts.daemon.settings_problems:
            text = f"mediad would not start again: {problem}"
            yield error("settings", text, "put it right, then `mediactl reload`")
        if facts.daemon.settings_waiting:
            text = f"{', '.join(facts.daemon.settings_waiting)}: changed, and not in force"
            yield warning("settings", text, "restart mediad; `mediactl config show --origin` has the values")
        if facts.daemon.settings_problems:
            return
    if facts.settings is not None and not facts.settings_problems:
        yield ok("settings", "the settings are right")


def daemon(facts: Facts) -> Iterator[Finding]:
    if facts.daemon is None:
        problem = facts.daemon_problem or "mediad is not running"
        advice = "start it (`systemctl start mediad`); `journalctl -u mediad` says why it ended"
        yield error("daemon", problem, advice)
        return
    if facts.daemon.version != facts.version:
        text = f"mediad {facts.daemon.version} runs, and this is mediactl {facts.version}"
        yield warning("daemon", text, "restart mediad to run what is installed")
    match facts.daemon.status:
        case "ok":
            yield ok("daemon", f"mediad {facts.daemon.version} runs, pid {facts.daemon.pid}")
        case "draining":
            yield warning("daemon", "it is draining: no new room opens", "end that with `mediactl undrain`")
        case "full":
            advice = (
                "start more nodes or workers; `mediactl events --type share.exhausted` says who takes most"
            )
            yield error("daemon", "every worker is full: no new room opens", advice)
        case "unavailable":
            advice = "`mediactl workers` says what became of them"
            yield error("daemon", "no worker is ready: nobody can join", advice)
        case other if not facts.daemon.problems:
            yield warning("daemon", f"it says that it is {other}", "`mediactl workers` says more")
    for problem in facts.daemon.problems:
        yield warning("daemon", problem, "the log of mediad has the last lines of each")


def workers(facts: Facts) -> Iterator[Finding]:
    if facts.daemon is None:
        return
    well = 0
    for worker in facts.daemon.workers:
        name, death = f"worker {worker['workerId']}", worker["lastDeath"]
        if worker["state"] not in ("ready", "draining"):
            text = f"{name} is {worker['state']}" + (f": {death}" if death else "")
            yield error("workers", text, "the log of mediad has its last lines")
        elif str(worker["workerId"]) not in facts.daemon.reports:
            yield error("workers", f"{name} does not answer", "it is replaced by itself if that lasts")
        elif death:  # a restart that an operator asked for leaves none
            text = f"{name} was started again {plural(worker['restarts'], 'time')}, last because {death}"
            yield warning("workers", text, "each time cost its rooms a moment; the log of mediad says more")
        else:
            well += 1
    if well:
        of = plural(len(facts.daemon.workers), "worker")
        yield ok("workers", f"{well} of {of} running since the start")


def descriptors(facts: Facts) -> Iterator[Finding]:
    if facts.daemon is None:
        return
    limit, used = facts.daemon.fd_limit, facts.daemon.open_fds
    advice = "raise LimitNOFILE= in the unit to 65536 or more (`systemctl edit mediad`), and restart"
    if used > FDS_NEARLY_USED * limit:
        yield error("descriptors", f"{used} of {limit} file descriptors are used", advice)
    elif (needed := _sockets_of_a_worker(facts)) > limit:
        text = f"the limit is {limit} file descriptors, and the media ports of a worker need {needed}"
        yield warning("descriptors", text, f"{advice}; with port_mode shared they need fewer")
    elif limit < FEW_FDS:
        yield warning("descriptors", f"the limit is {limit} file descriptors, one for each client", advice)
    else:
        yield ok("descriptors", f"{used} of {limit} file descriptors are used")


def _sockets_of_a_worker(facts: Facts) -> int:
    """The sockets of a worker when all its ports are in use; its limit of descriptors is the daemon's."""
    if facts.settings is None:
        return 0
    worker = facts.settings.worker_settings(0)
    if worker.own_ports is None:
        return len(worker.ports)  # a plain transport has one on one address
    protocols = 2 if worker.rtc_tcp_connections_per_address else 1
    return worker.own_ports * len(facts.settings.listen_ip) * protocols


def udp_buffers(facts: Facts) -> Iterator[Finding]:
    """Judge the receive buffers: small ones lose packets first, before any core is busy."""
    if facts.settings is None:
        return
    wanted = facts.settings.udp_buffer_bytes
    advice = f"`sysctl -w net.core.rmem_max={wanted} net.core.wmem_max={wanted}`, keep it in /etc/sysctl.d"
    granted = _granted(facts)
    if granted is None:
        return
    if granted < wanted:
        text = f"media sockets have {size(granted)} of receive buffer, {size(wanted)} were asked for"
        yield warning("udp-buffers", text, advice + ", and restart")
    else:
        yield ok("udp-buffers", f"media sockets have {size(granted)} of receive buffer")


def _granted(facts: Facts) -> int | None:
    """The buffer that the smallest worker got; without a daemon, the one that a worker would get."""
    if facts.daemon is None:
        return facts.machine.receive_buffer_max
    reports = facts.daemon.reports.values()
    return min((report["udpBufferBytes"] for report in reports if "udpBufferBytes" in report), default=None)


def drops(facts: Facts) -> Iterator[Finding]:
    """Judge the datagrams that the kernel dropped because a worker was too slow to read them."""
    if facts.daemon is None:
        return
    for worker in facts.daemon.workers:
        ports = range(worker["firstPort"], worker["lastPort"] + 1)
        counts = [facts.machine.socket_drops[port] for port in ports if port in facts.machine.socket_drops]
        if not counts:
            continue
        lost = sum(counts)
        name = f"worker {worker['workerId']}"
        if lost:
            text = f"{name} has lost {plural(lost, 'datagram')} to a full receive buffer"
            advice = "give it a larger udp_buffer_bytes, or more workers on more cores"
            yield warning("socket-drops", text, advice)
        else:
            yield ok("socket-drops", f"{name} has lost no datagram to a full receive buffer")


def media_ports(facts: Facts) -> Iterator[Finding]:
    """Judge the ports for one transport each: those of plain transports and pipes, and maybe all others'."""
    if facts.daemon is None:
        return
    advice = (
        "more workers have more ports; the log of mediad says why a port could not be opened; with port_mode "
        "shared only plain transports and pipes need any"
    )
    for worker_id, report in facts.daemon.reports.items():
        ports, refusals = report.get("ports") or {}, report.get("portRefusals") or 0
        used, free = ports.get("used", 0), ports.get("free", 0)
        if used and not free:
            text = f"all {used} media ports of worker {worker_id} for one transport each are in use"
            yield error("media-ports", text, advice)
        elif refusals:
            text = f"worker {worker_id} had no media port for {plural(refusals, 'transport')} since its start"
            yield warning("media-ports", text, advice)
        elif ports:
            text = (
                f"{used} of {used + free} media ports of worker {worker_id} for one transport each are used"
            )
            yield ok("media-ports", text)


CHECKS: tuple[Check, ...] = (settings, daemon, workers, descriptors, udp_buffers, drops, media_ports)
