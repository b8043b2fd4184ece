"""Checks of the machine: cores, clock, memory, and the kernel's tables and features."""

from __future__ import annotations

from collections.abc import Iterator

from mediad.ctl.doctor.facts import Facts
from mediad.ctl.doctor.finding import Check, Finding, error, ok, warning
from mediad.ctl.render import size
from mediad.words import plural

OFFSET_S = 2.0
"""The clock error that tokens and certificates can bear."""

LITTLE_MEMORY = 256 * 2**20
TABLE_NEARLY_FULL = 0.8
LIMIT_NEARLY_REACHED = 0.9
OFTEN_THROTTLED = 0.01

STOPPING_S = 10.0
"""The time that a stop takes beyond the grace given to rooms."""


def cores(facts: Facts) -> Iterator[Finding]:
    if facts.settings is None:
        return
    workers, usable = facts.settings.worker_count(), facts.machine.cores
    on = plural(int(usable), "usable core") if usable.is_integer() else f"{usable:g} usable cores"
    text = f"{plural(workers, 'worker')} on {on}"
    if workers > max(1.0, usable):
        advice = f"set workers to {max(1, int(usable))} or to auto: each keeps one core busy by itself"
        yield warning("cores", f"{text}: they take turns, and media waits", advice)
    else:
        yield ok("cores", text)


def throttling(facts: Facts) -> Iterator[Finding]:
    if facts.machine.throttled is None:
        return
    text = f"its control group was held back in {facts.machine.throttled:.1%} of all periods"
    if facts.machine.throttled > OFTEN_THROTTLED:
        advice = "raise or remove CPUQuota= (or the container's CPU limit): media stands still meanwhile"
        yield warning("cpu-quota", text, advice)
    else:
        yield ok("cpu-quota", text)


def clock(facts: Facts) -> Iterator[Finding]:
    found = facts.machine.clock
    advice = "run systemd-timesyncd or chrony (`timedatectl set-ntp true`)"
    if found.offset_s is not None and abs(found.offset_s) > OFFSET_S:
        direction = "ahead" if found.offset_s > 0 else "behind"
        text = (
            f"the clock is {abs(found.offset_s):.1f} s {direction}: tokens and certificates may not be valid"
        )
        yield error("clock", text, advice)
    elif found.synchronised is False:
        yield warning("clock", "nobody keeps the clock right", advice)
    elif found.offset_s is not None:
        yield ok("clock", f"the clock is {found.offset_s:+.3f} s off")
    elif found.synchronised:
        yield ok("clock", "the clock is kept right")


def gso(facts: Facts) -> Iterator[Finding]:
    reports = facts.daemon.reports.values() if facts.daemon is not None else []
    answers = [report["udpGso"] for report in reports if "udpGso" in report]
    has = all(answers) if answers else facts.machine.udp_gso
    if has is None:
        return
    if has:
        yield ok("udp-gso", "the kernel sends runs of packets at once (UDP GSO)")
    else:
        text = "the kernel has no UDP GSO: each packet sent costs two to four times as much"
        yield warning("udp-gso", text, "Linux 4.18 or newer has it; some container sandboxes take it away")


def conntrack(facts: Facts) -> Iterator[Finding]:
    if facts.machine.conntrack is None:
        return
    count, most = facts.machine.conntrack
    text = f"{count} of {most} entries of the firewall's connection table are used"
    if count > TABLE_NEARLY_FULL * most:
        advice = (
            "raise net.netfilter.nf_conntrack_max, or exempt the media ports (notrack): a full table drops"
        )
        yield warning("conntrack", text, advice)
    else:
        yield ok("conntrack", text)


def memory(facts: Facts) -> Iterator[Finding]:
    available = facts.machine.memory_available
    if available is None:
        return
    text = f"{size(available)} of memory are available"
    if available < LITTLE_MEMORY:
        yield warning("memory", text, "find what takes it, or give the machine more, before the kernel kills")
    else:
        yield ok("memory", text)


def group_memory(facts: Facts) -> Iterator[Finding]:
    if facts.machine.group_memory is None:
        return
    used, limit = facts.machine.group_memory
    text = f"its control group uses {size(used)} of {size(limit)}"
    if used > LIMIT_NEARLY_REACHED * limit:
        yield warning(
            "memory", text, "raise MemoryMax= (or the container's limit): beyond it the kernel kills"
        )
    else:
        yield ok("memory", text)


def stop_timeout(facts: Facts) -> Iterator[Finding]:
    """Judge systemd's stop timeout: it must not kill a daemon that still gives rooms their grace."""
    if facts.machine.stop_timeout_s is None or facts.settings is None:
        return
    timeout_s, grace_s = facts.machine.stop_timeout_s, facts.settings.shutdown_grace_s
    if timeout_s < grace_s + STOPPING_S:
        text = (
            f"systemd kills it {timeout_s:g} s after telling it to stop, and rooms have {grace_s:g} s to end"
        )
        advice = f"set TimeoutStopSec= to {grace_s + STOPPING_S:g} or more (`systemctl edit`)"
        yield warning("stop-timeout", text, advice)
    else:
        yield ok("stop-timeout", f"systemd gives it {timeout_s:g} s to stop, and it needs {grace_s:g}")


CHECKS: tuple[Check, ...] = (*(cores, throttling, clock, gso, conntrack, memory, group_memory, stop_timeout),)
