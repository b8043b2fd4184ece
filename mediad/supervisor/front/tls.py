"""TLS on the front: certificate files are checked before use, and replaced while connections stay open."""

from __future__ import annotations

import asyncio
import datetime
import logging
import ssl
from pathlib import Path

from cryptography import x509

from mediad.config.live import Commit
from mediad.config.settings import Settings
from mediad.errors import ConfigError
from mediad.secret_files import exposure
from mediad.words import plural

SOON = datetime.timedelta(days=14)
"""The time before a certificate's end at which a warning is logged: renewal should have happened by then."""

logger = logging.getLogger(__name__)


class FrontTls:
    """The front's certificate. The constructor raises ConfigError for files that cannot be used."""

    def __init__(self, settings: Settings) -> None:
        self.context = _context(settings)
        """The context of new connections; the same object as long as the front lives."""
        self.certificate = read_certificate(settings)
        self._warn()

    async def prepare(self, settings: Settings) -> Commit:
        """Read the files of `settings` again. Raises ConfigError; the old certificate then stays in use."""
        await asyncio.to_thread(_context, settings)  # a trial on a context that is not in use
        certificate = read_certificate(settings)

        def commit() -> str | None:
            assert settings.tls_certificate is not None
            self.context.load_cert_chain(settings.tls_certificate, settings.tls_private_key, _no_password)
            renewed = certificate != self.certificate
            self.certificate = certificate
            self._warn()
            return f"new TLS certificate, valid until {ends(certificate):%Y-%m-%d}" if renewed else None

        return commit

    def ends_s(self) -> float:
        """The end of the certificate, in Unix time (seconds)."""
        return ends(self.certificate).timestamp()

    def _warn(self) -> None:
        left = ends(self.certificate) - datetime.datetime.now(datetime.UTC)
        if left < datetime.timedelta():
            logger.error(
                "the TLS certificate expired on %s, browsers refuse it: renew it, then run mediactl reload",
                f"{ends(self.certificate):%Y-%m-%d}",
            )
        elif left < SOON:
            logger.warning(
                "the TLS certificate expires in %s; renew it, then run mediactl reload",
                plural(left.days, "day"),
            )


def ends(certificate: x509.Certificate) -> datetime.datetime:
    """The end of a certificate, in UTC."""
    return certificate.not_valid_after_utc


def read_certificate(settings: Settings) -> x509.Certificate:
    """The first certificate of the file, which is the front's own. Raises ConfigError."""
    path = settings.tls_certificate
    assert path is not None
    try:
        return x509.load_pem_x509_certificate(Path(path).read_bytes())
    except OSError as error:
        raise _wrong("tls_certificate", path, f"a file mediad may read: {error.strerror}") from None
    except ValueError:
        raise _wrong("tls_certificate", path, "a PEM file with a certificate") from None


def _context(settings: Settings) -> ssl.SSLContext:
    """A context for TLS 1.2 or newer, HTTP/1.1 only, since WebSockets need it. Raises ConfigError."""
    read_certificate(settings)  # its errors are clearer than those of OpenSSL
    certificate, key = settings.tls_certificate, settings.tls_private_key
    assert certificate is not None
    name, path = ("tls_private_key", key) if key is not None else ("tls_certificate", certificate)
    try:
        _readable_key(path)
        if (problem := exposure(path)) is not None:
            raise ConfigError(f"{name}: got {path!r}, and {problem}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key, _no_password)
    except ssl.SSLError as error:
        if "MISMATCH" in (error.reason or ""):
            raise _wrong(name, path, f"the private key of the certificate in {certificate}") from None
        raise _wrong(name, path, "a PEM file with a private key, not encrypted") from None
    except OSError as error:
        raise _wrong(name, path, f"a file mediad may read: {error.strerror}") from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def _readable_key(path: str) -> None:
    with open(path, "rb"):
        pass


def _no_password() -> str:
    """An empty password; without this function OpenSSL would ask on the terminal."""
    return ""


def _wrong(key: str, path: str, expected: str) -> ConfigError:
    return ConfigError(f"{key}: got {path!r}, expected {expected}")
