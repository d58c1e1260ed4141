"""Section 4: what keeps an endpoint from being deleted."""

from functools import partial

from inference_operator.errors import Reason, Stalled, Transient, Waiting
from integration.rows.bench import ID, INDEX, Bench, Row

row = partial(Row, "4")
_FORCE = "use deletionPolicy: ForceDelete"
_OWN = ".elser-2-elasticsearch"


async def _stored(b: Bench) -> None:
    await b.create(b.openai())
    b.forget()


def _piped(b: Bench) -> None:
    for name in ("p1", "p2"):
        b.standin.reference(name, ID, pipeline=True)


def _unknown(b: Bench) -> None:
    b.standin.inject.unreadable(ID, "unknown_service")


def _unparsable(b: Bench) -> None:
    b.standin.inject.unreadable(ID, "unparsable")


async def _modelled(b: Bench) -> None:
    """An in-cluster model, and then no machine learning any more."""
    settings = {"model_id": ".elser_model_2", "num_threads": 1, "num_allocations": 1}
    await b.create({"service": "elasticsearch", "service_settings": settings}, "sparse_embedding")
    b.standin.set_machine_learning(False)


ROWS = (
    row(
        "nothing is in its way",
        lambda b: b.client.delete(ID),
        (200, "", ""),
        before=(_stored,),
        says={"acknowledged": True, "pipelines": [], "indexes": []},
    ),
    row(
        "a dry run deletes nothing and complains of nothing",
        lambda b: b.send("DELETE", ID, dry_run="true"),
        (200, "", ""),
        before=(_stored,),
        stored=True,
        says={"acknowledged": False, "pipelines": [], "indexes": [], "error_message": ""},
    ),
    row(
        "a dry run names who uses it",
        lambda b: b.send("DELETE", ID, dry_run="true"),
        (200, "", ""),
        before=(_stored, Bench.index),
        stored=True,
        says={"acknowledged": False, "pipelines": [], "indexes": [INDEX]},
    ),
    row(
        "it is missing",
        lambda b: b.client.delete(ID),
        (404, "resource_not_found_exception", f"Inference endpoint not found [{ID}]"),
    ),
    row(
        "the path names another task type",
        lambda b: b.send("DELETE", f"rerank/{ID}"),
        (400, "status_exception", "Requested task type [rerank] does not match the inference endpoint's"),
        (Transient, Reason.CHANGED_MEANWHILE, "does not match"),
        before=(_stored,),
        stored=True,
    ),
    row(
        "pipelines use it",
        lambda b: b.client.delete(ID),
        (409, "status_exception", f"Inference endpoint {ID} is referenced by pipelines: [p1, p2]."),
        (Waiting, Reason.IN_USE, "pipelines: [p1, p2]"),
        before=(_stored, _piped),
        real=False,
        stored=True,
    ),
    row(
        "a mapping uses it",
        lambda b: b.client.delete(ID),
        (409, "status_exception", f"{ID} is being used in the mapping for indexes: [{INDEX}]."),
        (Waiting, Reason.IN_USE, f"indexes: [{INDEX}]"),
        before=(_stored, Bench.index),
        stored=True,
    ),
    row(
        "pipelines and a mapping use it, and both are named",
        lambda b: b.client.delete(ID),
        (409, "status_exception", f"indexes: [{INDEX}]"),
        (Waiting, Reason.IN_USE, "pipelines: [p1, p2]"),
        before=(_stored, _piped, Bench.index),
        real=False,
        stored=True,
    ),
    row(
        "a mapping uses it, and force does not care",
        lambda b: b.send("DELETE", ID, force="true"),
        (200, "", ""),
        before=(_stored, Bench.index),
    ),
    row(
        "it is one of the server's own",
        lambda b: b.client.delete(_OWN),
        (
            400,
            "status_exception",
            f"[{_OWN}] is a reserved inference endpoint. Use the force=true query parameter",
        ),
        (Stalled, Reason.INVALID_SPEC, "it is the server's own"),
    ),
    row(
        "it is one of the server's own, and comes back after force",
        lambda b: b.send("DELETE", _OWN, force="true"),
        (200, "", ""),
        real=False,
        stored=True,
        there=_OWN,
    ),
    row(
        "its service is not registered",
        lambda b: b.client.delete(ID),
        (404, "status_exception", f"No service found for this inference endpoint {ID}"),
        (Waiting, Reason.ENDPOINT_UNREADABLE, _FORCE),
        before=(_stored, _unknown),
        real=False,
        stored=None,
    ),
    row(
        "its service is not registered, and force does not care",
        lambda b: b.send("DELETE", ID, force="true"),
        (200, "", ""),
        before=(_stored, _unknown),
        on=lambda p: p.force_outlives_unreadable,
        real=False,
    ),
    row(
        "its service is not registered, and not even force helps yet",
        lambda b: b.send("DELETE", ID, force="true"),
        (404, "status_exception", "No service found for this inference endpoint"),
        (Waiting, Reason.ENDPOINT_UNREADABLE, "upgrade all its nodes"),
        before=(_stored, _unknown),
        on=lambda p: not p.force_outlives_unreadable,
        real=False,
        stored=None,
    ),
    row(
        "its settings cannot be parsed",
        lambda b: b.client.delete(ID),
        (500, "status_exception", "Failed to parse model configuration for inference endpoint"),
        (Waiting, Reason.ENDPOINT_UNREADABLE, _FORCE),
        before=(_stored, _unparsable),
        real=False,
        stored=None,
    ),
    row(
        "its settings cannot be parsed, and force does not care",
        lambda b: b.send("DELETE", ID, force="true"),
        (200, "", ""),
        before=(_stored, _unparsable),
        on=lambda p: p.force_outlives_unreadable,
        real=False,
    ),
    row(
        "its settings cannot be parsed, which a look tells too",
        lambda b: b.client.get(ID),
        (500, "status_exception", "Failed to parse stored model"),
        (Waiting, Reason.ENDPOINT_UNREADABLE, _FORCE),
        before=(_stored, _unparsable),
        real=False,
        stored=None,
    ),
    row(
        "its deployment cannot be stopped",
        lambda b: b.client.delete(ID),
        (500, "illegal_state_exception", "ml/trained_models/deployment/stop"),
        (Waiting, Reason.ENDPOINT_UNREADABLE, _FORCE),
        before=(_modelled,),
        real=False,
        stored=True,
    ),
    row(
        "its deployment cannot be stopped, and force does not care",
        lambda b: b.send("DELETE", ID, force="true"),
        (200, "", ""),
        before=(_modelled,),
        on=lambda p: p.force_outlives_a_failed_stop,
        real=False,
    ),
    row(
        "its deployment has failed to stop",
        lambda b: b.client.delete(ID),
        (500, "status_exception", f"Failed to stop inference endpoint {ID}"),
        (Waiting, Reason.ENDPOINT_UNREADABLE, _FORCE),
        before=(
            _stored,
            lambda b: b.standin.fault(
                "DELETE",
                f".*/{ID}",
                status=500,
                error=["status_exception", f"Failed to stop inference endpoint {ID}"],
            ),
        ),
        real=False,
        stored=True,
    ),
    row(
        "it is being updated",
        lambda b: b.client.delete(ID),
        (409, "status_exception", f"The inference endpoint(s) [{ID}] are currently being updated"),
        (Transient, Reason.CHANGED_MEANWHILE, "please wait"),
        before=(_stored, lambda b: b.standin.lock(ID)),
        real=False,
        stored=True,
    ),
)
