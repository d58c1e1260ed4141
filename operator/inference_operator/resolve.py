"""From references to what they refer to: the connection's session, the Secrets, and who owns the id."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.api.v1alpha1 import (
    FINALIZER,
    InferenceEndpointSpec,
    InferenceEndpointStatus,
    LiveSecret,
    SecretSetting,
)
from inference_operator.context import Context
from inference_operator.endpoint import ABSENT, DEEPEST, definition_of, is_deep, segments, value_at
from inference_operator.errors import Reason, Stalled, Waiting
from inference_operator.findings import AdoptionPolicy, Desired, DriftPolicy, ReplacePolicy
from inference_operator.objects import About, Key, Raw, Secret, finalizers_of, is_deleting
from inference_operator.references import existing_secret, key_missing, parse_status, value_in
from inference_operator.secret import SecretValue
from inference_operator.session import Session
from inference_operator.store import SecretId, SecretRecord, connection_of


def desired_of(subject: "Subject", spec: InferenceEndpointSpec) -> Desired:
    """What the spec asks for, and how far one may go for it."""
    return Desired(
        spec.inference_id or subject.key.name,
        definition_of(spec),
        secrets=frozenset(s.path for s in spec.secret_settings),
        drift=DriftPolicy(spec.drift_policy),
        replacement=ReplacePolicy(spec.replace_policy),
        adoption=AdoptionPolicy(spec.adoption_policy),
    )


class NotYet(Exception):
    """The connection has not been checked by this process yet; its first check wakes its endpoints."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The resource that a reconcile is about."""

    key: Key
    raw: Raw
    status: InferenceEndpointStatus

    @property
    def about(self) -> About:
        """The resource as reports name it."""
        return About(self.key, self.raw)

    @property
    def generation(self) -> int:
        """Generation of the spec."""
        return int(self.raw["metadata"].get("generation", 0))

    @property
    def deleting(self) -> bool:
        """Whether somebody has deleted it."""
        return is_deleting(self.raw)

    @property
    def finalizers(self) -> list[str]:
        """All finalizers on it."""
        return finalizers_of(self.raw)

    @property
    def annotations(self) -> Mapping[str, str]:
        """The annotations that mean something to the operator."""
        return self.raw["metadata"].get("annotations") or {}

    @property
    def has_finalizer(self) -> bool:
        """Whether ours is among the finalizers."""
        return FINALIZER in self.finalizers


def subject_of(key: Key, raw: Raw) -> Subject:
    """The resource with its status."""
    return Subject(key, raw, parse_status(InferenceEndpointStatus, raw))


def check_settings(spec: InferenceEndpointSpec) -> None:
    """Raises Stalled where the settings cannot be sent, or a secret setting cannot be put at its path."""
    definition = definition_of(spec)
    if is_deep(definition):
        raise Stalled(
            Reason.INVALID_SPEC,
            f"the settings are nested more than {DEEPEST} levels deep, which no service takes; correct them",
        )
    for setting in spec.secret_settings:
        if value_at(definition, setting.path) is not ABSENT:
            raise Stalled(
                Reason.INVALID_SPEC, f"{setting.path} is given both in the settings and in secretSettings"
            )
        section, *keys = segments(setting.path)
        node: Any = definition.section(section)
        for key in keys[:-1]:
            node = node.get(key, {})
            if not isinstance(node, Mapping):
                raise Stalled(
                    Reason.INVALID_SPEC,
                    f"secretSettings: {setting.path} leads through a value that is not an object",
                )


def session_for(ctx: Context, subject: Subject) -> Session:
    """The session of the connection that the endpoint names; it may have a problem.

    Raises:
        Waiting: there is no such connection.
        NotYet: the connection has not been checked yet.
    """
    connection = connection_of(*subject.about)
    if session := ctx.sessions.get(connection):
        return session
    if ctx.store.get(connection) is None:
        raise Waiting(
            Reason.CONNECTION_NOT_FOUND,
            f"there is no ElasticsearchConnection {connection.name!r} in namespace {connection.namespace!r}; create it",
        )
    raise NotYet


@dataclass(frozen=True, slots=True)
class SecretState:
    """A secret setting, and what is remembered of the Secret it names."""

    setting: SecretSetting
    record: SecretRecord

    @property
    def fingerprint(self) -> bytes:
        """Fingerprint of the value."""
        return self.record.fingerprints[self.setting.secret_key_ref.key]


async def secret_states(ctx: Context, namespace: str, spec: InferenceEndpointSpec) -> list[SecretState]:
    """The state of every Secret that the spec names, without reading a value where none is new.

    Raises:
        Waiting: a Secret or key is missing.
    """
    return [await _secret_state(ctx, namespace, setting) for setting in spec.secret_settings]


async def _secret_state(ctx: Context, namespace: str, setting: SecretSetting) -> SecretState:
    ref = setting.secret_key_ref
    record = ctx.store.secret(SecretId(namespace, ref.name))
    if record is None or ref.key not in record.fingerprints:
        # The watch may be behind: ask before saying that something is missing.
        record = record_of(ctx, await existing_secret(ctx, namespace, ref.name))
    if ref.key not in record.fingerprints:
        raise key_missing(namespace, ref.name, ref.key)
    return SecretState(setting, record)


def record_of(ctx: Context, secret: Secret) -> SecretRecord:
    """What is remembered of a Secret."""
    return SecretRecord(
        secret.uid, secret.resource_version, {k: ctx.fingerprint(v) for k, v in secret.data.items()}
    )


@dataclass(frozen=True, slots=True)
class LoadedSecrets:
    """The secret values of one request, and which versions of the Secrets they are."""

    values: Mapping[str, SecretValue]
    states: list[SecretState]

    def fingerprints(self) -> dict[str, bytes]:
        """The fingerprint of each value, by path."""
        return fingerprints(self.states)

    def live(self, applied_at: str, *, checked: bool) -> list[LiveSecret]:
        """The record that the status keeps once the values are in force; `checked` by the provider or not."""
        return [
            LiveSecret(
                path=s.setting.path,
                name=s.setting.secret_key_ref.name,
                key=s.setting.secret_key_ref.key,
                resource_version=s.record.resource_version,
                applied_at=applied_at,
                checked=checked,
            )
            for s in self.states
        ]


def fingerprints(states: list[SecretState]) -> dict[str, bytes]:
    """The fingerprint of each value, by path."""
    return {s.setting.path: s.fingerprint for s in states}


async def load_secrets(ctx: Context, namespace: str, spec: InferenceEndpointSpec) -> LoadedSecrets:
    """Read the values of all secret settings, for one request to Elasticsearch.

    Raises:
        Waiting: a Secret or key is missing.
        Stalled: a value cannot be used.
    """
    read: dict[str, Secret] = {}  # each once, so that values of one Secret are of one version
    values, states = {}, []
    for setting in spec.secret_settings:
        ref = setting.secret_key_ref
        if ref.name not in read:
            read[ref.name] = await existing_secret(ctx, namespace, ref.name)
        secret = read[ref.name]
        values[setting.path] = value_in(ctx, secret, SecretId(namespace, ref.name), ref.key)
        states.append(SecretState(setting, record_of(ctx, secret)))
    return LoadedSecrets(values, states)


def secrets_changed(
    states: list[SecretState], live: Mapping[str, bytes] | None, status: InferenceEndpointStatus
) -> bool:
    """Whether the values differ from those in force.

    Within one process the values tell. After a restart only the recorded versions of the Secrets can.
    """
    if live is not None:
        return fingerprints(states) != live
    recorded = {(s.path, s.name, s.key, s.resource_version) for s in status.secrets}
    current = {
        (
            s.setting.path,
            s.setting.secret_key_ref.name,
            s.setting.secret_key_ref.key,
            s.record.resource_version,
        )
        for s in states
    }
    return recorded != current


def secrets_unsent(
    live: Mapping[str, bytes] | None, status: InferenceEndpointStatus, generation: int
) -> bool:
    """Whether this resource has never sent the secrets of an endpoint that it took over, as far as is known."""
    adopted_as_is = status.applied is None or status.applied.generation == generation
    return live is None and not status.secrets and adopted_as_is and status.operation is None
