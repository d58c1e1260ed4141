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
    """The endpoint in Elasticsearch is what the spec asks for; its last answer was compared."""
    CREATED = "Created"
    """The endpoint was created in Elasticsearch."""
    UPDATED = "Updated"
    """A change of the spec was applied in place."""
    ADOPTED = "Adopted"
    """An endpoint that existed already and equals the spec was taken over."""
    SECRET_ROTATED = "SecretRotated"
    """A changed Secret value was applied."""
    DRIFT_CORRECTED = "DriftCorrected"
    """Somebody else had changed or deleted the endpoint; it is again what the spec asks for."""
    REPLACED = "Replaced"
    """The endpoint was deleted and created anew, as the change could not be made in place and `replacePolicy` allows it."""
    OBSERVED = "Observed"
    """The endpoint is only looked at (`managementPolicy: Observe`); the settings that the spec names are so."""
    DELETED = "Deleted"
    """The endpoint was deleted from Elasticsearch."""
    RELEASED = "Released"
    """The resource goes and the endpoint stays in Elasticsearch."""
    RESOLVED = "Resolved"
    """Every referenced Secret value was found."""
    CONNECTED = "Connected"
    """The connection leads to Elasticsearch, with valid credentials and sufficient privileges."""
    OVER_PRIVILEGED = "OverPrivileged"
    """The credentials may do much more than the operator needs; use an API key with manage_inference and monitor."""

    # The resource itself
    INVALID_SPEC = "InvalidSpec"
    """The resource contradicts itself; correct the named field."""
    INVALID_SETTINGS = "InvalidSettings"
    """Elasticsearch refused the settings; correct what its answer names."""
    UNKNOWN_SERVICE = "UnknownService"
    """This cluster does not know the service; correct `service` or upgrade Elasticsearch."""
    UNSUPPORTED_TASK_TYPE = "UnsupportedTaskType"
    """The service does not offer this task type in this cluster; correct `taskType` or `service`."""
    INFERENCE_ID_TAKEN = "InferenceIdTaken"
    """The id is that of a trained model or deployment in the cluster; choose another `inferenceId`."""
    OWNERSHIP_CONFLICT = "OwnershipConflict"
    """Another resource, or an endpoint made by somebody else, owns the id; choose another, or make the spec equal to it."""
    REPLACE_REQUIRED = "ReplaceRequired"
    """The change cannot be made in place; the old endpoint serves on. Undo it, or delete and create the resource."""
    REPLACE_BLOCKED = "ReplaceBlocked"
    """The change needs a replace, and what uses the endpoint forbids it; remove those uses, or undo the change."""
    ENDPOINT_MISSING = "EndpointMissing"
    """The endpoint is gone and is not created again, as `driftPolicy` or `managementPolicy` say; create it, or change those."""
    EDITED_BY_OTHERS = "EditedByOthers"
    """Somebody else has changed the endpoint; see `status.drift`."""
    TUG_OF_WAR = "TugOfWar"
    """Somebody changes the endpoint again and again; find out who, then change the spec or ask for a reconcile."""
    UPDATE_NOT_APPLIED = "UpdateNotApplied"
    """Elasticsearch answered 200 and did not take over some settings; see `status.notApplied`."""
    CHUNKING_RESET = "ChunkingReset"
    """An update made Elasticsearch (before 9.4) reset the chunking settings; take them over, or create the resource anew."""

    # Secrets
    SECRET_NOT_FOUND = "SecretNotFound"
    """A referenced Secret does not exist in the namespace of the resource; create it."""
    SECRET_KEY_NOT_FOUND = "SecretKeyNotFound"
    """The referenced Secret lacks the named key; add it or correct the reference."""
    SECRET_FORBIDDEN = "SecretForbidden"
    """The operator may not read the referenced Secret; grant its ServiceAccount `get`."""
    SECRET_VALUE_INVALID = "SecretValueInvalid"
    """The referenced value is empty, not UTF-8, or holds control characters; write it anew."""
    CONFIG_MAP_NOT_FOUND = "ConfigMapNotFound"
    """The referenced ConfigMap or its key does not exist; create it."""

    # The provider behind the endpoint
    PROVIDER_REFUSED_KEY = "ProviderRefusedKey"
    """The provider refused the key; put a valid one into the Secret."""
    PROVIDER_REJECTED = "ProviderRejected"
    """The provider rejected the trial request; correct model, url or other settings."""
    PROVIDER_UNAVAILABLE = "ProviderUnavailable"
    """The provider did not answer, or is overloaded; tried again by itself."""

    # The model in the cluster (services elasticsearch and elser)
    DEPLOYED = "Deployed"
    """The model is deployed; so is one that has scaled itself to zero."""
    DEPLOYMENT_STARTED = "DeploymentStarted"
    """The deployment of the model had vanished and was started again."""
    MODEL_STARTING = "ModelStarting"
    """The model is being downloaded or its deployment starts; looked at again by itself."""
    DEPLOYMENT_MISSING = "DeploymentMissing"
    """The deployment of the model is gone; start it again, or create the resource anew."""
    DEPLOYMENT_FAILED = "DeploymentFailed"
    """The deployment of the model failed; its message says why."""
    NO_CAPACITY = "NoCapacity"
    """No machine learning node has room for the model; add one, or ask for fewer allocations."""
    AVAILABILITY_UNKNOWN = "AvailabilityUnknown"
    """Elasticsearch does not say whether the model is deployed, for lack of machine learning or of the right to ask."""

    # The connection
    CONNECTION_NOT_FOUND = "ConnectionNotFound"
    """The connection named by `connectionRef` does not exist in this namespace; create it."""
    CONNECTION_NOT_READY = "ConnectionNotReady"
    """The connection is not usable; its own status says why."""
    ADDRESS_NOT_ALLOWED = "AddressNotAllowed"
    """The URL leads to an address that tenants may not reach (loopback, link-local, the API server), or is plain http."""
    HOST_UNKNOWN = "HostUnknown"
    """The host name of the URL cannot be resolved; correct it, or look at DNS."""
    UNREACHABLE = "Unreachable"
    """Nothing answers at the URL; tried again by itself."""
    TIMED_OUT = "TimedOut"
    """Elasticsearch did not answer in time; tried again by itself."""
    TLS_VERIFICATION_FAILED = "TLSVerificationFailed"
    """The server's certificate is not trusted or not for this host; give the right CA under `tls`."""
    NOT_ELASTICSEARCH = "NotElasticsearch"
    """What answers at the URL is not Elasticsearch (a proxy, a redirect, an error page); correct the URL."""
    UNAUTHORIZED = "Unauthorized"
    """Elasticsearch does not accept the credentials; put valid ones into the Secret."""
    INSUFFICIENT_PRIVILEGES = "InsufficientPrivileges"
    """The credentials lack a cluster privilege; grant `manage_inference` and `monitor`."""
    LICENSE_NON_COMPLIANT = "LicenseNonCompliant"
    """The licence of the cluster does not include inference; install one that does."""
    UNSUPPORTED_VERSION = "UnsupportedVersion"
    """Elasticsearch is older than 8.18; upgrade it."""
    CLUSTER_CHANGED = "ClusterChanged"
    """The URL now leads to another cluster than before; nothing is written there until a person sets `clusterUUID`."""

    # Trouble that passes
    PROGRESSING = "Progressing"
    """Work on the newest generation has begun."""
    CREATE_UNRESOLVED = "CreateUnresolved"
    """A create request is still without an outcome; looked at again after its deadline."""
    CHANGED_MEANWHILE = "ChangedMeanwhile"
    """The endpoint changed while it was worked on; looked at again at once."""
    SERVER_ERROR = "ServerError"
    """Elasticsearch answered with an error of its own; tried again by itself."""
    RATE_LIMITED = "RateLimited"
    """Elasticsearch is overloaded; tried again by itself, later."""
    KUBERNETES_UNAVAILABLE = "KubernetesUnavailable"
    """The Kubernetes API did not answer as expected; tried again by itself."""
    INTERNAL_ERROR = "InternalError"
    """A fault of the operator; tried again by itself. Please report it with the operator's log."""

    # Deletion
    IN_USE = "InUse"
    """Elasticsearch refuses the deletion while pipelines or mappings use the endpoint; remove those uses."""
    ENDPOINT_UNREADABLE = "EndpointUnreadable"
    """Elasticsearch cannot read what it has stored and does not delete it without force; use `deletionPolicy: ForceDelete`."""
    CREDENTIALS_GONE = "CredentialsGone"
    """The credentials needed for the deletion are gone; restore them, or set the release annotation."""
    STILL_REFERENCED = "StillReferenced"
    """Endpoints that must still be deleted use this connection; delete or release them first."""


class ReconcileError(Exception):
    """What stopped a reconcile: a reason, and one line that says what to do.

    `retry_after` (seconds) is given where no event will tell when to try again; `ambiguous` says that a request may
    have taken effect all the same.
    """

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
