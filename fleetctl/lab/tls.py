"""HTTPS of the lab: an authority made when the lab is, a certificate per address when it is first asked for."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import warnings
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_LIFE = datetime.timedelta(days=3650)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class Authority:
    """The lab's own certificate authority, kept in a folder; `ca_file` is what clients trust."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ca_file = folder / "ca.pem"
        self._contexts: dict[str, ssl.SSLContext] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if not self.ca_file.exists():
            self._make()
        self._key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
        self._ca = x509.load_pem_x509_certificate(self.ca_file.read_bytes())

    def _make(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        name = _name("fleetctl lab authority")
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + _LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.KeyUsage(True, False, False, False, False, True, True, False, False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        (self._folder / "ca.key").write_bytes(_pem(key))
        (self._folder / "ca.key").chmod(0o600)
        self.ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def wrapped(
        self, sock: socket.socket, address: str, *, old: bool = False, days: int | None = None
    ) -> ssl.SSLSocket:
        """Return the socket with TLS for one address; the handshake is still to come.

        `old`: TLS 1.0 is agreed to as well; `days`: until its certificate ends.
        """
        key = f"{address} {old} {days}"
        if key not in self._contexts:
            self._contexts[key] = self.context(address) if not old and days is None else self._bad(address, old, days)
        return self._contexts[key].wrap_socket(
            sock, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True
        )

    def context(self, address: str) -> ssl.SSLContext:
        """Return a device's context; its key and certificate are kept on disk, so that a fingerprint stays true."""
        path = self._folder / f"{address}.pem"
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_bytes(self._issue(address))
            part.replace(path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(path)
        return context

    def _bad(self, address: str, old: bool, days: int | None) -> ssl.SSLContext:
        path = self._folder / f"{address}.bad.pem"
        path.write_bytes(self._issue(address, _LIFE if days is None else datetime.timedelta(days=days, minutes=5)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1 if old else ssl.TLSVersion.TLSv1_2
        if old:
            context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_cert_chain(path)
        return context

    def _issue(self, address: str, life: datetime.timedelta = _LIFE) -> bytes:
        if not isinstance(self._key, ec.EllipticCurvePrivateKey):
            raise TypeError("the lab's authority has a key of another kind")
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(address))
            .issuer_name(self._ca.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=400))
            .not_valid_after(now + life)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _pem(key) + certificate.public_bytes(serialization.Encoding.PEM)
