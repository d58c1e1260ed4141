"""Every reason the operator may give, and the three errors, sorted by what must happen next.

ReconcileError
├── Stalled     a person must act; tried again when spec, Secret or connection changes, and rarely otherwise
├── Waiting     something else must happen first; tried again when it has
└── Transient   try again, with backoff
"""

from enum import StrEnum


class Reason(StrEnum):
    """The closed set of condition and event reasons; part of the API, never renamed."""

    # Good news
    SYNCED = "Synced"
    """The endpoint in Elasticsearch is what the spec asks for; its last answer was compared. Cause: all went well.
    Do: nothing."""
    CREATED = "Created"
    """The endpoint was created in Elasticsearch. Cause: there was none of this id. Do: nothing."""
    UPDATED = "Updated"
    """A change of the spec was applied in place. Cause: the spec was edited. Do: nothing."""
    ADOPTED = "Adopted"
    """An endpoint that existed already was taken over. Cause: its settings equal the spec, or `adoptionPolicy` is Overwrite.
    Do: nothing."""
    SECRET_ROTATED = "SecretRotated"
    """A changed Secret value was applied. Cause: the value that a `secretSettings` entry names is another than before.
    Do: nothing; the old key may be revoked."""
    DRIFT_CORRECTED = "DriftCorrected"
    """The endpoint is again what the spec asks for. Cause: somebody else had changed or deleted it.
    Do: find out who, so that it does not happen again."""
    REPLACED = "Replaced"
    """The endpoint was deleted and created anew. Cause: the change could not be made in place, and `replacePolicy` allows this.
    Do: nothing."""
    OBSERVED = "Observed"
    """The endpoint is only looked at, and the settings that the spec names are so. Cause: `managementPolicy` is Observe.
    Do: nothing."""
    DELETED = "Deleted"
    """The endpoint was deleted from Elasticsearch. Cause: the resource was deleted. Do: nothing."""
    RELEASED = "Released"
    """The resource goes and the endpoint stays in Elasticsearch. Cause: a policy or the release annotation says so, or it was
    never this resource's own. Do: nothing; delete the endpoint by hand if nobody needs it."""
    RESOLVED = "Resolved"
    """Every referenced Secret value was found. Cause: all went well. Do: nothing."""
    CONNECTED = "Connected"
    """The connection leads to Elasticsearch, with valid credentials and sufficient privileges. Cause: all went well.
    Do: nothing."""
    OVER_PRIVILEGED = "OverPrivileged"
    """The credentials may do much more than the operator needs. Cause: they have the privilege `all` or `manage_security`.
    Do: use an API key with `manage_inference` and `monitor`."""

    # The resource itself
    INVALID_SPEC = "InvalidSpec"
    """The resource contradicts itself, or has a secret in plain text. Cause: a field that the message names.
    Do: correct that field."""
    INVALID_SETTINGS = "InvalidSettings"
    """Elasticsearch refused the settings. Cause: one is misspelt, missing, of the wrong type, or not for this service and task
    type. Do: correct what the message names."""
    UNKNOWN_SERVICE = "UnknownService"
    """This cluster does not know the service. Cause: it is misspelt, or younger than this Elasticsearch.
    Do: correct `service`, or upgrade Elasticsearch."""
    UNSUPPORTED_TASK_TYPE = "UnsupportedTaskType"
    """The service does not offer this task type in this cluster. Cause: it is misspelt, or younger than this Elasticsearch.
    Do: choose one that the message lists, or another service."""
    INFERENCE_ID_TAKEN = "InferenceIdTaken"
    """The id is that of a trained model or its deployment. Cause: both share one space of names in the cluster.
    Do: choose another `inferenceId`."""
    OWNERSHIP_CONFLICT = "OwnershipConflict"
    """The id belongs to another resource, or to an endpoint that this one did not make. Cause: two ask for one id, or it was made
    by hand. Do: choose another `inferenceId`, make the spec equal to the endpoint, or set `adoptionPolicy`."""
    REPLACE_REQUIRED = "ReplaceRequired"
    """The change cannot be made in place; the old endpoint serves on. Cause: Elasticsearch cannot change these settings, and
    `replacePolicy` is Never. Do: undo the change, set `replacePolicy`, or delete the resource and create it again."""
    REPLACE_BLOCKED = "ReplaceBlocked"
    """The change needs a replace, which is not safe now; the old endpoint serves on. Cause: pipelines or mappings use it, see
    `status.references`. Do: remove those uses, undo the change, or set `replacePolicy: Force` where that is allowed."""
    ENDPOINT_MISSING = "EndpointMissing"
    """The endpoint is gone and is not created again. Cause: somebody deleted it, and `driftPolicy` or `managementPolicy` leaves
    that to you. Do: create it, or change the policy."""
    EDITED_BY_OTHERS = "EditedByOthers"
    """The endpoint is not what the spec asks for. Cause: somebody else has changed it, see `status.drift`; `driftPolicy` leaves
    it so. Do: take the change over into the spec, or set `driftPolicy: Correct`."""
    TUG_OF_WAR = "TugOfWar"
    """A setting is changed again after each correction, so it is no longer corrected. Cause: another tool or person writes it
    too; the message has both values. Do: stop the other one, then change the spec or ask for a reconcile."""
    UPDATE_NOT_APPLIED = "UpdateNotApplied"
    """Elasticsearch answered 200 and did not take over some settings. Cause: this version ignores them; see `status.notApplied`.
    Do: undo the change, upgrade Elasticsearch, or replace the endpoint."""
    CHUNKING_RESET = "ChunkingReset"
    """An update made Elasticsearch reset the chunking settings. Cause: before 9.4 every update does that, also one that only
    rotates a key. Do: take the new ones over into the spec, upgrade, or create the resource anew."""

    # Secrets
    SECRET_NOT_FOUND = "SecretNotFound"
    """A referenced Secret does not exist in the namespace of the resource. Cause: it is missing, or the reference is wrong.
    Do: create it, or correct the reference."""
    SECRET_KEY_NOT_FOUND = "SecretKeyNotFound"
    """The referenced Secret lacks the named key. Cause: the key is missing, or the reference is wrong.
    Do: add it, or correct the reference."""
    SECRET_FORBIDDEN = "SecretForbidden"
    """The operator may not read the referenced Secret. Cause: its ServiceAccount lacks `get` on Secrets in this namespace.
    Do: grant it."""
    SECRET_VALUE_INVALID = "SecretValueInvalid"
    """The referenced value cannot be used. Cause: it is empty, not UTF-8, or holds characters that cannot be sent.
    Do: write it anew."""
    CONFIG_MAP_NOT_FOUND = "ConfigMapNotFound"
    """The referenced ConfigMap or its key does not exist. Cause: it is missing, or the reference is wrong.
    Do: create it, or correct the reference."""

    # The provider behind the endpoint
    PROVIDER_REFUSED_KEY = "ProviderRefusedKey"
    """The provider refused the key. Cause: it is wrong, expired or revoked, or lacks a right.
    Do: put a valid one into the Secret."""
    PROVIDER_REJECTED = "ProviderRejected"
    """The provider rejected the trial request. Cause: model, url or another setting is not what it expects.
    Do: correct what its words, in the message, name."""
    PROVIDER_UNAVAILABLE = "ProviderUnavailable"
    """The provider did not answer, or is overloaded. Cause: it is down, slow, or limits the rate.
    Do: nothing at first; if it lasts, look at the provider, at `url` and at the network of Elasticsearch."""

    # The model in the cluster (services elasticsearch and elser)
    DEPLOYED = "Deployed"
    """The model is deployed. Cause: all went well; a deployment that has scaled itself to zero counts too. Do: nothing."""
    DEPLOYMENT_STARTED = "DeploymentStarted"
    """The deployment of the model was started again. Cause: it had vanished. Do: find out who stopped it."""
    MODEL_STARTING = "ModelStarting"
    """The model is not deployed yet. Cause: it is being downloaded, or its deployment starts.
    Do: nothing; the first download may take minutes."""
    DEPLOYMENT_MISSING = "DeploymentMissing"
    """The deployment of the model is gone. Cause: somebody stopped it. Do: start it again, or create the resource anew."""
    DEPLOYMENT_FAILED = "DeploymentFailed"
    """The deployment of the model failed. Cause: the message says why. Do: mend that, then ask for a reconcile."""
    NO_CAPACITY = "NoCapacity"
    """No machine learning node has room for the model. Cause: memory or processors are used up.
    Do: add a node, stop another deployment, or ask for fewer allocations."""
    AVAILABILITY_UNKNOWN = "AvailabilityUnknown"
    """Elasticsearch does not say whether the model is deployed. Cause: machine learning is missing, or the right to ask.
    Do: grant `monitor_ml` if this matters; the endpoint itself is looked after."""

    # The connection
    CONNECTION_NOT_FOUND = "ConnectionNotFound"
    """The connection named by `connectionRef` does not exist in this namespace. Cause: it is missing, or the reference is wrong.
    Do: create it, or correct the reference."""
    CONNECTION_NOT_READY = "ConnectionNotReady"
    """The connection cannot be used. Cause: its own status says why. Do: mend the connection."""
    ADDRESS_NOT_ALLOWED = "AddressNotAllowed"
    """The URL leads where tenants may not reach. Cause: it is loopback, link-local, the API server, or plain http.
    Do: correct the URL, or have the operator's administrator allow the host."""
    HOST_UNKNOWN = "HostUnknown"
    """The host name of the URL cannot be resolved. Cause: it is misspelt, or DNS fails. Do: correct the URL, or look at DNS."""
    UNREACHABLE = "Unreachable"
    """Nothing answers at the URL. Cause: the cluster is down, the port is wrong, or a network policy forbids it.
    Do: look at the cluster, the URL and the network."""
    TIMED_OUT = "TimedOut"
    """Elasticsearch did not answer in time. Cause: it or the provider is slow.
    Do: nothing at first; if it lasts, give more `timeout`, or look at the cluster."""
    TLS_VERIFICATION_FAILED = "TLSVerificationFailed"
    """The server's certificate is not trusted, or not for this host. Cause: its CA is unknown here, or the host is another.
    Do: give the right CA under `tls`, or correct the URL."""
    NOT_ELASTICSEARCH = "NotElasticsearch"
    """What answers at the URL is not Elasticsearch. Cause: it is a proxy, a redirect or an error page. Do: correct the URL."""
    UNAUTHORIZED = "Unauthorized"
    """Elasticsearch does not accept the credentials. Cause: they are wrong, expired or revoked.
    Do: put valid ones into the Secret."""
    INSUFFICIENT_PRIVILEGES = "InsufficientPrivileges"
    """The credentials lack a cluster privilege. Cause: the role of the API key or user is too narrow.
    Do: grant `manage_inference` and `monitor`."""
    LICENSE_NON_COMPLIANT = "LicenseNonCompliant"
    """The licence of the cluster does not include inference. Cause: it is basic, or has expired.
    Do: install one that does, or start a trial."""
    UNSUPPORTED_VERSION = "UnsupportedVersion"
    """Elasticsearch is older than 8.18. Cause: the operator relies on what came with that version. Do: upgrade it."""
    CLUSTER_CHANGED = "ClusterChanged"
    """The URL leads to another cluster than before, so nothing is written there.
    Cause: it was restored, rebuilt, or the URL was edited. Do: lead it back, or set `clusterUUID` if the change is meant."""

    # Trouble that passes
    PROGRESSING = "Progressing"
    """Work on the newest generation has begun. Cause: the spec is new. Do: nothing."""
    CREATE_UNRESOLVED = "CreateUnresolved"
    """A create request is still without an outcome. Cause: its answer was lost, and it may still take effect.
    Do: nothing; it is looked at again after its deadline."""
    CHANGED_MEANWHILE = "ChangedMeanwhile"
    """The endpoint changed while it was worked on. Cause: somebody else writes it at the same time.
    Do: nothing, unless it lasts."""
    SERVER_ERROR = "ServerError"
    """Elasticsearch answered with an error of its own. Cause: it starts, recovers, is blocked or has a fault.
    Do: nothing at first; if it lasts, look at the cluster's log."""
    RATE_LIMITED = "RateLimited"
    """Elasticsearch is overloaded. Cause: it answers 429. Do: nothing at first; if it lasts, look at the cluster."""
    KUBERNETES_UNAVAILABLE = "KubernetesUnavailable"
    """The Kubernetes API did not answer as expected. Cause: it is down, or refuses the operator.
    Do: nothing at first; if it lasts, look at the API server and at the operator's role."""
    INTERNAL_ERROR = "InternalError"
    """The operator has a fault. Cause: a case that nobody thought of. Do: please report it with the operator's log."""

    # Deletion
    IN_USE = "InUse"
    """Elasticsearch refuses the deletion. Cause: pipelines or mappings use the endpoint, see `status.references`.
    Do: remove those uses, set `deletionPolicy: ForceDelete`, or release the resource."""
    ENDPOINT_UNREADABLE = "EndpointUnreadable"
    """Elasticsearch cannot read what it has stored, and does not delete it without force.
    Cause: an upgrade or a plug-in took the service away, or the data are damaged. Do: set `deletionPolicy: ForceDelete`."""
    CREDENTIALS_GONE = "CredentialsGone"
    """The credentials needed for the deletion are gone. Cause: their Secret was deleted first.
    Do: restore it, or set the release annotation."""
    STILL_REFERENCED = "StillReferenced"
    """The connection cannot go yet. Cause: endpoints that must still be deleted use it. Do: delete or release them."""


class ReconcileError(Exception):
    """What stopped a reconcile: a reason, and one line that says what to do.

    `retry_after` (seconds) is given where no event will tell when to try again; `ambiguous` says that a request may
    have taken effect all the same; `settings` are the names of the settings that Elasticsearch refused by name.
    """

    settings: tuple[str, ...] = ()

    def __init__(
        self, reason: Reason, message: str, *, retry_after: float | None = None, ambiguous: bool = False
    ) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
        self.retry_after = retry_after
        self.ambiguous = ambiguous


class Stalled(ReconcileError):
    """A person must act."""


class Waiting(ReconcileError):
    """Something else must happen first."""


class Transient(ReconcileError):
    """Try again."""


ABOUT_CONNECTION = frozenset(
    {
        Reason.CONNECTION_NOT_FOUND,
        Reason.CONNECTION_NOT_READY,
        Reason.ADDRESS_NOT_ALLOWED,
        Reason.HOST_UNKNOWN,
        Reason.UNREACHABLE,
        Reason.TLS_VERIFICATION_FAILED,
        Reason.NOT_ELASTICSEARCH,
        Reason.UNAUTHORIZED,
        Reason.INSUFFICIENT_PRIVILEGES,
        Reason.UNSUPPORTED_VERSION,
        Reason.CLUSTER_CHANGED,
    }
)
"""Reasons that are the connection's own; one seen at an endpoint asks for a check of its connection."""

ABOUT_SECRETS = frozenset(
    {
        Reason.SECRET_NOT_FOUND,
        Reason.SECRET_KEY_NOT_FOUND,
        Reason.SECRET_FORBIDDEN,
        Reason.SECRET_VALUE_INVALID,
        Reason.CONFIG_MAP_NOT_FOUND,
    }
)
"""Reasons that concern referenced Secrets and ConfigMaps."""
