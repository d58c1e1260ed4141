"""The chart's values: the schema refuses what the templates cannot use, and each value goes where it says."""

from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no stubs
import pytest
import yaml

from testbed.helm import CHART, Helm, HelmError

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
EVERY_VALUE = f"""
image: {{repository: example.com/operator, digest: "{DIGEST}", pullPolicy: Always}}
imagePullSecrets: [{{name: registry}}]
settings: {{allowedHosts: [es.local, 10.0.0.1], backoffBase: 0.5, relistInterval: 10000000}}
extraEnv: [{{name: INFERENCE_OPERATOR_EVENT_LOOP_LIMIT, value: "90"}}]
serviceAccount: {{create: true, name: account, annotations: {{a: b}}}}
podAnnotations: {{annotated: "yes"}}
podLabels: {{labelled: "yes"}}
nodeSelector: {{kubernetes.io/arch: amd64}}
tolerations: [{{key: dedicated, operator: Exists}}]
affinity: {{nodeAffinity: {{}}}}
"""


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """Helm that knows no cluster."""
    return Helm(tmp_path_factory.mktemp("helm"))


def render(helm: Helm, *arguments: str | Path) -> list[dict[str, Any]]:
    """The chart's objects."""
    rendered = helm.run("template", "release", CHART, "--namespace=platform", *arguments)
    return [o for o in yaml.safe_load_all(rendered) if o]


@pytest.fixture(scope="module")
def with_every_value(offline: Helm, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The chart's objects with EVERY_VALUE."""
    values = tmp_path_factory.mktemp("values") / "values.yaml"
    values.write_text(EVERY_VALUE)
    return render(offline, f"--values={values}")


@pytest.mark.parametrize(
    ("value", "because"),
    {
        "replicas=2": "'/replicas': maximum: got 2, want 1",
        "image.digest=0123": "'/image/digest'",
        "image.pullPolicy=always": "'/image/pullPolicy'",
        "settings.workers=0": "'/settings/workers': minimum",
        "settings.logLevel=info": "'/settings/logLevel'",
        "settings.alowHttp=true": "additional properties 'alowHttp' not allowed",
        "extraEnv[0].value=x": "missing property 'name'",
        "imagePullSecrets[0]=registry": "'/imagePullSecrets/0'",
        "podLabels.n=1": "'/podLabels/n'",
        "replicaCount=1": "additional properties 'replicaCount' not allowed",
    }.items(),
)
def test_bad_value_is_refused(offline: Helm, value: str, because: str) -> None:
    """Helm names the value and the rule."""
    with pytest.raises(HelmError) as refusal:
        render(offline, f"--set={value}")
    assert because in str(refusal.value)


def test_every_value_goes_where_it_says(with_every_value: list[dict[str, Any]]) -> None:
    """The pod and its account have what the values say."""
    by_kind = {o["kind"]: o for o in with_every_value}
    template = by_kind["Deployment"]["spec"]["template"]
    pod, (container,) = template["spec"], template["spec"]["containers"]
    given = yaml.safe_load(EVERY_VALUE)
    assert container["image"] == f"example.com/operator@{DIGEST}"
    assert container["imagePullPolicy"] == "Always"
    environment = {v["name"].removeprefix("INFERENCE_OPERATOR_"): v.get("value") for v in container["env"]}
    assert environment["ALLOWED_HOSTS"] == "es.local,10.0.0.1"
    assert environment["EVENT_LOOP_LIMIT"] == "90"
    assert float(environment["RELIST_INTERVAL"]) == 1e7
    assert {
        k: pod[k] for k in ("imagePullSecrets", "nodeSelector", "tolerations", "affinity")
    }.items() <= given.items()
    assert template["metadata"]["annotations"] == given["podAnnotations"]
    assert template["metadata"]["labels"].items() >= given["podLabels"].items()
    assert pod["serviceAccountName"] == by_kind["ServiceAccount"]["metadata"]["name"] == "account"
    assert by_kind["ClusterRoleBinding"]["subjects"][0]["name"] == "account"
    assert by_kind["ServiceAccount"]["metadata"]["annotations"] == {"a": "b"}


@pytest.mark.parametrize(
    ("value", "kinds"),
    {
        "crds.enabled=false": {"CustomResourceDefinition"},
        "rbac.create=false": {"ClusterRoleBinding"},
        "serviceAccount.create=false": {"ServiceAccount"},
    }.items(),
)
def test_parts_can_be_left_out(offline: Helm, value: str, kinds: set[str]) -> None:
    """What somebody else provides is not made."""
    whole, rest = ({o["kind"] for o in render(offline, *arguments)} for arguments in ([], [f"--set={value}"]))
    assert whole - rest == kinds


def test_people_need_not_be_given_roles(offline: Helm) -> None:
    """Without aggregation the operator's own role is left."""
    roles = [
        o["metadata"]["name"]
        for o in render(offline, "--set=rbac.aggregate=false")
        if o["kind"] == "ClusterRole"
    ]
    assert roles == ["release-elasticsearch-inference-operator"]


def test_chart_works_as_part_of_another(offline: Helm, tmp_path: Path) -> None:
    """Helm hands `global` to a subchart, which the schema must not refuse."""
    dependency = {"name": CHART.name, "version": "0.1.0", "repository": f"file://{CHART}"}
    chart = {"apiVersion": "v2", "name": "parent", "version": "1.0.0", "dependencies": [dependency]}
    (tmp_path / "Chart.yaml").write_text(yaml.safe_dump(chart))
    offline.run("dependency", "build", tmp_path)
    assert "kind: Deployment" in offline.run("template", "x", tmp_path, "--set=global.a=b")


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_manifests_are_valid_for_every_supported_kubernetes(
    with_every_value: list[dict[str, Any]], version: str
) -> None:
    """The objects obey the published schemas, which know every field; CRDs have their own tests."""
    for manifest in with_every_value:
        if manifest["kind"] != "CustomResourceDefinition":
            kubernetes_validate.validate(manifest, version, strict=True)
