"""The kinds of value that settings of tokens have, beside those of all settings in `kinds.py`."""

from __future__ import annotations

from urllib.parse import urlsplit

from mediad.config.kinds import FilePath, HttpUrl, different, strings
from mediad.config.listen import is_loopback


class KeysSource(HttpUrl):
    """A file, or a URL that nobody on the way can change the answer of."""

    metavar = "PATH|URL"
    expected = "an absolute path or an https URL (http to this machine alone), without a password"

    def check(self, value: object) -> str:
        if isinstance(value, str) and value.startswith("/"):
            return FilePath().check(value)
        url = super().check(value)
        parts = urlsplit(url)
        if parts.username is not None or parts.password is not None:
            raise ValueError(value)
        if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            raise ValueError(value)
        return url

    def shown(self, value: object) -> object:
        """A path as it is, and of a URL scheme, host and port only: its query may be a secret."""
        return value if isinstance(value, str) and value.startswith("/") else super().shown(value)


class Words:
    """One or more texts that are compared as they are."""

    MOST = 32
    metavar = "TEXT,…"
    expected = f"a text of at most 256 characters, or a list of at most {MOST} different ones"

    def from_text(self, text: str) -> tuple[str, ...]:
        return self.check([part.strip() for part in text.split(",")])

    def check(self, value: object) -> tuple[str, ...]:
        words = strings(value)
        if not all(0 < len(word) <= 256 for word in words):
            raise ValueError(value)
        return different(list(words), self.MOST)
