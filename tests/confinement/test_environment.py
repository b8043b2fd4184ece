"""The part of an environment that a worker gets."""

from __future__ import annotations

from mediad.confinement.environment import scrubbed


def test_secrets_and_whatever_is_not_known_stay_behind() -> None:
    environ = {
        "JWT_SECRET": "s",
        "MEDIAD_JWT_SECRETS": "s",
        "NETWORK_THROTTLE_SECRET": "s",
        "DATABASE_URL": "s",
        "CREDENTIALS_DIRECTORY": "/run/credentials",
        "NOTIFY_SOCKET": "/run/systemd/notify",
        "PATH": "/bin",
        "LC_ALL": "C",
        "PYTHONPATH": "/x",
        "JOURNAL_STREAM": "8:1",
    }
    assert scrubbed(environ) == {"PATH": "/bin", "LC_ALL": "C", "PYTHONPATH": "/x", "JOURNAL_STREAM": "8:1"}
