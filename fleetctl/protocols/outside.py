"""What a device shows to whoever knocks, without a login: open ports, and what TLS it speaks. Nothing is asked of it.

Only connections and handshakes: no request is ever sent. Source: field facts, standards and checks, 14 to 17.
"""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import warnings
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from fleetctl.errors import Refused
from fleetctl.model import UNSET, Endpoint, Unset, Untold
from fleetctl.protocols import tls

PORTS: Final = (21, 22, 23, 80, 443, 554, 2000, 8000, 8080, 8443, 9000, 34567, 37777, 37778)
"""Ports that are tried: file transfer, consoles, web servers, video, and what makers' own protocols use."""

TIMEOUT_S: Final = 1.5  # for one connection, and for one handshake
_VERSIONS: Final = (
    ("TLSv1", ssl.TLSVersion.TLSv1),
    ("TLSv1.1", ssl.TLSVersion.TLSv1_1),
    ("TLSv1.2", ssl.TLSVersion.TLSv1_2),
    ("TLSv1.3", ssl.TLSVersion.TLSv1_3),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What was seen of one device; UNSET is what cannot be told, such as the certificate of what speaks no TLS."""

    open_ports: tuple[int, ...] | Unset = UNSET
    plain_http: bool | Unset = UNSET  # a web server without encryption listens
    tls_versions: tuple[str, ...] | Unset = UNSET  # that it agrees to: TLSv1, TLSv1.1, TLSv1.2, TLSv1.3
    certificate_days: int | Unset = UNSET  # until it ends; negative: it has
    certificate_trusted: bool | Unset = UNSET  # by tls_fingerprint, by tls_ca_file, or by the system's authorities
    default_login: bool | Unset | Untold = UNSET  # it lets in with its maker's default password


FIELDS: Final = tuple(Outside.__dataclass_fields__)


def look(endpoint: Endpoint) -> Outside:
    """Knock at a device's ports, one after the other, and shake hands with its web server."""
    own = {endpoint.port, endpoint.rtsp_port}
    found = {port: _listens(endpoint.address, port) for port in sorted({*PORTS, *own})}
    secure = endpoint.port if endpoint.scheme == "https" else 443
    plain = endpoint.port if endpoint.scheme == "http" else 80
    strange = tuple(port for port, listens in found.items() if listens and (port not in own or port in PORTS))
    seen = Outside(open_ports=strange, plain_http=found[plain])
    if not found.get(secure):
        return seen
    versions = tuple(name for name, version in _VERSIONS if _certificate(endpoint.address, secure, version) is not None)
    shown = next((c for _, v in reversed(_VERSIONS) if (c := _certificate(endpoint.address, secure, v))), b"")
    return Outside(
        open_ports=strange,
        plain_http=found[plain],
        tls_versions=versions or UNSET,
        certificate_days=_days(shown),
        certificate_trusted=_trusted(endpoint, secure),
    )


def _listens(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), TIMEOUT_S):
            return True
    except OSError:
        return False


def _certificate(address: str, port: int, version: ssl.TLSVersion) -> bytes | None:
    """Return the certificate (DER) that a handshake of just this version shows; None where it is not agreed to.

    Nothing is verified and nothing is sent: what is asked is what the device offers, to anybody.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of old versions: it is them that are looked for
        context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        with (
            socket.create_connection((address, port), TIMEOUT_S) as sock,
            context.wrap_socket(sock, server_hostname=address) as secured,
        ):
            return secured.getpeercert(binary_form=True)
    except (OSError, ValueError):
        return None


def _days(certificate: bytes) -> int | Unset:
    try:
        end = x509.load_der_x509_certificate(certificate).not_valid_after_utc
    except ValueError:
        return UNSET
    return (end - datetime.datetime.now(datetime.UTC)).days


def _trusted(endpoint: Endpoint, port: int) -> bool | Unset:
    try:
        with contextlib.closing(socket.create_connection((endpoint.address, port), TIMEOUT_S)) as sock:
            ca_file, fingerprint = endpoint.tls_ca_file, endpoint.tls_fingerprint
            tls.wrapped(sock, endpoint.address, ca_file=ca_file, fingerprint=fingerprint).close()
    except Refused:
        return False
    except OSError:
        return UNSET
    return True
