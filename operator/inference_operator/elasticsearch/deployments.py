"""What the answers of the machine-learning API mean, as far as it tells of deployments and starts them: pure.

No real server with machine learning was there to record; the texts are those of Elasticsearch's sources.
"""

import re
from collections.abc import Mapping
from typing import Any

from inference_operator.deployment import NODES_FAILED, Start, lacks_room
from inference_operator.elasticsearch.answers import Answer, failure, is_absent
from inference_operator.errors import Reason, ReconcileError, Stalled, Transient

_NO_MACHINE_LEARNING = re.compile(r"no handler found|failed to find action")
_NOT_TOLD = re.compile(r"api_not_available_exception")
_STILL_LOADING = re.compile(r"[Mm]odel download|Could not find trained model definition|definition truncated")


def statistics(answer: Answer, deployment_id: str) -> Mapping[str, Any] | None:
    """The statistics of one deployment, or None if there is none.

    Raises:
        ReconcileError: there is no telling, and whether that is a problem says its reason: AvailabilityUnknown is none.
    """
    if is_absent(answer):
        return None
    if answer.status != 200:
        raise _silence(answer)
    models = answer.body.get("trained_model_stats") if isinstance(answer.body, Mapping) else None
    if not isinstance(models, list):
        raise Stalled(Reason.AVAILABILITY_UNKNOWN, "the statistics of the model have an unknown shape")
    for model in models:
        found = model.get("deployment_stats") if isinstance(model, Mapping) else None
        if isinstance(found, Mapping) and found.get("deployment_id") == deployment_id:
            return found
    return None  # the model is there, perhaps with other deployments


def _silence(answer: Answer) -> ReconcileError:
    if _NO_MACHINE_LEARNING.search(f"{answer.type} {answer.reason}"):
        text = (
            "the model cannot be deployed, as elasticsearch has no machine learning here; use another service"
        )
        return Stalled(Reason.DEPLOYMENT_MISSING, text)
    if _NOT_TOLD.search(answer.type):
        text = "elasticsearch does not say whether the model is deployed"
        return Stalled(Reason.AVAILABILITY_UNKNOWN, text)
    if _lacks_right(answer):
        return Stalled(
            Reason.AVAILABILITY_UNKNOWN,
            f"the credentials may not ask whether the model is deployed: {answer.reason}; grant monitor_ml",
        )
    return failure(answer)


def start_request(start: Start) -> tuple[dict[str, str], dict[str, Any] | None]:
    """The query parameters and the body that start a deployment, without waiting until it runs."""
    given = {
        "deployment_id": start.deployment_id,
        "threads_per_allocation": start.threads,
        "number_of_allocations": start.allocations,
        "wait_for": "starting",
    }
    body = {"adaptive_allocations": dict(start.adaptive)} if start.adaptive else None
    return {name: str(value) for name, value in given.items() if value is not None}, body


def start_failure(answer: Answer, model_id: str) -> ReconcileError:
    """Why a deployment was not started."""
    text = answer.reason
    if "already been started" in text:
        return Transient(Reason.MODEL_STARTING, text)
    if lacks_room(text):
        return Transient(
            Reason.NO_CAPACITY,
            f"{text}; add a machine learning node, or ask for less",
            retry_after=answer.retry_after,
        )
    if answer.status == 408 or _STILL_LOADING.search(text):
        return Transient(Reason.MODEL_STARTING, text)
    if NODES_FAILED in text:
        return Stalled(Reason.DEPLOYMENT_FAILED, text)
    return _hindrance(answer, model_id) or failure(answer)


def _hindrance(answer: Answer, model_id: str) -> Stalled | None:
    """What a person must remove before the deployment can be started."""
    if is_absent(answer):
        advice = f"the model {model_id!r} is not in the cluster; load it, or create this resource anew"
    elif "must be unique" in answer.reason:
        advice = f"the name of the model {model_id!r} is also that of an inference endpoint; delete that one"
    elif _lacks_right(answer):
        advice = "the credentials may not start it; grant manage_ml, or start it with others"
    else:
        return None
    return Stalled(
        Reason.DEPLOYMENT_MISSING, f"the deployment of the model is gone, and {advice}: {answer.reason}"
    )


def _lacks_right(answer: Answer) -> bool:
    return answer.status == 403 and answer.type == "security_exception" and "license" not in answer.reason
