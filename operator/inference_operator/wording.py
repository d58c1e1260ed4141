"""What a reconcile says in words, beside what an error says for itself: pure."""

from collections.abc import Sequence

from inference_operator.api.v1alpha1 import LiveSecret
from inference_operator.capabilities import Capabilities
from inference_operator.endpoint import Definition, shown
from inference_operator.findings import Past
from inference_operator.plan import Action, Create, Replace, Update, Why


def reason_of(action: Action, past: Past) -> Why | None:
    """Why something changed; finding an endpoint that can be taken over is a change too."""
    if isinstance(action, Create | Update):
        return action.why
    if isinstance(action, Replace):
        return Why.REPLACED
    if past.applied is None:
        return Why.NEW if past.claimed is not None else Why.ADOPTED
    return None


def story(why: Why, inference_id: str) -> str:
    """The sentence of the event that tells of a change."""
    what = f"inference endpoint {inference_id!r}"
    return {
        Why.NEW: f"{what} was created",
        Why.ADOPTED: f"{what} existed already, equals the spec, and was taken over",
        Why.SPEC: f"{what} was updated in place",
        Why.SECRETS: f"{what} was given the changed secrets",
        Why.REPLACED: f"{what} was deleted and created anew, as the change could not be made in place",
        Why.DRIFT: f"{what} had been changed or deleted by somebody else and was put back",
    }[why]


def synced_message(secrets: Sequence[LiveSecret], *, given: bool = True, deployed: bool = True) -> str:
    """What the summary says when all is well, and no more than is known.

    `secrets` are those in force; `given` says whether it was this resource that gave the endpoint its secrets, and
    `deployed` whether its model, where it runs in the cluster, is known to be deployed.
    """
    text = "the endpoint is what the spec asks for"
    if not deployed:
        return f"{text}; whether its model is deployed is not known"
    if not given:
        return f"{text}; its secrets are still those of whoever made it, as to send them would reset the chunking settings"
    if all(s.checked for s in secrets):
        return text
    return f"{text}; the changed secrets were applied, not checked by this version of elasticsearch"


def unanswered_create(wish: Definition, capabilities: Capabilities) -> str:
    """What to try where a create was not answered in time, if there is something to try."""
    given = {"dimensions", "similarity"} <= wish.service_settings.keys()
    if capabilities.create_answers_mapped or wish.task_type != "text_embedding" or given:
        return ""
    return (
        "; if an index mapping names this id already, give dimensions and similarity in serviceSettings too: "
        "without them this version of elasticsearch does not answer"
    )


def lost_chunking(action: Action, before: Definition | None, after: Definition) -> str | None:
    """What an update did to the chunking settings that nobody asked it for."""
    if not isinstance(action, Update) or action.chunking_settings or before is None:
        return None
    if before.chunking_settings == after.chunking_settings:
        return None
    was, now = shown(before.chunking_settings), shown(after.chunking_settings)
    return f"the update made elasticsearch reset the chunking settings from {was} to {now}"
