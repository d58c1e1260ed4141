"""Every pair of service and task type, with the smallest endpoint that is valid: the settings that the catalogue calls required.

What they are set to stands in `samples`; the provider's URL is put in where a setting takes one.
"""

import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from inference_operator.catalogue import Service, Setting, load
from testbed.builders import Endpoint, Secret, endpoint
from testbed.pairs.samples import MAPS, PATHS, SAMPLES, WANTED

PROVIDER = "https://provider.example"
"""Where examples for people have their provider."""


@dataclass(frozen=True)
class Pair:
    """A service with one of its task types."""

    service: str
    task_type: str

    @property
    def known(self) -> Service:
        """What the catalogue knows about the service."""
        return load().services[self.service]

    @property
    def name(self) -> str:
        """A name for its endpoint."""
        return f"{self.service}-{self.task_type}".replace("_", "-")

    @property
    def in_cluster(self) -> bool:
        """Whether it is a model in the cluster itself, without a provider and without a secret."""
        return self.service in {"elasticsearch", "elser"}

    def endpoint(self, name: str, secret: str, provider: str = PROVIDER) -> Endpoint:
        """The smallest endpoint, its secrets in the Secret of that name, its provider at that URL."""
        result = endpoint(name, service=self.service, task_type=self.task_type)
        for path, setting in self.needed().items():
            *_, section, key = path.split("/")
            if setting.secret:
                part = MAPS.get(key)
                result = result.with_secret(secret, part or key, f"{path}/{part}" if part else path)
            else:
                settings = {**result.spec.get(section, {}), key: self.sample(key, provider)}
                result = result.with_spec(**{section: settings})
        return result

    def body(self, secret: Secret, provider: str) -> dict[str, Any]:
        """What the operator is to send when it creates that endpoint."""
        spec = self.endpoint(self.name, secret.name, provider).spec
        sections = {
            "service_settings": spec["serviceSettings"],
            "task_settings": spec.get("taskSettings", {}),
        }
        for path, value in self.secrets(secret).items():
            *parents, key = path.removeprefix("/serviceSettings/").split("/")
            values = sections["service_settings"]
            for parent in parents:
                values = values.setdefault(parent, {})
            values[key] = value
        return {"service": self.service, **sections}

    def secrets(self, secret: Secret) -> dict[str, str]:
        """The secret values by their paths in the spec."""
        settings = self.endpoint(self.name, secret.name).spec.get("secretSettings", [])
        return {setting["path"]: secret.values[setting["secretKeyRef"]["key"]] for setting in settings}

    def needed(self) -> dict[str, Setting]:
        """The settings without which there is no endpoint, by their paths."""
        wanted = WANTED.get(self.service) or WANTED.get(f"{self.service}.{self.task_type}", [])
        settings = self.known.settings(self.task_type)
        return {path: setting for path, setting in settings.items() if setting.required or path in wanted}

    def sample(self, setting: str, provider: str) -> Any:
        """A value for a setting."""
        names = [f"{self.service}.{self.task_type}.{setting}", f"{self.service}.{setting}", setting]
        value = next((SAMPLES[name] for name in names if name in SAMPLES), None)
        if value is None and setting == "url":
            return provider + PATHS[self.task_type]
        return value.replace("{provider}", provider) if isinstance(value, str) else value


PAIRS = tuple(Pair(name, task) for name, service in load().services.items() for task in service.task_types)


def secret_values(name: str, key: str, provider: str) -> Secret:
    """A Secret with all that any pair needs; `key` wherever one text is the secret."""
    names = {"access_key", "secret_key", "api_key"}
    return Secret(
        name, {**dict.fromkeys(names, key), "service_account_json": _service_account(key, provider)}
    )


def _service_account(key_id: str, provider: str) -> str:
    """A key file as Google issues it, whose tokens come from the provider."""
    private_key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {
        "type": "service_account",
        "project_id": "my-project",
        "private_key_id": key_id,
        "private_key": private_key.decode(),
        "client_email": "testbed@my-project.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": f"{provider}/token",
    }
    return json.dumps(account)
