"""Who may do what: API keys and users with cluster privileges, and the refusals of those who may not."""

import base64
import binascii
import secrets
import time
from dataclasses import dataclass, field

from testbed.standin.refusal import Refusal, illegal_argument

_BASIC, _BEARER, _KEY = 'Basic realm="security", charset="UTF-8"', 'Bearer realm="security"', "ApiKey"
_READERS = ("monitor_inference", "manage_inference", "monitor", "manage", "all")
_WRITERS = ("manage_inference", "manage", "all")
_ML_READERS = ("monitor_ml", "monitor", "manage_ml", "manage", "all")
_SECURITY = ("manage_security", "all")
ACTIONS = {
    "cluster:monitor/main": ("monitor", "manage", "all"),
    "cluster:monitor/health": ("monitor", "manage", "all"),
    "cluster:monitor/xpack/inference/get": _READERS,
    "cluster:monitor/xpack/inference/post": _READERS,
    "cluster:monitor/xpack/inference/services/get": _READERS,
    "cluster:admin/xpack/inference/put": _WRITERS,
    "cluster:admin/xpack/inference/update": _WRITERS,
    "cluster:admin/xpack/inference/delete": _WRITERS,
    "cluster:monitor/xpack/ml/inference/stats/get": _ML_READERS,
    "cluster:admin/xpack/ml/trained_models/deployment/start": (
        "manage_inference",
        "manage_ml",
        "manage",
        "all",
    ),
    "cluster:admin/xpack/ml/trained_models/deployment/stop": (
        "manage_inference",
        "manage_ml",
        "manage",
        "all",
    ),
    "cluster:admin/settings/update": ("manage", "all"),
    "cluster:admin/xpack/license/start_basic": ("manage", "all"),
    "cluster:admin/ingest/pipeline/put": ("manage_pipeline", "manage_ingest_pipelines", "manage", "all"),
    "cluster:admin/ingest/pipeline/delete": ("manage_pipeline", "manage_ingest_pipelines", "manage", "all"),
    "cluster:admin/xpack/security/api_key/create": (
        "manage_own_api_key",
        "manage_api_key",
        *_SECURITY,
    ),
    "cluster:admin/xpack/security/api_key/invalidate": ("manage_own_api_key", "manage_api_key", *_SECURITY),
    "cluster:admin/xpack/security/role/put": _SECURITY,
    "cluster:admin/xpack/security/user/put": _SECURITY,
}
_IMPLIED = {
    "manage": {
        "monitor",
        "manage_inference",
        "monitor_inference",
        "manage_ml",
        "monitor_ml",
        "manage_pipeline",
    },
    "manage_inference": {"monitor_inference"},
    "monitor": {"monitor_inference", "monitor_ml"},
    "manage_ml": {"monitor_ml"},
    "manage_security": {"manage_api_key", "manage_own_api_key", "grant_api_key"},
}


@dataclass
class Principal:
    """Somebody who has proven to be somebody."""

    user: str
    privileges: set[str]
    roles: list[str] = field(default_factory=list)
    key_id: str | None = None
    key_name: str | None = None
    secret: str = ""
    expires: float | None = None
    invalidated: bool = False

    def has(self, privilege: str) -> bool:
        """Whether a cluster privilege is held, by name or by one that includes it."""
        implied = set().union(*(_IMPLIED.get(held, set()) for held in self.privileges))
        return "all" in self.privileges or privilege in self.privileges | implied

    def encoded_key(self) -> str:
        """An API key as the Authorization header takes it."""
        return base64.b64encode(f"{self.key_id}:{self.secret}".encode()).decode()

    def describe(self) -> str:
        """The principal as the 403 names it."""
        if self.key_id is not None:
            return f"API key id [{self.key_id}] of user [{self.user}]"
        return f"user [{self.user}] with effective roles [{','.join(self.roles)}]"

    def authorize(self, action: str) -> None:
        """Refuses an action that needs a privilege the principal lacks."""
        needed = ACTIONS[action]
        if not self.privileges & set(needed):
            granted = f"this action is granted by the cluster privileges [{','.join(needed)}]"
            reason = f"action [{action}] is unauthorized for {self.describe()}, {granted}"
            raise Refusal(403, "security_exception", reason)


class _Undecodable(Exception):
    """Text that is not in base 64."""


class _Unauthenticated(Exception):
    def __init__(
        self, reason: str, details: dict[str, str] | None = None, *, cause: str | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details or {}
        self.cause = None if cause is None else illegal_argument(cause)


@dataclass
class Security:
    """All credentials of a cluster."""

    keys: dict[str, Principal] = field(default_factory=dict)
    users: dict[str, Principal] = field(default_factory=dict)
    roles: dict[str, set[str]] = field(default_factory=dict)
    owned: dict[str, set[str]] = field(default_factory=dict)
    """The indices with which a role may do all."""
    tokens: bool = False
    """Whether the server would take tokens, as it does over TLS; it only says so."""

    def create_key(
        self, owner: str, name: str, privileges: set[str], lifetime: float | None = None
    ) -> Principal:
        """A new API key."""
        expires = None if lifetime is None else time.time() + lifetime
        key_id, secret = secrets.token_urlsafe(15), secrets.token_urlsafe(16)
        key = Principal(owner, privileges, key_id=key_id, key_name=name, secret=secret, expires=expires)
        self.keys[key_id] = key
        return key

    def create_user(self, name: str, password: str, roles: list[str]) -> Principal:
        """A new user, or another password and other roles for an existing one."""
        privileges = set().union(*(self.roles.get(role, set()) for role in roles))
        self.users[name] = Principal(name, privileges, roles=roles, secret=password)
        return self.users[name]

    def authenticate(self, header: str | None, path: str) -> Principal:
        """Whose credentials the Authorization header carries; raises the 401 if nobody's."""
        try:
            return self._identify(header, path)
        except _Unauthenticated as error:
            challenges = [_BASIC, *([_BEARER] if self.tokens else []), _KEY]
            raise Refusal(
                401,
                "security_exception",
                error.reason,
                details={**error.details, "header": {"WWW-Authenticate": challenges}},
                headers={"WWW-Authenticate": ", ".join(challenges)},
                cause=error.cause,
            ) from error

    def _identify(self, header: str | None, path: str) -> Principal:
        scheme, _, value = (header or "").partition(" ")
        match scheme.lower():
            case "apikey":
                return self._by_key(value.strip())
            case "basic":
                return self._by_password(value.strip(), path)
            case "bearer":
                raise _unknown("oauth2 token: invalid token")
        raise _Unauthenticated(f"missing authentication credentials for REST request [{path}]")

    def _by_key(self, encoded: str) -> Principal:
        try:
            key_id, colon, secret = _decoded(encoded).partition(":")
        except _Undecodable as error:
            raise _unknown(f"API key: {error}") from error
        if not colon:
            raise _unknown("API key: invalid ApiKey value")
        key = self.keys.get(key_id)
        if key is None:
            raise _unknown(f"API key: unable to find apikey with id {key_id}")
        if not secrets.compare_digest(key.secret, secret):
            raise _unknown(f"API key: invalid credentials for API key [{key_id}]")
        if key.invalidated:
            raise _unknown(f"API key: api key [{key_id}] has been invalidated")
        if key.expires is not None and key.expires <= time.time():
            raise _unknown("API key: api key is expired")
        return key

    def _by_password(self, encoded: str, path: str) -> Principal:
        try:
            name, colon, password = _decoded(encoded).partition(":")
        except _Undecodable as error:
            raise _Unauthenticated(
                "invalid basic authentication header encoding", cause=str(error)
            ) from error
        if not colon:
            raise _Unauthenticated("invalid basic authentication header value")
        user = self.users.get(name)
        if user is None or not secrets.compare_digest(user.secret, password):
            raise _Unauthenticated(f"unable to authenticate user [{name}] for REST request [{path}]")
        return user


def _decoded(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
        wrong = next((character for character in encoded if character not in alphabet), "=")
        raise _Undecodable(f"Illegal base64 character {ord(wrong):x}") from error


def _unknown(why: str) -> _Unauthenticated:
    reason = "unable to authenticate with provided credentials and anonymous access is not allowed for this request"
    return _Unauthenticated(reason, {"additional_unsuccessful_credentials": why})
