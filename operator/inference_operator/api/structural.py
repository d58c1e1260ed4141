"""Turns the models into what Kubernetes calls structural schemas: pydantic's own generator, bent to that dialect."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from inference_operator.api.schema import Model

Schema = dict[str, Any]


class _StructuralSchema(GenerateJsonSchema):
    """Pydantic's JSON Schema in the dialect of the API server."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> Schema:
        return self.generate_inner(schema["schema"])  # a field that may be None is one that may be left out

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        result = super().default_schema(schema)
        if result.get("default") in (None, "", [], {}):  # says no more than leaving the field out
            result.pop("default", None)
        return result

    def literal_schema(self, schema: core_schema.LiteralSchema) -> Schema:
        return {"type": "string", "enum": list(schema["expected"])}

    def dict_schema(self, schema: core_schema.DictSchema) -> Schema:
        if schema["values_schema"]["type"] != "any":
            raise TypeError("the CRDs know free-form objects and models, no maps of one type")
        bound = {"maxProperties": schema["max_length"]} if "max_length" in schema else {}
        return {"type": "object", "x-kubernetes-preserve-unknown-fields": True, **bound}

    def union_schema(self, schema: core_schema.UnionSchema) -> Schema:
        raise TypeError(
            f"Kubernetes knows no unions, make each choice a field of its own: {schema['choices']}"
        )

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        result = super().model_schema(schema)
        # Types have no titles in Kubernetes, and it refuses unknown fields by itself.
        del result["title"], result["additionalProperties"]
        if rules := schema["cls"].rules:
            result["x-kubernetes-validations"] = [{"rule": r.cel, "message": r.message} for r in rules]
        return result


def structural_schema(model: type[Model]) -> Schema:
    """The schema of `model` as a CRD takes it: no references, no unions, no nulls."""
    schema = model.model_json_schema(schema_generator=_StructuralSchema)
    inlined: Schema = _inline(schema, schema.pop("$defs", {}))
    return inlined


def _inline(node: Any, definitions: Schema) -> Any:
    match node:
        case {"$ref": str(ref), **rest}:  # what the field says of itself wins over what its type says
            return _inline({**definitions[ref.rpartition("/")[2]], **rest}, definitions)
        case dict():
            return {key: _inline(value, definitions) for key, value in node.items()}
        case list():
            return [_inline(value, definitions) for value in node]
    return node
