"""TLS on the front: certificate files checked before they are used, and replaced while connections go on."""

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
from mediad.words import plural

SOON = datetime.timedelta(days=14)
"""Certificates that end sooner than this are worth a warning: renewal has failed before now."""

logger = logging.getLogger(__name__)


class FrontTls:
    """The front's certificate. Constructing it raises ConfigError for files that do not serve."""

    def __init__(self, settings: Settings) -> None:
        self.context = _context(settings)
        """What new connections are greeted with; it stays the same object for the life of the front."""
        self.certificate = read_certificate(settings)
        self._warn()

    async def prepare(self, settings: Settings) -> Commit:
        """Read the files of `settings` again. Raises ConfigError; then the old certificate goes on."""
        await asyncio.to_thread(_context, settings)  # an attempt on one that is nobody's yet
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
        """When the certificate is no longer valid, in Unix time."""
        return ends(self.certificate).timestamp()

    def _warn(self) -> None:
        left = ends(self.certificate) - datetime.datetime.now(datetime.UTC)
        if left < datetime.timedelta():
            logger.error("the TLS certificate has expired on %s", f"{ends(self.certificate):%Y-%m-%d}")
        elif left < SOON:
            logger.warning("the TLS certificate expires in %s", plural(left.days, "day"))


def ends(certificate: x509.Certificate) -> datetime.datetime:
    """When it is no longer valid, in UTC."""
    return certificate.not_valid_after_utc


def read_certificate(settings: Settings) -> x509.Certificate:
    """The first of the file, which is the front's own. Raises ConfigError."""
    path = settings.tls_certificate
    assert path is not None
    try:
        return x509.load_pem_x509_certificate(Path(path).read_bytes())
    except OSError as error:
        raise _wrong("tls_certificate", path, f"a file mediad may read: {error.strerror}") from None
    except ValueError:
        raise _wrong("tls_certificate", path, "a PEM file with a certificate") from None


def _context(settings: Settings) -> ssl.SSLContext:
    """TLS 1.2 or newer, HTTP/1.1 only: WebSockets are negotiated on it."""
    read_certificate(settings)  # says better what is wrong with it
    certificate, key = settings.tls_certificate, settings.tls_private_key
    assert certificate is not None
    name, path = ("tls_private_key", key) if key is not None else ("tls_certificate", certificate)
    try:
        _readable_key(path)
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
    """Without this OpenSSL would ask on the terminal."""
    return ""


def _wrong(key: str, path: str, expected: str) -> ConfigError:
    return ConfigError(f"{key}: got {path!r}, expected {expected}")
