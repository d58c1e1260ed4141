"""Section 1.4: what a body can lack, have too much of, or have wrong, before anything is written."""

from functools import partial
from typing import Any

from inference_operator.errors import Reason, Stalled
from integration.rows.bench import Row
from testbed.standin.profiles import Profile

row = partial(Row, "1.4")
_WRONG = (Stalled, Reason.INVALID_SETTINGS, "correct the settings in the spec")
_NAME = (Stalled, Reason.INVALID_SETTINGS, "correct the name in the spec")
_MISSING = (Stalled, Reason.INVALID_SETTINGS, "add it to the spec")
_MODEL = {"model_id": ".elser_model_2", "num_threads": 1, "num_allocations": 1}


def _in_cluster(**settings: Any) -> dict[str, Any]:
    return {"service": "elasticsearch", "service_settings": {**_MODEL, **settings}}


def _lacking(name: str) -> dict[str, Any]:
    settings = {key: value for key, value in _MODEL.items() if key != name}
    return {"service": "elasticsearch", "service_settings": settings}


def _strict(profile: Profile) -> bool:
    return profile.strict_parsers


def _tells(configuration: str) -> Any:
    return lambda p: not p.strict_parsers and p.configuration == configuration


ROWS = (
    row(
        "the service settings are missing",
        lambda b: b.create({"service": "openai"}),
        (400, "status_exception", "Missing required field [service_settings]"),
        _MISSING,
    ),
    row(
        "a setting is not known, as older versions say it",
        lambda b: b.create(b.openai(bogus=1, other="x")),
        (400, "status_exception", "Model configuration contains settings [{"),
        _NAME,
        on=_tells("Model configuration"),
        settings=("bogus", "other"),
    ),
    row(
        "a setting is not known, as newer versions say it",
        lambda b: b.create(b.openai(bogus=1, other="x")),
        (400, "status_exception", "unknown to the [openai] service"),
        _NAME,
        on=_tells("Configuration"),
        settings=("bogus", "other"),
    ),
    row(
        "a setting is not known, as strict versions say it",
        lambda b: b.create(b.openai(bogus=1)),
        (400, "x_content_parse_exception", "[service_settings] unknown field [bogus]"),
        _NAME,
        on=_strict,
        settings=("bogus",),
    ),
    row(
        "a setting is missing",
        lambda b: b.create(b.openai(model_id=None)),
        (
            400,
            "validation_exception",
            "1: [service_settings] does not contain the required setting [model_id]",
        ),
        _MISSING,
    ),
    row(
        "the key is missing",
        lambda b: b.create(b.openai(api_key=None)),
        (400, "validation_exception", "[secret_settings] does not contain the required setting [api_key]"),
        (Stalled, Reason.INVALID_SETTINGS, "under spec.secretSettings"),
    ),
    row(
        "a text is empty",
        lambda b: b.create(b.openai(model_id="")),
        (400, "validation_exception", "Invalid value empty string. [model_id] must be a non-empty string"),
        _WRONG,
    ),
    row(
        "a number has a fraction, if only zero",
        lambda b: b.create(b.openai(dimensions=128.0)),
        (400, "validation_exception", "The value [128.0] cannot be converted to a [Integer]"),
        _WRONG,
    ),
    row(
        "a number is in the place of a text",
        lambda b: b.create(b.openai(model_id=5)),
        (
            400,
            "validation_exception",
            "field [model_id] is not of the expected type. The value [5] cannot be converted to",
        ),
        _WRONG,
    ),
    row(
        "a number is in the place of an object",
        lambda b: b.create(b.openai(rate_limit=5)),
        (500, "class_cast_exception", "cannot be cast to class java.util.Map"),
        (Stalled, Reason.INVALID_SETTINGS, "a setting has the wrong JSON type"),
        on=lambda p: not p.strict_parsers,
    ),
    row(
        "a number is not positive",
        lambda b: b.create(b.openai(dimensions=0)),
        (400, "validation_exception", "Invalid value [0]. [dimensions] must be a positive integer"),
        _WRONG,
    ),
    row(
        "a value is not one of those that there are",
        lambda b: b.create(b.openai(similarity="bogus")),
        (
            400,
            "validation_exception",
            "Invalid value [bogus] received. [similarity] must be one of [cosine, dot_product, l2_norm]",
        ),
        _WRONG,
    ),
    row(
        "a URL is none",
        lambda b: b.create(b.openai(url="http://a b")),
        (400, "validation_exception", "Invalid url [http://a b] received for field [url]. Error:"),
        _WRONG,
    ),
    row(
        "the service lacks the task type",
        lambda b: b.create(b.openai(), "rerank"),
        (400, "status_exception", "The [openai] service does not support task type [rerank]"),
        (Stalled, Reason.UNSUPPORTED_TASK_TYPE, "correct spec.taskType or spec.service"),
    ),
    row(
        "an in-cluster model is not named",
        lambda b: b.create(_lacking("model_id"), "sparse_embedding"),
        (400, "illegal_argument_exception", "Error parsing service settings, model_id must be provided"),
        _MISSING,
        real=False,
    ),
    row(
        "an in-cluster model is not there",
        lambda b: b.create(_in_cluster(model_id="no-such"), "sparse_embedding"),
        (400, "illegal_argument_exception", "model id does not match any models available on this platform"),
        (Stalled, Reason.INVALID_SETTINGS, "or correct model_id in the spec"),
        real=False,
    ),
    row(
        "an in-cluster model has no allocations",
        lambda b: b.create(_lacking("num_allocations"), "sparse_embedding"),
        (
            400,
            "validation_exception",
            "does not contain one of the required settings [num_allocations, adaptive_allocations]",
        ),
        _MISSING,
        real=False,
    ),
    row(
        "an in-cluster model has no threads",
        lambda b: b.create(_lacking("num_threads"), "sparse_embedding"),
        (400, "validation_exception", "does not contain the required setting [num_threads]"),
        _MISSING,
        real=False,
    ),
    row(
        "the deployment that is named is not there",
        lambda b: b.create(_in_cluster(deployment_id="no-such"), "sparse_embedding"),
        (404, "status_exception", "Cannot find deployment [no-such]"),
        (Stalled, Reason.DEPLOYMENT_MISSING, "start that deployment, or correct deployment_id"),
        real=False,
    ),
    row(
        "the deployment that is named is of another model",
        lambda b: b.create(_in_cluster(deployment_id="d"), "sparse_embedding"),
        (400, "status_exception", "Deployment [d] uses model [m1] which does not match the model ["),
        _WRONG,
        before=(lambda b: b.standin.deployment("d", model_id="m1"),),
        real=False,
    ),
)
