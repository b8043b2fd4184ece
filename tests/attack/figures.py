"""Judging attacks: the bars, what was missed, and a table of it all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mediad.words import plural
from tests.attack.arena import Fought
from tests.attack.witness import Seen, Watched

MOST_LOSS = 0.001
MOST_JOIN_TIMES = 2.0
"""The times that a join may take as long as without an attack, at its 99th percentile."""
QUICK_JOIN_S = 0.1
"""The time of a join that nobody calls slow, however quick others are."""
MOST_SUPERVISOR_BYTES = 192 << 20
MOST_WORKERS_BYTES = 128 << 20
MOST_AMPLIFICATION = 1.0


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the value that so large a share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else None


def usual_join_s(idle: Iterable[Seen]) -> float:
    """The time of a join without an attack, at its 99th percentile."""
    return percentile([join_s for seen in idle for join_s in seen.joins_s], 0.99) or QUICK_JOIN_S


def missed(fought: Fought, usual_s: float) -> list[str]:
    """Name the bars that were missed, with the figures."""
    return [*robustness(fought), *_quality(fought.seen, usual_s)]


def robustness(fought: Fought) -> list[str]:
    """Name the missed bars that hold on any machine: nothing ends, memory is bounded, no answer is larger."""
    problems = [fought.alive] if fought.alive is not None else []
    for who, growth, most in (
        ("supervisor", fought.cost.supervisor_growth_bytes, MOST_SUPERVISOR_BYTES),
        ("workers", fought.cost.workers_growth_bytes, MOST_WORKERS_BYTES),
    ):
        if growth > most:
            problems.append(f"{who} grew by {growth >> 20} MiB (at most {most >> 20})")
    amplification = fought.outcome.amplification
    if amplification is not None and amplification > MOST_AMPLIFICATION:
        problems.append(f"{amplification:.2f} bytes came back for each byte (at most 1)")
    return problems


def _quality(seen: Seen, usual_s: float) -> list[str]:
    problems = [] if seen.watched is None else _watched(seen.watched)
    if seen.loss > MOST_LOSS:
        problems.append(f"{seen.loss:.2%} of the call's packets were lost (at most {MOST_LOSS:.1%})")
    if seen.freezes:
        problems.append(f"the call stood still for {seen.worst_s:.2f} s")
    if seen.failed:
        problems.append(
            f"{len(seen.failed)} of {len(seen.failed) + len(seen.joins_s)} could not join ({seen.failed[0]})"
        )
    join_s, most_s = percentile(seen.joins_s, 0.99), max(MOST_JOIN_TIMES * usual_s, QUICK_JOIN_S)
    if join_s is not None and join_s > most_s:
        problems.append(f"joins took {1000 * join_s:.0f} ms (p99, at most {1000 * most_s:.0f})")
    return problems


def _watched(watched: Watched) -> list[str]:
    problems = []
    if watched.loss > MOST_LOSS:
        problems.append(f"{watched.loss:.2%} of the packets to Chromium were lost (at most {MOST_LOSS:.1%})")
    if watched.freezes:
        problems.append(f"{plural(watched.freezes, 'freeze')} in Chromium")
    return problems


def disturbed(idle: Iterable[Seen]) -> bool:
    """True when calls suffered though nobody attacked, so that the machine is to blame."""
    return any(
        seen.loss > MOST_LOSS or seen.freezes or (seen.watched is not None and _watched(seen.watched))
        for seen in idle
    )


HEAD = (
    "ATTACK",
    "SENT/S",
    "REFUSED",
    "LOSS",
    "WORST",
    "CHROMIUM",
    "JOIN P50",
    "P99",
    "+RSS FRONT",
    "+RSS MEDIA",
    "CPU",
    "LOAD",
    "",
)
_WIDTHS = (-20, 8, 8, 7, 8, 9, 9, 8, 11, 11, 10, 5, -1)


def line(cells: Sequence[str]) -> str:
    """One line of the table."""
    return "  ".join(
        cell.ljust(-width) if width < 0 else cell.rjust(width)
        for cell, width in zip(cells, _WIDTHS, strict=True)
    ).rstrip()


def cells(fought: Fought, usual_s: float) -> tuple[str, ...]:
    """The figures of an attack as cells of the table."""
    seen, cost = fought.seen, fought.cost
    problems = missed(fought, usual_s)
    return (
        fought.name if len(fought.name) <= 20 else "all together",
        f"{fought.outcome.sent / fought.seconds:,.0f}",
        f"{fought.outcome.refused:,}",
        f"{seen.loss:.2%}",
        _ms(seen.worst_s),
        _chromium(seen),
        _ms(percentile(seen.joins_s, 0.5)),
        _ms(percentile(seen.joins_s, 0.99)),
        f"{cost.supervisor_growth_bytes >> 20} MiB",
        f"{cost.workers_growth_bytes >> 20} MiB",
        f"{cost.supervisor_cores:.2f}+{cost.workers_cores:.2f}",
        f"{fought.load:.1f}",
        "ok" if not problems else "FAILED: " + "; ".join(problems),
    )


def idle_line(idle: Sequence[Seen], load: float) -> str:
    """The line of the table for the time without attacks."""
    joins_s = [join_s for seen in idle for join_s in seen.joins_s]
    sent, lost = sum(seen.sent for seen in idle), sum(seen.lost for seen in idle)
    worst_s = max(seen.worst_s for seen in idle)
    loss = f"{lost / max(sent, 1):.2%}"
    told = (
        "(none)",
        "",
        "",
        loss,
        _ms(worst_s),
        _chromium(*idle),
        _ms(percentile(joins_s, 0.5)),
        _ms(percentile(joins_s, 0.99)),
    )
    return line((*told, "", "", "", f"{load:.1f}", ""))


def _chromium(*times: Seen) -> str:
    watched = [seen.watched for seen in times if seen.watched is not None]
    if not watched:
        return "-"
    lost, received = sum(one.lost for one in watched), sum(one.received for one in watched)
    return f"{lost / max(lost + received, 1):.2%}/{sum(one.freezes for one in watched)}"


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1000 * seconds:.0f} ms"
