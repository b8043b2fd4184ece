"""The environment of a verb: the daemon, connected to at the first request, and the output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from mediad.ctl.client import Client, connect

Data = dict[str, Any]


class Session:
    """One run of mediactl.

    Verbs raise the errors that the daemon answers; `main` makes exit codes of them.
    """

    def __init__(self, paths: Sequence[str], *, as_json: bool) -> None:
        self.as_json = as_json
        """True when scripts read: JSON alone goes to standard output."""
        self.paths = paths
        self._client: Client | None = None

    def call(self, method: str, data: Data) -> Data:
        """Send one request; raises as Client.call and `connect` do."""
        return self._connected().call(method, data)

    def stream(self, method: str, data: Data) -> Iterator[Data]:
        """Ask for a stream; raises as Client.stream and `connect` do."""
        return self._connected().stream(method, data)

    def print(self, text: str) -> None:
        """Print a part of the answer at once, without buffering, for readers of a stream."""
        print(text, flush=True)

    def print_json(self, data: object, *, line: bool = False) -> None:
        """Print JSON for scripts; with `line`, one document a line, because more will follow."""
        self.print(json.dumps(data) if line else json.dumps(data, indent=2))

    @property
    def is_terminal(self) -> bool:
        """True when a person reads the output, so that lines may be overwritten."""
        return sys.stdout.isatty() and not self.as_json

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _connected(self) -> Client:
        if self._client is None:
            self._client = connect(self.paths)
        return self._client
