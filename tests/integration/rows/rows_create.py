"""Section 1.1: the checks of a create request, in their order."""

from functools import partial

from inference_operator.errors import Reason, Stalled, Transient
from integration.rows.bench import ID, INDEX, REFUSED, Bench, Do, Row
from testbed.standin.profiles import Profile

_TASK_TYPE = (Stalled, Reason.UNSUPPORTED_TASK_TYPE, "correct spec.taskType")
_ID = (Stalled, Reason.INVALID_SPEC, "choose another spec.inferenceId")
_UPGRADE = (Transient, Reason.SERVER_ERROR, "wait until it has been upgraded")
ELSER = {
    "service": "elser",
    "service_settings": {"num_allocations": 1, "num_threads": 1, "model_id": ".elser_model_2"},
}


BOTH_ALLOCATIONS = {
    "service": "elasticsearch",
    "service_settings": {
        "model_id": ".elser_model_2",
        "num_threads": 1,
        "num_allocations": 1,
        "adaptive_allocations": {"enabled": True},
    },
}
RECORDED = {
    "service": "openai",
    "task_type": "text_embedding",
    "dimensions": 8,
    "similarity": "dot_product",
    "element_type": "float",
}
row = partial(Row, "1.1")


def _named(name: str) -> Do:
    return lambda b: b.create(b.openai(), name=name)


def _starting_fails(status: int, kind: str, text: str) -> Do:
    """The model is not started, after its endpoint was stored."""
    what = {"status": status, "error": [kind, text], "when": "after", "only_success": True}
    return lambda b: b.standin.fault("PUT", f".*/{ID}", **what)


def _mapped(b: Bench) -> None:
    b.index(**RECORDED)


def _checks_mappings(profile: Profile) -> bool:
    return profile.checks_mappings


ROWS = (
    row(
        "1 the task type of the path is not known",
        lambda b: b.create(b.openai(), "no_such_task"),
        (400, "status_exception", "Unknown task_type [no_such_task]"),
        _TASK_TYPE,
    ),
    row(
        "1 the task type embedding is not known yet",
        lambda b: b.create(b.openai(), "embedding"),
        (400, "status_exception", "Unknown task_type [embedding]"),
        _TASK_TYPE,
        on=lambda p: "embedding" in p.unknown_task_types,
    ),
    row(
        "1 the task type may have capital letters",
        lambda b: b.create(b.openai(), "Text_Embedding"),
        (200, "", ""),
        stored=True,
        asks_provider=True,
    ),
    row(
        "2 there is no body",
        lambda b: b.send("PUT", f"text_embedding/{ID}"),
        (400, "parse_exception", "request body is required"),
        (Stalled, Reason.INVALID_SETTINGS, "correct the settings"),
    ),
    row(
        "3 the parameter timeout is not known yet",
        lambda b: b.send("PUT", f"text_embedding/{ID}", b.openai(), timeout="30s"),
        (400, "illegal_argument_exception", "contains unrecognized parameter: [timeout]"),
        _UPGRADE,
        on=lambda p: not p.put_knows_timeout,
    ),
    row(
        "3 the operator does not send a timeout that is not known yet",
        lambda b: b.create(b.openai()),
        (200, "", ""),
        on=lambda p: not p.put_knows_timeout,
        stored=True,
        asks_provider=True,
    ),
    row(
        "3 nobody knows the parameter",
        lambda b: b.send("PUT", f"text_embedding/{ID}", b.openai(), no_such="1"),
        (400, "illegal_argument_exception", "contains unrecognized parameter: [no_such]"),
        _UPGRADE,
    ),
    *(
        row(
            f"4 the id {name!r} has the wrong form",
            _named(name),
            (400, "action_request_validation_exception", f"Invalid inference_id; '{name}' can contain"),
            _ID,
        )
        for name in ("Capital", "-hyphen-first", "hyphen-last-", "_all", "a:b")
    ),
    row(
        "5 the id of one of the server's own endpoints has the wrong form before it is reserved",
        lambda b: b.create(b.openai(), name=".elser-2-elasticsearch"),
        (400, "action_request_validation_exception", "Invalid inference_id"),
        _ID,
    ),
    row(
        "6 path and body name two task types",
        lambda b: b.create(b.openai() | {"task_type": "completion"}),
        (
            400,
            "status_exception",
            "Cannot resolve conflicting task_type parameter in the request URL [text_embedding]",
        ),
        _TASK_TYPE,
    ),
    row(
        "6 the body names any task type",
        lambda b: b.create(b.openai() | {"task_type": "any"}),
        (400, "status_exception", "task_type [any] is not valid type for inference"),
        _TASK_TYPE,
    ),
    row(
        "6 only any task type is named",
        lambda b: b.create(b.openai(), "any"),
        (400, "status_exception", "model is missing required setting [task_type]"),
        _TASK_TYPE,
    ),
    row(
        "6b some nodes do not know the task type yet",
        lambda b: b.create(b.openai(), "embedding"),
        (400, "status_exception", "task_type [embedding] is not supported by all nodes in the cluster"),
        _UPGRADE,
        before=(lambda b: b.standin.set_upgrading("embedding"),),
        on=lambda p: p.asks_nodes_for_task_types,
        real=False,
    ),
    row(
        "7 no service is named",
        lambda b: b.create({"service_settings": {}}),
        (400, "status_exception", "Inference endpoint configuration is missing the [service] setting"),
        (Stalled, Reason.INVALID_SETTINGS, "correct the settings"),
    ),
    row(
        "8 the licence does not include inference",
        lambda b: b.create(b.openai()),
        (403, "security_exception", "current license is non-compliant for [inference]"),
        (Stalled, Reason.LICENSE_NON_COMPLIANT, "install a licence"),
        before=(lambda b: b.standin.set_licensed(False),),
        real=False,
    ),
    row(
        "9 the service is not known",
        lambda b: b.create({"service": "no-such", "service_settings": {}}),
        (400, "status_exception", "Unknown service [no-such]"),
        (Stalled, Reason.UNKNOWN_SERVICE, "correct spec.service, or upgrade"),
    ),
    row(
        "10 some nodes do not know the service yet",
        lambda b: b.create(b.openai()),
        (400, "status_exception", "All nodes in the cluster are not aware of the service [openai]."),
        _UPGRADE,
        before=(lambda b: b.standin.set_upgrading("openai"),),
        real=False,
    ),
    row(
        "11 a deployment has the id, whatever the service",
        lambda b: b.create(b.openai()),
        (400, "status_exception", "Inference endpoint IDs must be unique."),
        (Stalled, Reason.INFERENCE_ID_TAKEN, "choose another spec.inferenceId"),
        before=(lambda b: b.standin.deployment(ID, model_id="m"),),
        real=False,
    ),
    row(
        "11 a deployed model has the id",
        lambda b: b.create(b.openai()),
        (400, "status_exception", "matches existing trained model ID(s) but must not."),
        (Stalled, Reason.INFERENCE_ID_TAKEN, "choose another spec.inferenceId"),
        before=(lambda b: b.standin.deployment("d", model_id=ID),),
        real=False,
    ),
    row(
        "12 the service does not take the settings",
        lambda b: b.create(b.openai(dimensions=-1)),
        (400, "validation_exception", "[dimensions] must be a positive integer"),
        (Stalled, Reason.INVALID_SETTINGS, "correct the settings"),
    ),
    row(
        "13 a mapping has recorded other dimensions",
        lambda b: b.create(b.openai(dimensions=16, similarity="dot_product")),
        (400, "status_exception", f"mappings with incompatible settings for indices: [{INDEX}]"),
        (Stalled, Reason.INVALID_SETTINGS, "or give the endpoint the task type, dimensions and similarity"),
        before=(_mapped,),
        on=_checks_mappings,
        asks_provider=None,
    ),
    row(
        "13 a mapping has recorded the same dimensions",
        lambda b: b.create(b.openai(dimensions=8, similarity="dot_product")),
        (200, "", ""),
        before=(_mapped,),
        on=_checks_mappings,
        stored=True,
        asks_provider=True,
    ),
    row(
        "14 the provider refuses the key",
        lambda b: b.create(b.openai(api_key=REFUSED)),
        (400, "status_exception", "Could not complete inference endpoint creation"),
        (Stalled, Reason.PROVIDER_REFUSED_KEY, "put a valid key into the Secret"),
        asks_provider=True,
    ),
    row(
        "15 the id is taken, which is told after the provider was asked",
        lambda b: b.create(b.openai()),
        (400, "resource_already_exists_exception", f"Inference endpoint [{ID}] already exists"),
        (Transient, Reason.CHANGED_MEANWHILE, "already exists"),
        before=(lambda b: b.create(b.openai()), Bench.forget),
        stored=True,
        asks_provider=True,
    ),
    row(
        "15 the id is taken, and a refused key is told first",
        lambda b: b.create(b.openai(api_key=REFUSED)),
        (400, "status_exception", "Could not complete inference endpoint creation"),
        (Stalled, Reason.PROVIDER_REFUSED_KEY, "put a valid key into the Secret"),
        before=(lambda b: b.create(b.openai()), Bench.forget),
        stored=True,
        asks_provider=True,
    ),
    row(
        "16 the model is not started in time, and the endpoint is stored",
        lambda b: b.create(ELSER, "sparse_embedding"),
        (408, "", "waiting for trained model deployment"),
        (Transient, Reason.TIMED_OUT, "ran out of time"),
        before=(lambda b: b.standin.inject.timeout_after_store(ID),),
        real=False,
        stored=True,
    ),
    row(
        "16 the model cannot be started as asked, and the endpoint is stored",
        lambda b: b.create(BOTH_ALLOCATIONS, "sparse_embedding"),
        (400, "action_request_validation_exception", "cannot be set if adaptive allocations is enabled"),
        (Stalled, Reason.INVALID_SETTINGS, "take num_allocations or adaptive_allocations out"),
        real=False,
        stored=True,
    ),
    *(
        row(
            f"16 no node has room for the model, told as {status}, and the endpoint is stored",
            lambda b: b.create(ELSER, "sparse_embedding"),
            (status, kind, text),
            (Transient, Reason.NO_CAPACITY, "add a machine learning node"),
            before=(_starting_fails(status, kind, text),),
            real=False,
            stored=True,
        )
        for status, kind, text in (
            (
                429,
                "status_exception",
                "Could not start deployment because no ML nodes with sufficient capacity",
            ),
            (400, "illegal_argument_exception", "not enough memory on node [n] to assign [1] allocations"),
            (409, "status_exception", "Could not start deployment because the ML nodes are exhausted"),
        )
    ),
)
