"""What the mappings of indices have recorded about an endpoint, which a new one of its name must not contradict."""

from typing import Any

from testbed.standin.refusal import NeverAnswered, bad_request
from testbed.standin.state import Cluster, Endpoint


def check_early(cluster: Cluster, endpoint: Endpoint) -> None:
    """What the probe would tell is still missing: without it, the server stumbles and never answers."""
    known = endpoint.service_settings.keys()
    vectors = endpoint.task_type == "text_embedding"
    if vectors and not known >= {"dimensions", "similarity"} and cluster.indices_using(endpoint.inference_id):
        raise NeverAnswered
    check(cluster, endpoint)


def check(cluster: Cluster, endpoint: Endpoint) -> None:
    """Refuses an endpoint that mappings which name it already contradict."""
    wrong = [
        index
        for index, references in sorted(cluster.indices.items())
        if any(
            _contradicts(reference.model_settings, endpoint)
            for reference in references
            if reference.inference_id == endpoint.inference_id
        )
    ]
    if wrong:
        text = "because the inference_id is being used in mappings with incompatible settings for indices"
        advice = "either use a different inference_id or update the index mappings to refer to a different inference_id"
        name = endpoint.inference_id
        raise bad_request(
            f"Inference endpoint [{name}] could not be created {text}: [{', '.join(wrong)}]. Please {advice}."
        )


def _contradicts(recorded: dict[str, Any], endpoint: Endpoint) -> bool:
    offered = {"task_type": endpoint.task_type} | endpoint.service_settings
    names = ("task_type", "dimensions", "similarity")
    return any(name in recorded and offered.get(name, recorded[name]) != recorded[name] for name in names)
