"""What a verb works with: the daemon, connected to when it is first asked, and where the answer goes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from mediad.ctl.client import Client, connect

Data = dict[str, Any]


class Session:
    """One run of mediactl. The verbs raise what the daemon answers; `main` turns it into an exit code."""

    def __init__(self, paths: Sequence[str], *, as_json: bool) -> None:
        self.as_json = as_json
        """Scripts are reading: JSON goes to standard output and nothing else does."""
        self.paths = paths
        self._client: Client | None = None

    def call(self, method: str, data: Data) -> Data:
        """Ask once; raises as Client.call and `connect` do."""
        return self._connected().call(method, data)

    def stream(self, method: str, data: Data) -> Iterator[Data]:
        """Ask for a stream; raises as Client.stream and `connect` do."""
        return self._connected().stream(method, data)

    def print(self, text: str) -> None:
        """A piece of the answer, out at once: whoever reads a stream wants it now."""
        print(text, flush=True)

    def print_json(self, data: object, *, line: bool = False) -> None:
        """The same for scripts; `line` when more will follow, one document a line."""
        self.print(json.dumps(data) if line else json.dumps(data, indent=2))

    @property
    def is_terminal(self) -> bool:
        """A person looks at the output, and lines may be overwritten."""
        return sys.stdout.isatty() and not self.as_json

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _connected(self) -> Client:
        if self._client is None:
            self._client = connect(self.paths)
        return self._client
