"""Writes the CRDs: `python -m inference_operator.crd FOLDER`.

The schemas come from the pydantic models; what the models cannot say (names, printer columns, the rule about the
id) stands in `KINDS`.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from inference_operator.api.connection import ElasticsearchConnectionSpec, ElasticsearchConnectionStatus
from inference_operator.api.schema import GROUP, VERSION, Model
from inference_operator.api.structural import Schema, structural_schema
from inference_operator.api.v1alpha1 import InferenceEndpointSpec, InferenceEndpointStatus

HEADER = "# generated from the pydantic models by `make generate`; do not edit\n"


@dataclass(frozen=True)
class Kind:
    """What a CRD says beside the schemas of spec and status."""

    name: str
    short_name: str
    description: str
    spec: type[Model]
    status: type[Model]
    columns: dict[str, str]
    wide_columns: dict[str, str]
    rules: tuple[dict[str, str], ...] = ()

    @property
    def plural(self) -> str:
        """The name of the resource in URLs."""
        return f"{self.name.lower()}s"


def _condition(name: str, field: str = "status") -> str:
    return f'.status.conditions[?(@.type=="{name}")].{field}'


_ALWAYS = {
    "Ready": _condition("Ready"),
    "Reason": _condition("Ready", "reason"),
    "Age": ".metadata.creationTimestamp",
}
_COLUMN_TYPES = {"Age": "date", "Last-Write": "date", "Suspended": "boolean"}  # the others are strings
_ID = "(has({0}.spec.inferenceId) ? {0}.spec.inferenceId : {0}.metadata.name)"

KINDS = (
    Kind(
        name="InferenceEndpoint",
        short_name="iep",
        description="One inference endpoint in one Elasticsearch cluster.",
        spec=InferenceEndpointSpec,
        status=InferenceEndpointStatus,
        columns={
            "ID": ".status.inferenceId",
            "Task": ".spec.taskType",
            "Service": ".spec.service",
            "Cluster": ".status.connection.clusterName",
            **_ALWAYS,
        },
        wide_columns={
            "Synced": _condition("Synced"),
            "Drifted": _condition("Drifted"),
            "Suspended": ".spec.suspend",
            "Last-Write": ".status.lastWriteTime",
        },
        rules=(
            {
                "rule": f"{_ID.format('self')} == {_ID.format('oldSelf')}",
                "message": "inferenceId cannot be changed, as it would be another endpoint: create a second resource "
                "with the new id, move the users over, then delete this one",
            },
        ),
    ),
    Kind(
        name="ElasticsearchConnection",
        short_name="esconn",
        description="How to reach one Elasticsearch cluster, for the inference endpoints of the same namespace.",
        spec=ElasticsearchConnectionSpec,
        status=ElasticsearchConnectionStatus,
        columns={
            "URL": ".spec.endpoint.url",
            "Version": ".status.version",
            "Cluster": ".status.clusterName",
            **_ALWAYS,
        },
        wide_columns={"UUID": ".status.clusterUUID"},
    ),
)


def custom_resource_definition(kind: Kind) -> Schema:
    """The CustomResourceDefinition of `kind`."""
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": _printer_columns(kind),
        "schema": {"openAPIV3Schema": _root_schema(kind)},
    }
    names = {"kind": kind.name, "plural": kind.plural, "shortNames": [kind.short_name]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {**names, "categories": ["es-inference"]},
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def _printer_columns(kind: Kind) -> list[Schema]:
    return [
        {"name": name, "type": _COLUMN_TYPES.get(name, "string"), "jsonPath": path, **priority}
        for columns, priority in ((kind.columns, {}), (kind.wide_columns, {"priority": 1}))
        for name, path in columns.items()
    ]


def _root_schema(kind: Kind) -> Schema:
    schema: Schema = {
        "description": kind.description,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": f"Always {GROUP}/{VERSION}."},
            "kind": {"type": "string", "description": f"Always {kind.name}."},
            "metadata": {"type": "object"},
            "spec": structural_schema(kind.spec),
            # A new object is visibly not looked at yet; without this, kstatus would take it for ready.
            "status": {**structural_schema(kind.status), "default": {"observedGeneration": -1}},
        },
    }
    return {**schema, "x-kubernetes-validations": list(kind.rules)} if kind.rules else schema


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True  # people read these files


def main(arguments: Sequence[str] | None = None) -> None:
    """Write one file per kind into each folder that the command line names."""
    for folder in map(Path, sys.argv[1:] if arguments is None else arguments):
        folder.mkdir(parents=True, exist_ok=True)
        for kind in KINDS:
            text = yaml.dump(custom_resource_definition(kind), Dumper=_Dumper, sort_keys=False, width=110)
            (folder / f"{GROUP}_{kind.plural}.yaml").write_text(HEADER + text, encoding="utf-8")


if __name__ == "__main__":
    main()
