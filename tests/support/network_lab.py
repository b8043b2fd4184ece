"""A daemon's namespace and one per client, each client behind a link of its own that can be made bad.

The daemon is `SERVER` for all of them, an address of its own namespace's loopback, and is reached by a route
over the client's link and nothing else. IPv4 only.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache

from tests.support.daemon import Daemon
from tests.support.namespace import Namespace
from tests.support.shaped_link import ShapedLink
from tests.support.tun import MTU

SERVER = "10.99.0.1"


@dataclass(frozen=True, slots=True)
class Client:
    """A client's computer: its namespace, its address there, and its only link."""

    name: str
    namespace: Namespace
    address: str
    link: ShapedLink


class NetworkLab:
    """`with NetworkLab(seed) as lab:` then `lab.client("ben").link.set(down=Shape(rate_bps=400_000))`.

    OSError, with the kernel's reason, where namespaces or TUN devices are not to be had.
    """

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self._clients: dict[str, Client] = {}
        self._cleanup = ExitStack()

    def __enter__(self) -> NetworkLab:
        self.server = self._new_namespace()
        try:
            self.server.ip("address", "add", f"{SERVER}/32", "dev", "lo")
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def client(self, name: str) -> Client:
        """The client of that name, connected by a perfect link when it is new."""
        if name not in self._clients:
            self._clients[name] = self._connect(name)
        return self._clients[name]

    def daemon(self) -> Daemon:
        """A daemon to be started inside; it serves `SERVER` alone."""
        return Daemon(
            namespace=self.server, host=SERVER, open=True, listen_ip=SERVER, max_consumer_replicas=4
        )

    def _new_namespace(self) -> Namespace:
        namespace = Namespace()
        self._cleanup.callback(namespace.close)
        return namespace

    def _connect(self, name: str) -> Client:
        number = len(self._clients) + 1
        near, far, interface = f"10.99.{number}.1", f"10.99.{number}.2", f"link{number}"
        namespace = self._new_namespace()
        # The client's interface is called as an ordinary one: browsers rate a tunnel by its name.
        link = ShapedLink((self.server, interface), (namespace, "eth0"), self._seed + 2 * number)
        self._cleanup.callback(link.close)
        for where, device, here, there in (
            (self.server, interface, near, far),
            (namespace, "eth0", far, near),
        ):
            where.ip("link", "set", device, "mtu", str(MTU), "addrgenmode", "none", "up")
            where.ip("address", "add", here, "peer", there, "dev", device)
        namespace.ip("route", "add", "default", "dev", "eth0", "src", far)
        return Client(name, namespace, far, link)


@cache
def refusal() -> str | None:
    """Return the kernel's reason why a lab cannot be built here; None if it can."""
    try:
        with NetworkLab() as lab:
            lab.client("probe")
    except OSError as error:
        return str(error)
    return None
