"""Keys and certificates of one control plane, and the kubeconfigs that use them."""

import secrets
from dataclasses import dataclass
from pathlib import Path

import trustme
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass(frozen=True)
class Credentials:
    """Where the files are that the servers are started with."""

    ca: Path
    server_cert: Path
    server_key: Path
    service_account_key: Path
    tokens: Path
    admin_token: str
    controller_manager_token: str

    @classmethod
    def create(cls, folder: Path) -> "Credentials":
        """Make new ones in `folder`."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = trustme.CA(organization_name="test control plane")
        server = authority.issue_cert("127.0.0.1", "localhost", "kubernetes.default.svc")
        made = cls(
            ca=folder / "ca.pem",
            server_cert=folder / "server.pem",
            server_key=folder / "server-key.pem",
            service_account_key=folder / "service-accounts.pem",
            tokens=folder / "tokens.csv",
            admin_token=secrets.token_hex(16),
            controller_manager_token=secrets.token_hex(16),
        )
        authority.cert_pem.write_to_path(made.ca)
        server.private_key_pem.write_to_path(made.server_key)
        server.cert_chain_pems[0].write_to_path(made.server_cert)
        made.service_account_key.write_bytes(_signing_key())
        users = {"admin": made.admin_token, "system:kube-controller-manager": made.controller_manager_token}
        made.tokens.write_text("".join(f"{t},{u},{u},system:masters\n" for u, t in users.items()))
        return made


def _signing_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def write_kubeconfig(path: Path, server: str, ca: Path, token: str) -> Path:
    """A kubeconfig for one user, readable by its owner only."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": server, "certificate-authority": str(ca)}}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "current-context": "test",
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(config))
    return path
