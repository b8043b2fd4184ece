"""Budgets: how often each client of a node may do what, by the rates of the catalogue; refusals, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from mediad.budgets.catalogue import LIMITS, RATES
from mediad.budgets.holders import Holders
from mediad.budgets.refusal import OverLimit, Refusal
from mediad.budgets.token_buckets import TokenBuckets

_CAP_RETRY_S = 10.0
"""The time after which a cap may have room again; nobody knows, but clients should not ask at once."""


class Budgets:
    """The buckets of all rates. `on_refused` is called with each refusal; it must not block."""

    def __init__(self, per_s: Mapping[str, float] | None = None) -> None:
        """Prepare; `per_s` has the rates that differ from the catalogue's."""
        self._buckets = {name: TokenBuckets(rate.per_s, rate.burst) for name, rate in RATES.items()}
        self.refused: Counter[str] = Counter()
        """The number of refusals by the name of their limit, caps too."""
        self.on_refused: Callable[[Refusal], None] = lambda refusal: None
        self.set_rates(per_s or {})

    def set_rates(self, per_s: Mapping[str, float]) -> None:
        """Use these rates a second from now on; the catalogue's where there is none."""
        for name, rate in RATES.items():
            rate_per_s = per_s.get(name, rate.per_s)
            self._buckets[name].change(rate_per_s, rate_per_s * rate.burst_s)

    def spend(self, name: str, holders: Holders, now_s: float, amount: float = 1.0) -> Refusal | None:
        """Charge these holders for `amount` of the limit `name`; a refusal when one of them has used it up.

        Then none is charged.
        """
        wait_s = self._buckets[name].take_all(holders, now_s, amount)
        return self._rate_refusal(name, holders, now_s, wait_s) if wait_s else None

    def owe(self, name: str, holders: Holders, now_s: float, amount: float = 1.0) -> None:
        """Charge these holders for what is done already, whether they may or not; `check` tells before."""
        self._buckets[name].owe(holders, now_s, amount)

    def wait_s(self, name: str, holders: Holders, now_s: float) -> float:
        """Return the time until each of these holders may do one more; 0 is now. Nobody is refused."""
        buckets = self._buckets[name]
        over = max(
            (buckets.used(holder, now_s) + part - buckets.burst for holder, part in holders), default=0
        )
        return over / buckets.rate_per_s if over > 1e-6 else 0.0

    def check(self, name: str, holders: Holders, now_s: float) -> Refusal | None:
        """Return the refusal that one more would meet, without charging anybody."""
        wait_s = self.wait_s(name, holders, now_s)
        return self._rate_refusal(name, holders, now_s, wait_s) if wait_s else None

    def charge(self, name: str, holders: Holders, now_s: float) -> None:
        """Spend one of the limit `name`. Raises OverLimit."""
        if (refusal := self.spend(name, holders, now_s)) is not None:
            raise OverLimit(refusal)

    def require_below(self, name: str, current: int, maximum: int, holder: str = "") -> None:
        """Raise OverLimit when the cap `name` is reached; a maximum of 0 is none."""
        if 0 < maximum <= current:
            raise OverLimit(self.refuse(cap_refusal(name, current, maximum, holder)))

    def refuse(self, refusal: Refusal) -> Refusal:
        """Count a refusal, and tell of it; those of caps come from whoever counts what there is."""
        self.refused[refusal.limit] += 1
        self.on_refused(refusal)
        return refusal

    def nearest(self, name: str, now_s: float) -> tuple[str, float] | None:
        """Return the holder nearest to its limit `name`, and what it has used of its burst."""
        return self._buckets[name].nearest(now_s)

    def rate(self, name: str) -> tuple[float, float]:
        """Return the rate a second and the burst in force."""
        return self._buckets[name].rate_per_s, self._buckets[name].burst

    def _rate_refusal(self, name: str, holders: Holders, now_s: float, wait_s: float) -> Refusal:
        buckets, limit = self._buckets[name], LIMITS[name]
        fullest, used = max(
            ((holder, buckets.used(holder, now_s)) for holder, _ in holders), key=lambda entry: entry[1]
        )
        return self.refuse(
            Refusal(
                limit=name,
                current=used,
                maximum=buckets.burst,
                hint=limit.hint,
                retry_after_s=wait_s,
                status=limit.status,
                holder=fullest,
            )
        )


def cap_refusal(name: str, current: float, maximum: float, holder: str = "") -> Refusal:
    """Return the refusal of a cap of the catalogue that is reached."""
    limit = LIMITS[name]
    return Refusal(
        limit=name,
        current=current,
        maximum=maximum,
        hint=limit.hint,
        retry_after_s=_CAP_RETRY_S,
        status=limit.status,
        holder=holder,
    )
