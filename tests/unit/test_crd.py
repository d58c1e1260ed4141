"""The CRDs: current, documented, and in the dialect of the API server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import Field

from inference_operator.api.schema import Model, Rule
from inference_operator.api.structural import structural_schema
from inference_operator.crd import HEADER, KINDS, Kind, custom_resource_definition, main

CRDS = Path(__file__).parents[2] / "crds"


def root_schema(kind: Kind) -> dict[str, Any]:
    """The schema in the CRD of `kind`."""
    (version,) = custom_resource_definition(kind)["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return schema


def schemas(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """`schema` and every schema in it, each with its path."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from schemas(inner, f"{path}.{name}")
    if "items" in schema:
        yield from schemas(schema["items"], f"{path}[]")


every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def test_committed_crds_are_current(tmp_path: Path) -> None:
    """`make generate` would change nothing."""
    main([str(tmp_path)])
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {
        p.name: p.read_text() for p in CRDS.iterdir()
    }


@every_kind
def test_file_is_plain_yaml(kind: Kind) -> None:
    """A file says where it comes from, holds the CRD, and uses no anchors."""
    text = (CRDS / f"es-inference.dev_{kind.plural}.yaml").read_text()
    assert text.startswith(HEADER)
    assert yaml.safe_load(text) == custom_resource_definition(kind)
    assert not any(isinstance(token, yaml.AnchorToken | yaml.AliasToken) for token in yaml.scan(text))


@every_kind
def test_crd_is_small_enough_for_client_side_apply(kind: Kind) -> None:
    """`kubectl apply` keeps a copy in an annotation, which may have 256 KiB."""
    assert (CRDS / f"es-inference.dev_{kind.plural}.yaml").stat().st_size < 128 * 1024


@every_kind
def test_every_field_is_described(kind: Kind) -> None:
    """`kubectl explain` has a sentence for each field; Kubernetes allows none at metadata."""
    silent = [
        path
        for path, schema in schemas(root_schema(kind))
        if not path.endswith("[]") and not schema.get("description", "").endswith(".")
    ]
    assert silent == [".metadata"]


@every_kind
def test_schema_is_structural(kind: Kind) -> None:
    """Every schema has one type, and nothing that Kubernetes does not take."""
    foreign = {
        "$ref",
        "$defs",
        "anyOf",
        "oneOf",
        "allOf",
        "title",
        "const",
        "additionalProperties",
        "examples",
    }
    for path, schema in schemas(root_schema(kind)):
        assert isinstance(schema["type"], str), path
        assert not foreign & schema.keys(), path
        assert schema.get("default", "unset") not in (None, "", [], {}), path


@every_kind
def test_opaque_fields_are_preserved(kind: Kind) -> None:
    """An object without declared fields would be pruned to {}, unless it says that unknown fields stay."""
    pruned = [
        path
        for path, schema in schemas(root_schema(kind))
        if schema["type"] == "object"
        and "properties" not in schema
        and not schema.get("x-kubernetes-preserve-unknown-fields")
    ]
    assert pruned == [".metadata"]


@every_kind
def test_new_object_is_not_ready_for_kstatus(kind: Kind) -> None:
    """The status defaults to a generation that is never current, and writing it is a subresource of its own."""
    (version,) = custom_resource_definition(kind)["spec"]["versions"]
    assert version["subresources"] == {"status": {}}
    assert root_schema(kind)["properties"]["status"]["default"] == {"observedGeneration": -1}


@every_kind
def test_printer_columns_lead_to_declared_fields(kind: Kind) -> None:
    """A column whose path is misspelt would be silently empty."""
    declared = {path for path, _ in schemas(root_schema(kind))} | {".metadata.creationTimestamp"}
    (version,) = custom_resource_definition(kind)["spec"]["versions"]
    for column in version["additionalPrinterColumns"]:
        path, _, field = column["jsonPath"].partition("[?")
        assert path + (f"[].{field.rpartition('.')[2]}" if field else "") in declared


class Inner(Model):
    """Inner words."""

    kept: dict[str, Any] = Field({}, description="Kept.", max_length=3)

    rules = (Rule("size(self.kept) > 0", "say something", lambda inner: bool(inner.kept)),)


class Outer(Model):
    """Outer words."""

    plain: Inner
    described: Inner | None = Field(None, description="Words of the field.")
    many: list[Inner] = Field([], description="Many.", max_length=2)


INNER = {
    "type": "object",
    "description": "Inner words.",
    "properties": {
        "kept": {
            "type": "object",
            "description": "Kept.",
            "x-kubernetes-preserve-unknown-fields": True,
            "maxProperties": 3,
        }
    },
    "x-kubernetes-validations": [{"rule": "size(self.kept) > 0", "message": "say something"}],
}


def test_models_become_structural_schemas() -> None:
    """References are inlined, optional means left out, rules and bounds are kept, the field's words win."""
    assert structural_schema(Outer) == {
        "type": "object",
        "description": "Outer words.",
        "required": ["plain"],
        "properties": {
            "plain": INNER,
            "described": {**INNER, "description": "Words of the field."},
            "many": {"type": "array", "description": "Many.", "items": INNER, "maxItems": 2},
        },
    }


class Union(Model):
    either: int | str


class Map(Model):
    labels: dict[str, str]


@pytest.mark.parametrize("model", [Union, Map])
def test_what_has_no_structural_schema_is_refused(model: type[Model]) -> None:
    """A field that cannot be said in a CRD fails the generation, not the installation."""
    with pytest.raises(TypeError):
        structural_schema(model)
