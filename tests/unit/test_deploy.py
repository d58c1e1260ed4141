"""The manifests that people apply: samples that work as they are, and no right too many."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from inference_operator import __main__ as program
from inference_operator import __version__
from inference_operator.crd import KINDS, custom_resource_definition
from inference_operator.settings import Settings, from_environment
from testbed.helm import CHART
from testbed.installation import ROOT, objects

DEPLOY = ROOT / "deploy"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
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
    (binding,) = objects("ClusterRoleBinding")
    (role,) = (r for r in objects("ClusterRole") if r["metadata"]["name"] == binding["roleRef"]["name"])
    granted = {
        (resource, verb) for rule in role["rules"] for resource in rule["resources"] for verb in rule["verbs"]
    }
    kinds = {(kind.plural, verb) for kind in KINDS for verb in ("get", "list", "watch", "patch")}
    statuses = {(f"{kind.plural}/status", "patch") for kind in KINDS}
    secrets = {("secrets", verb) for verb in ("get", "list", "watch")}
    assert granted == kinds | statuses | secrets | {("configmaps", "get"), ("events", "create")}


def test_people_may_not_write_the_status() -> None:
    """The roles that flow into view, edit and admin name the two kinds and no subresource."""
    roles = [r for r in objects("ClusterRole") if any("aggregate-to" in x for x in r["metadata"]["labels"])]
    resources = {resource for role in roles for rule in role["rules"] for resource in rule["resources"]}
    assert resources == {kind.plural for kind in KINDS}
    aggregated = {
        role["metadata"]["name"].rpartition("-")[2]: {
            label.rpartition("-")[2] for label in role["metadata"]["labels"] if "aggregate-to" in label
        }
        for role in roles
    }
    assert aggregated == {"view": {"view", "edit", "admin"}, "edit": {"edit", "admin"}}


def test_crds_are_those_of_the_models() -> None:
    """The chart has a copy of crds/, and what is rendered from it says the same to the API server."""
    assert {p.name: p.read_text() for p in (CHART / "files" / "crds").iterdir()} == {
        p.name: p.read_text() for p in (ROOT / "crds").iterdir()
    }
    rendered = objects("CustomResourceDefinition")
    expected = {f"{kind.plural}.es-inference.dev": custom_resource_definition(kind)["spec"] for kind in KINDS}
    assert {crd["metadata"]["name"]: crd["spec"] for crd in rendered} == expected


def test_versions_are_one() -> None:
    """Package, chart and image are released together."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    (image,) = re.findall(r'image\.version="(.*?)"', DOCKERFILE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {chart["version"], chart["appVersion"], image, project} == {__version__}


def test_image_starts_the_operator_as_nobody_in_particular() -> None:
    """The chart gives arguments only, and a numeric user is what `runAsNonRoot` can check."""
    instructions = dict(re.findall(r"^(USER|ENTRYPOINT|CMD) (.+)$", DOCKERFILE, re.MULTILINE))
    assert instructions["USER"] == "65532:65532"
    assert json.loads(instructions["ENTRYPOINT"]) == ["inference-operator"]
    (deployment,) = objects("Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["args"] == json.loads(instructions["CMD"])
    assert container["image"] == f"elasticsearch-inference-operator:{__version__}"


def test_deployment_fits_the_program() -> None:
    """Its port is that of the probes, and a stopping operator is given the time that it takes."""
    (deployment,) = objects("Deployment")
    pod = deployment["spec"]["template"]["spec"]
    assert pod["containers"][0]["ports"] == [
        {"name": "http", "containerPort": from_environment({}).http_port}
    ]
    assert pod["terminationGracePeriodSeconds"] >= program._GRACE + program._CLOSE


def properties(schema: dict[str, Any], path: str = "") -> dict[str, dict[str, Any]]:
    """Each property of a schema by its path; what an object's keys may be is not looked into."""
    found = {}
    for name, inner in schema.get("properties", {}).items():
        found[f"{path}{name}"] = inner
        found |= properties(inner, f"{path}{name}.") if inner["type"] == "object" else {}
    return found


def comments(values: str) -> dict[str, str]:
    """The comment above each value, by the value's path."""
    found: dict[str, str] = {}
    path: list[str] = []
    comment = ""
    for line in values.splitlines():
        if key := re.match(r"( *)(\w+):", line):
            path = [*path[: len(key[1]) // 2], key[2]]
            found[".".join(path)] = comment
        comment = line.strip().removeprefix("# ") if line.lstrip().startswith("#") else ""
    return found


def test_values_and_schema_say_the_same() -> None:
    """Each value has its comment, the schema knows it by the same words, and the defaults obey."""
    text = (CHART / "values.yaml").read_text()
    jsonschema.validate(yaml.safe_load(text), SCHEMA)
    known = {path: schema.get("description", "") for path, schema in properties(SCHEMA).items()}
    known.pop("global")  # is Helm's own
    described = comments(text)
    inside_resources = {path for path in described if path.startswith("resources.")}
    assert {path: words for path, words in described.items() if path not in inside_resources} == known
    assert [path for path, words in known.items() if not words and f"{path}." not in " ".join(known)] == []


def test_every_value_is_read() -> None:
    """A value that no template reads would promise what never happens."""
    templates = "".join(p.read_text() for p in (CHART / "templates").iterdir())
    image = re.search(r"with \.Values\.image \}\}(.*?)\{\{- end", templates, re.DOTALL)
    assert image
    read = set(re.findall(r"\.Values\.([\w.]+)", templates))
    read |= {f"image.{name}" for name in re.findall(r" \.(\w+)", image[1])}
    leaves = {path for path, s in properties(SCHEMA).items() if "properties" not in s and path != "global"}
    assert {path if not path.startswith("settings.") else "settings" for path in leaves} | {"image"} == read


def test_settings_are_those_of_the_program() -> None:
    """Each setting has the program's default, words and bounds; a new one must be let in or left out here."""
    left_out = {"http_host", "http_port", "interval_scale", "event_loop_limit"}
    fields = Settings.model_json_schema()["properties"]
    assert left_out < fields.keys()
    expected = {camel(name): schema for name, schema in fields.items() if name not in left_out}
    for schema in expected.values():
        del schema["title"]
    defaults = {name: schema.pop("default") for name, schema in expected.items()}
    assert SCHEMA["properties"]["settings"]["properties"] == expected
    assert yaml.safe_load((CHART / "values.yaml").read_text())["settings"] == defaults


def camel(name: str) -> str:
    """A setting's name in the values."""
    return re.sub(r"_(\w)", lambda letter: letter[1].upper(), name)


def test_argo_cd_installs_the_chart() -> None:
    """The sample names the chart by its path, with values that it has, and lets endpoints come before the CRDs."""
    operator, endpoints = (
        yaml.safe_load((DEPLOY / "argocd" / f"{name}.yaml").read_text())["spec"]
        for name in ("operator", "endpoints")
    )
    source = operator["source"]
    assert (ROOT / source["path"]).resolve() == CHART
    jsonschema.validate(source["helm"]["valuesObject"], SCHEMA)
    assert "ServerSideApply=true" in operator["syncPolicy"]["syncOptions"]
    assert "SkipDryRunOnMissingResource=true" in endpoints["syncPolicy"]["syncOptions"]
