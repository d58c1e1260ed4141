"""Section 1.5: the trial request to the provider, and what becomes of its failure."""

from collections.abc import Callable
from functools import partial
from typing import Any

from inference_operator.errors import Reason, Stalled, Transient
from integration.rows.bench import REFUSED, Bench, Do, Row
from testbed.standin.offering import services_of
from testbed.standin.profiles import Profile

row = partial(Row, "1.5", asks_provider=True)
_WRAPPED = (400, "status_exception", "Could not complete inference endpoint creation as validation call")
_KEY = (Stalled, Reason.PROVIDER_REFUSED_KEY, "put a valid key into the Secret")
_REJECTED = (Stalled, Reason.PROVIDER_REJECTED, "correct model, url or other settings")
_LATER = (Transient, Reason.PROVIDER_UNAVAILABLE, "the provider cannot be used now")
_TASKS: dict[str, tuple[str, str, dict[str, str]]] = {
    "text_embedding": ("openai", "/v1/embeddings", {"model_id": "m"}),
    "sparse_embedding": ("hugging_face", "/sparse", {}),
    "rerank": ("hugging_face", "/rerank", {}),
    "completion": ("openai", "/v1/chat/completions", {"model_id": "m"}),
    "chat_completion": ("openai", "/v1/chat/completions", {"model_id": "m"}),
}


def _trial(task_type: str) -> Do:
    """Create an endpoint of that task type with a key that the provider refuses."""
    service, path, settings = _TASKS[task_type]

    def create(b: Bench) -> Any:
        given = {"url": f"{b.provider_url}{path}", "api_key": REFUSED, **settings}
        return b.create({"service": service, "service_settings": given}, task_type)

    return create


def _offers(task_type: str) -> Callable[[Profile], bool]:
    return lambda p: task_type in services_of(p)[_TASKS[task_type][0]].task_types


def _answers(status: int) -> Do:
    return lambda b: b.provide(status=status)


def _fails(failure: str) -> Do:
    return lambda b: b.provide(failure=failure)


ROWS = (
    *(
        row(f"{task_type} is tried out", _trial(task_type), _WRAPPED, _KEY, on=_offers(task_type))
        for task_type in _TASKS
    ),
    *(
        row(
            f"the provider answers {status}",
            lambda b: b.create(b.openai()),
            (400, "", f"status [{status}]"),
            means,
            before=(_answers(status),),
            real=status < 429,  # a real server asks three times, with pauses, where that may help
        )
        for status, means in (
            (400, _REJECTED),
            (401, _KEY),
            (403, _KEY),
            (404, _REJECTED),
            (413, _REJECTED),
            (422, _REJECTED),
            (429, _LATER),
            (500, _LATER),
            (503, _LATER),
        )
    ),
    row(
        "the provider closes the connection",
        lambda b: b.create(b.openai()),
        (400, "", "Connection is closed"),
        _LATER,
        before=(_fails("close"),),
        real=False,
    ),
    row(
        "nobody listens at the provider's address",
        lambda b: b.create(b.openai(url="http://127.0.0.1:1/v1")),
        (400, "", "Connection refused"),
        _LATER,
        asks_provider=None,
    ),
    row(
        "the provider takes too long",
        lambda b: b.create(b.openai()),
        (400, "", "Request timed out after ["),
        _LATER,
        before=(_fails("timeout"),),
        real=False,
    ),
    row(
        "the provider answers no JSON",
        lambda b: b.create(b.openai()),
        (400, "", "Unexpected character"),
        _LATER,
        before=(_fails("garbage"),),
        real=False,
    ),
    row(
        "the provider's reply is null",
        lambda b: b.create(b.openai()),
        (400, "status_exception", "validation call to service returned null response."),
        _LATER,
        before=(_fails("null"),),
        real=False,
    ),
    row(
        "the embeddings have another size than the spec says",
        lambda b: b.create(b.openai(dimensions=16)),
        (400, "status_exception", "The retrieved embeddings size [4] does not match the size specified"),
        (Stalled, Reason.INVALID_SETTINGS, "correct the settings in the spec"),
        before=(lambda b: b.standin.provider(dimensions=4),),
        real=False,
    ),
    row(
        "a built-in model of the cluster is not tried out",
        lambda b: b.create(
            {
                "service": "elasticsearch",
                "service_settings": {"model_id": ".elser_model_2", "num_threads": 1, "num_allocations": 1},
            },
            "sparse_embedding",
        ),
        (200, "", ""),
        before=(_answers(500),),
        real=False,
        stored=True,
        asks_provider=False,
    ),
    row(
        "what the provider tells fills the settings",
        lambda b: b.create(b.openai()),
        (200, "", ""),
        stored=True,
        shows={"dimensions": 8, "similarity": "dot_product"},
    ),
)
