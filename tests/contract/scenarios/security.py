"""Who may do what, and what the others are told."""

from base64 import b64encode
from typing import Any

from contract.steps import Request, Scenarios, delete, get, openai, post, put, update

_A = "text_embedding/a"
_WRONG = (
    "Basic " + b64encode(b"nobody:secret").decode(),
    "Basic " + b64encode(b"nocolon").decode(),
    "Basic !!!",
    "ApiKey " + b64encode(b"no-such:secret").decode(),
    "ApiKey " + b64encode(b"nocolon").decode(),
    "ApiKey !!!",
    "Bearer garbage",
    "Digest x y",
    "apikey " + b64encode(b"no-such:secret").decode(),
)
_QUESTIONS: tuple[Any, ...] = (
    {"cluster": ["manage_inference", "monitor"]},
    {"cluster": ["all", "manage_security", "monitor_inference", "manage"]},
    {"cluster": ["manage_inference"], "index": [{"names": ["x"], "privileges": ["read"]}]},
    {"cluster": []},
    {"cluster": ["no-such"]},
    {},
    None,
)
_KEYS: tuple[Any, ...] = (
    {"name": "one", "role_descriptors": {"r": {"cluster": ["monitor"], "indices": []}}},
    {"name": "one", "expiration": "1h", "role_descriptors": {}},
    {"role_descriptors": {}},
    {"name": "one", "bogus": 1},
    {"name": "one", "role_descriptors": {"r": {"cluster": ["no-such"]}}},
    {"name": ""},
    None,
)


def _everything(who: str | tuple[str, ...]) -> list[Request]:
    """Each call that the operator makes, by somebody."""
    return [
        get("/", who=who),
        get("", who=who),
        get("a", who=who),
        get("no-such", who=who),
        get("_services", who=who),
        put("text_embedding/b", openai(), who=who),
        update(_A, {"task_settings": {"user": "u"}}, who=who),
        post("a", {"input": "ping"}, who=who),
        delete("no-such", who=who),
        delete("a?dry_run=true", who=who),
        delete("b", who=who),
        get("/_security/_authenticate", who=who),
    ]


SCENARIOS: Scenarios = {
    **{
        f"what a key may do that has {' and '.join(privileges) or 'nothing'}": [
            put(_A, openai()),
            *_everything(privileges),
        ]
        for privileges in (
            ("manage_inference", "monitor"),
            ("manage_inference",),
            ("monitor_inference",),
            ("monitor",),
            ("manage",),
            ("all",),
            ("manage_security",),
            (),
        )
    },
    "what somebody without credentials may do": [put(_A, openai()), *_everything("nobody")],
    "what somebody with wrong credentials is told": [
        request for who in _WRONG for request in (get("a", who=who), put(_A, openai(), who=who))
    ],
    "which of the privileges one has": [
        post("/_security/user/_has_privileges", body, who=("manage_inference", "monitor"))
        for body in _QUESTIONS
    ],
    "making a key": [post("/_security/api_key", body) for body in _KEYS],
    "making a key with a key": [
        post("/_security/api_key", {"name": "one", "role_descriptors": {}}, who=who)
        for who in (("monitor",), ("manage_own_api_key",), ("manage_security",))
    ],
}
