"""The security API, as far as the operator asks it what it may do and tests make keys and users."""

import json
import re
from typing import Any

from testbed.standin.call import Call
from testbed.standin.profiles import Profile
from testbed.standin.refusal import Refusal, illegal_argument, invalid
from testbed.standin.reply import Reply
from testbed.standin.security import Principal
from testbed.standin.services import DATA

_LIFETIME = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


async def authenticate(call: Call) -> Reply:
    """GET _security/_authenticate: who is asking."""
    call.no_more_parameters()
    who = call.principal
    person: dict[str, Any] = {
        "username": who.user,
        "roles": who.roles,
        "full_name": None,
        "email": None,
        "metadata": {},
    }
    if who.key_id is None:
        realm = {"name": "default_native", "type": "native"}
        how: dict[str, Any] = {"authentication_type": "realm"}
    else:
        realm = {"name": "_es_api_key", "type": "_es_api_key"}
        manager = {"managed_by": "elasticsearch"} if call.cluster.profile.names_key_managers else {}
        key = {**manager, "name": who.key_name, "id": who.key_id}
        how = {"authentication_type": "api_key", "api_key": key}
    return Reply(
        json={**person, "enabled": True, "authentication_realm": realm, "lookup_realm": realm, **how}
    )


async def has_privileges(call: Call) -> Reply:
    """GET or POST _security/user/_has_privileges, for cluster privileges."""
    if not call.body:
        raise Refusal(400, "parse_exception", "request body or source parameter is required")
    call.no_more_parameters()
    body, who = call.document(), call.principal
    if not body.keys() & {"cluster", "index", "application"}:
        text = f"failed to parse privileges check [{who.user}/has_privileges]"
        raise Refusal(
            400, "parse_exception", f"{text}. All privilege fields [cluster,index,applications] are missing"
        )
    cluster, indices = body.get("cluster", []), body.get("index", [])
    if not cluster and not indices:
        raise invalid(["must specify at least one privilege"], "action_request_validation_exception")
    _check_known(cluster, call.cluster.profile)
    held = {privilege: who.has(privilege) for privilege in cluster}
    everywhere = "superuser" in who.roles
    reach = {name: dict.fromkeys(one["privileges"], everywhere) for one in indices for name in one["names"]}
    everything = all(held.values()) and (everywhere or not indices)
    answer = {"username": who.user, "has_all_requested": everything, "cluster": held}
    return Reply(json={**answer, "index": reach, "application": {}})


async def create_key(call: Call) -> Reply:
    """POST _security/api_key; its privileges are the cluster privileges of all role descriptors, or the owner's."""
    call.query.pop("refresh", None)
    call.required_body()
    call.no_more_parameters()
    call.authorize("cluster:admin/xpack/security/api_key/create")
    body = call.document()
    if "name" not in body:
        raise illegal_argument("Required [name]")
    if not body["name"]:
        raise invalid(["api key name is required"], "action_request_validation_exception")
    privileges = _key_privileges(call.principal, body.get("role_descriptors") or {})
    lifetime = _LIFETIME.fullmatch(body.get("expiration") or "")
    seconds = int(lifetime[1]) * _SECONDS[lifetime[2]] if lifetime else None
    key = call.cluster.security.create_key(call.principal.user, body["name"], privileges, seconds)
    expires = {} if key.expires is None else {"expiration": int(key.expires * 1000)}
    answer = {
        "id": key.key_id,
        "name": key.key_name,
        **expires,
        "api_key": key.secret,
        "encoded": key.encoded_key(),
    }
    return Reply(json=answer)


async def invalidate_keys(call: Call) -> Reply:
    """DELETE _security/api_key, by ids."""
    call.required_body()
    call.no_more_parameters()
    call.authorize("cluster:admin/xpack/security/api_key/invalidate")
    known = [key for name in call.document().get("ids", []) if (key := call.cluster.security.keys.get(name))]
    fresh = [key.key_id for key in known if not key.invalidated]
    before = [key.key_id for key in known if key.invalidated]
    for key in known:
        key.invalidated = True
    return Reply(
        json={"invalidated_api_keys": fresh, "previously_invalidated_api_keys": before, "error_count": 0}
    )


async def put_role(call: Call) -> Reply:
    """PUT or POST _security/role/{name}."""
    call.required_body()
    call.authorize("cluster:admin/xpack/security/role/put")
    security, name, body = call.cluster.security, call.parts["name"], call.document()
    created = name not in security.roles
    security.roles[name] = set(body.get("cluster", []))
    security.owned[name] = {
        index for one in body.get("indices", []) if "all" in one["privileges"] for index in one["names"]
    }
    return Reply(json={"role": {"created": created}})


async def put_user(call: Call) -> Reply:
    """PUT or POST _security/user/{name}."""
    call.required_body()
    call.authorize("cluster:admin/xpack/security/user/put")
    security, name, body = call.cluster.security, call.parts["name"], call.document()
    known: Principal | None = security.users.get(name)
    password = body.get("password") or (known.secret if known else None)
    if password is None:
        raise Refusal(
            400,
            "validation_exception",
            "Validation Failed: 1: password must be specified unless you are updating an existing user;",
        )
    security.create_user(name, password, body.get("roles", []))
    return Reply(json={"created": known is None})


def _key_privileges(owner: Principal, roles: dict[str, Any]) -> set[str]:
    wanted = {name for role in roles.values() for name in role.get("cluster", [])}
    if owner.key_id is not None and (wanted or not roles):
        text = "requires an explicit role descriptor that is empty (has no privileges)"
        raise illegal_argument(f"creating derived api keys {text}")
    return {name for name in wanted if owner.has(name)} if roles else set(owner.privileges)


def _check_known(privileges: list[str], profile: Profile) -> None:
    known: list[str] = json.loads((DATA / profile.privileges).read_text())
    for name in privileges:
        if name not in known and not name.startswith("cluster:"):
            text = "a privilege must be either one of the predefined cluster privilege names"
            names = f"[{','.join(known)}] or a pattern over one of the available cluster actions"
            raise illegal_argument(f"unknown cluster privilege [{name}]. {text} {names}")
