"""The manifests that people apply: samples that work as they are, and no right too many."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from inference_operator.crd import KINDS

DEPLOY = Path(__file__).parents[2] / "deploy"
SAMPLES = sorted((DEPLOY / "samples").glob("*.yaml"))
SPECS = {kind.name: kind.spec for kind in KINDS}


def documents(*files: Path) -> list[dict[str, Any]]:
    """Every object in `files`."""
    return [document for file in files for document in yaml.safe_load_all(file.read_text())]


def references(node: Any) -> list[tuple[str, str]]:
    """Each (Secret, key) that a spec refers to."""
    if isinstance(node, list):
        return [found for item in node for found in references(item)]
    if not isinstance(node, dict):
        return []
    own = [(ref["name"], ref["key"])] if (ref := node.get("secretKeyRef")) else []
    return own + [found for value in node.values() for found in references(value)]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_sample_is_complete(sample: Path) -> None:
    """A sample obeys the model, brings the Secrets it refers to, and needs no other sample but the connection."""
    objects = documents(sample)
    secrets = {
        (o["metadata"]["name"], key) for o in objects if o["kind"] == "Secret" for key in o["stringData"]
    }
    custom = [o for o in objects if o["kind"] in SPECS]
    assert custom
    for o in custom:
        SPECS[o["kind"]].model_validate(o["spec"])
        assert o["spec"].get("connectionRef", {"name": "elasticsearch"}) == {"name": "elasticsearch"}
    assert set(references([o["spec"] for o in custom])) == secrets


def test_samples_hold_no_secret() -> None:
    """Each Secret has a placeholder, which nobody can take for a working key."""
    values = {v for o in documents(*SAMPLES) if o["kind"] == "Secret" for v in o["stringData"].values()}
    assert values == {"replace-me"}


def test_operator_may_do_what_it_does_and_nothing_else() -> None:
    """The whole ClusterRole, right by right: a new one is a decision."""
    (role,) = documents(DEPLOY / "rbac" / "cluster_role.yaml")
    granted = {
        (resource, verb) for rule in role["rules"] for resource in rule["resources"] for verb in rule["verbs"]
    }
    kinds = {(kind.plural, verb) for kind in KINDS for verb in ("get", "list", "watch", "patch")}
    statuses = {(f"{kind.plural}/status", "patch") for kind in KINDS}
    secrets = {("secrets", verb) for verb in ("get", "list", "watch")}
    assert granted == kinds | statuses | secrets | {("configmaps", "get"), ("events", "create")}


def test_people_may_not_write_the_status() -> None:
    """The roles that flow into view, edit and admin name the two kinds and no subresource."""
    roles = documents(DEPLOY / "rbac" / "user_roles.yaml")
    resources = {resource for role in roles for rule in role["rules"] for resource in rule["resources"]}
    assert resources == {kind.plural for kind in KINDS}
    aggregated = {
        role["metadata"]["name"].rpartition("-")[2]: {
            label.rpartition("-")[2] for label in role["metadata"]["labels"] if "aggregate-to" in label
        }
        for role in roles
    }
    assert aggregated == {"view": {"view", "edit", "admin"}, "edit": {"edit", "admin"}}
