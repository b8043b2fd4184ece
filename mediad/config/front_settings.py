"""The settings of the front: where clients connect, and who may."""

from __future__ import annotations

from dataclasses import dataclass

from mediad.config.key import key_field
from mediad.config.kinds import FilePath, Host, Origins, Whole


@dataclass(frozen=True, slots=True)
class FrontSettings:
    """The front of one daemon. The defaults serve 127.0.0.1 only."""

    host: str = key_field("127.0.0.1", Host(), "address the HTTP and WebSocket front listens on")
    port: int = key_field(3000, Whole(0, 65535), "TCP port of the front; 0 takes any free one", "PORT")
    tls_certificate: str | None = key_field(
        None,
        FilePath(),
        "PEM file with the front's certificate and its chain, for https and wss; unset, there is no TLS",
        live=True,
        example="/etc/mediad/tls/fullchain.pem",
    )
    tls_private_key: str | None = key_field(
        None,
        FilePath(),
        "PEM file with the certificate's private key; unset, it is in the certificate's file",
        live=True,
        example="/etc/mediad/tls/privkey.pem",
    )
    cors_origins: tuple[str, ...] | None = key_field(
        None,
        Origins(),
        "web origins whose pages may open connections and read the HTTP API; unset, any page may open "
        "connections and only pages from here may read",
        "CORS_ORIGIN",
        live=True,
        example=["https://app.example.com"],
    )
