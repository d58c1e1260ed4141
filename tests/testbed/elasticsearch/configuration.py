"""The configuration folder of a node: HTTPS, one superuser, and no way out to the real providers.

It is complete in itself, so that the same folder serves any distribution and the official image.
"""

import base64
import hashlib
import secrets
import socket
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import trustme
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from testbed.provider import VENDOR_HOSTS, Provider

ADMIN = "admin"
TRUST_STORE_PASSWORD = b"only-certificates"

LOGGING = textwrap.dedent("""\
    status = error
    appender.console.type = Console
    appender.console.name = console
    appender.console.layout.type = PatternLayout
    appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%consoleException%n
    rootLogger.level = info
    rootLogger.appenderRef.console.ref = console
    """)


@dataclass(frozen=True)
class Configuration:
    """What distinguishes one node of the test bed from another."""

    folder: Path
    http_port: int
    licence: str
    provider: Provider | None
    password: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    authority: trustme.CA = field(default_factory=trustme.CA, repr=False)

    def write(self) -> None:
        """Fill the folder."""
        (self.folder / "elasticsearch.yml").write_text(yaml.safe_dump(self._settings()))
        (self.folder / "jvm.options").write_text("\n".join(self._jvm_options()) + "\n")
        (self.folder / "log4j2.properties").write_text(LOGGING)
        (self.folder / "users").write_text(f"{ADMIN}:{_hashed(self.password)}\n")
        (self.folder / "users_roles").write_text(f"superuser:{ADMIN}\n")
        (self.folder / "hosts").write_text(self._hosts())
        certificate = self.authority.issue_cert("127.0.0.1", "localhost")
        certificate.cert_chain_pems[0].write_to_path(self.folder / "http.pem")
        certificate.private_key_pem.write_to_path(self.folder / "http.key")
        if self.provider:
            (self.folder / "trust.p12").write_bytes(_trust_store(self.provider.ca_file))

    def _settings(self) -> dict[str, object]:
        state = self.folder.parent
        return {
            "node.name": "testbed",
            "cluster.name": "testbed",
            "discovery.type": "single-node",
            "network.host": "127.0.0.1",
            "http.port": self.http_port,
            "transport.port": 0,
            "path.data": str(state / "data"),
            "path.logs": str(state / "logs"),
            "xpack.license.self_generated.type": self.licence,
            "xpack.security.enabled": True,
            "xpack.security.autoconfiguration.enabled": False,
            "xpack.security.transport.ssl.enabled": False,
            "xpack.security.http.ssl.enabled": True,
            "xpack.security.http.ssl.certificate": "http.pem",
            "xpack.security.http.ssl.key": "http.key",
            "cluster.routing.allocation.disk.threshold_enabled": False,
        }

    def _jvm_options(self) -> list[str]:
        """Small and quick to start rather than fast; the hosts file replaces name resolution altogether."""
        options = ["-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]
        options += ["-Djava.io.tmpdir=${ES_TMPDIR}", "20-:--add-modules=jdk.incubator.vector"]
        options += [f"-Djdk.net.hosts.file={self.folder / 'hosts'}"]
        if self.provider:
            options += [
                f"-Djavax.net.ssl.trustStore={self.folder / 'trust.p12'}",
                "-Djavax.net.ssl.trustStoreType=PKCS12",
                f"-Djavax.net.ssl.trustStorePassword={TRUST_STORE_PASSWORD.decode()}",
            ]
        return options

    def _hosts(self) -> str:
        lines = [f"127.0.0.1 localhost {socket.gethostname()}"]
        if self.provider and self.provider.vendor_address:
            lines += [f"{self.provider.vendor_address} {name}" for name in VENDOR_HOSTS]
        return "\n".join(lines) + "\n"


def _hashed(password: str) -> str:
    """The form that the file realm reads, which spares the keystore tool and its own Java start."""
    salt = secrets.token_bytes(32)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 1000)[:32]
    return "{PBKDF2}1000$" + "$".join(base64.b64encode(part).decode() for part in (salt, digest))


def _trust_store(authority: Path) -> bytes:
    certificate = x509.load_pem_x509_certificate(authority.read_bytes())
    entry = pkcs12.PKCS12Certificate(certificate, b"testbed")
    return pkcs12.serialize_java_truststore([entry], BestAvailableEncryption(TRUST_STORE_PASSWORD))
