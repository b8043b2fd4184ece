"""RevocationFile: keeps what operators have revoked, so that a restart does not let it in again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mediad.errors import ConfigError, InvalidInput
from mediad.secret_files import replace_file
from mediad.tokens.revocations import Revocations

NAME = "revoked-tokens"


class RevocationFile:
    """The file in $STATE_DIRECTORY; without one, revocations last as long as the daemon."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        directory = environ.get("STATE_DIRECTORY", "").split(":")[0]
        self.path = Path(directory) / NAME if directory else None

    def load(self, revocations: Revocations, now_s: float) -> None:
        """Take what was revoked before the start. Raises ConfigError for a file that cannot be used."""
        if self.path is None or not self.path.exists():
            return
        try:
            revocations.load(self.path.read_bytes(), now_s)
        except (OSError, InvalidInput) as error:
            raise ConfigError(
                f"{self.path}: the tokens that were revoked cannot be read: {error}; mend the file, or "
                "remove it if none of them need be refused any more"
            ) from None

    def save(self, revocations: Revocations, now_s: float) -> str:
        """Write what is revoked, and return what is to be said about how long it lasts, if not for good."""
        if self.path is None:
            return "kept in memory alone, until mediad ends: there is no state directory ($STATE_DIRECTORY)"
        try:
            replace_file(self.path, revocations.dump(now_s), durable=True)
        except OSError as error:
            return f"kept in memory alone, until mediad ends: {self.path} cannot be written: {error.strerror}"
        return ""
