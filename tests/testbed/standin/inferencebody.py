"""The body of an inference call, read field by field as the server does: the first mistake is the one it tells."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from testbed.standin.jsontext import Field, fields, kind_of, parse_object
from testbed.standin.refusal import Refusal, illegal_argument, invalid

_PARSER = "cluster:internal/xpack/inference"
_INPUT_TYPES = ("ingest", "search", "classification", "clustering", "unspecified")
_INTERNAL = ("internal_ingest", "internal_search")
_FOREIGN = {"query", "return_documents", "top_n", "input_type"}
_OWN = {
    "rerank": {"query", "return_documents", "top_n"},
    "text_embedding": {"input_type"},
    "embedding": {"input_type"},
}
"""Fields that only these task types know."""


@dataclass
class InferenceBody:
    """What is asked of the model."""

    input: list[str] | None = None
    query: str | None = None
    input_type: str | None = None
    return_documents: bool | None = None
    top_n: int | None = None
    task_settings: dict[str, Any] = field(default_factory=dict)

    def check(self, task_type: str, *, knows_foreign: bool) -> None:
        """Refuses what is missing, or makes no sense, for the task type."""
        for problem in self._problems(task_type, knows_foreign=knows_foreign):
            raise invalid([problem], "action_request_validation_exception")

    def _problems(self, task_type: str, *, knows_foreign: bool) -> Iterator[str]:
        if self.input is None and task_type not in ("any", "embedding"):
            yield "Field [input] cannot be null"
        if self.input == []:
            yield "Field [input] cannot be an empty array"
        if task_type == "rerank" and not self.query:
            how = "null" if self.query is None else "empty"
            yield f"Field [query] cannot be {how} for task type [rerank]"
        for name in sorted(_FOREIGN - _OWN.get(task_type, set())):
            if knows_foreign and task_type != "any" and getattr(self, name) is not None:
                yield f"Field [{name}] cannot be specified for task type [{task_type}]"


def read_body(text: str) -> InferenceBody:
    """The body in a text; raises what the server says about one that it cannot read."""
    body = InferenceBody()
    for one in fields(text, _PARSER):
        if one.name not in _READERS:
            raise _refused(one.name_column, f"unknown field [{one.name}]")
        kinds, read = _READERS[one.name]
        if kind_of(one.value) not in kinds:
            problem = f"{one.name} doesn't support values of type: {kind_of(one.value)}"
            raise _refused(one.value_column, problem)
        try:
            setattr(body, one.name, read(one))
        except Refusal as cause:
            text = f"[1:{one.value_column}] [{_PARSER}] failed to parse field [{one.name}]"
            raise Refusal(400, "x_content_parse_exception", text, cause=cause) from cause
    return body


def read_contents(text: str) -> InferenceBody:
    """The body for the task type `embedding`, whose inputs are contents of several kinds, one or a list in each."""
    inputs = parse_object(text).get("input", [])
    contents = [one["content"] for one in inputs]
    flat = [item for one in contents for item in (one if isinstance(one, list) else [one])]
    return InferenceBody(input=[str(item["value"]) for item in flat])


def _refused(column: int, problem: str) -> Refusal:
    return Refusal(400, "x_content_parse_exception", f"[1:{column}] [{_PARSER}] {problem}")


def _texts(found: Field) -> list[str]:
    if isinstance(found.value, str):
        return [found.value]
    for item in found.value:
        if item is None or isinstance(item, dict | list):
            column = found.value_column + 1
            found.value_column = column
            raise illegal_argument(f"Expected text at 1:{column} but found {kind_of(item)}")
    return [item if isinstance(item, str) else json.dumps(item) for item in found.value]


def _input_type(found: Field) -> str:
    name = str(found.value).lower()
    if name not in (*_INPUT_TYPES, *_INTERNAL):
        enum = "org.elasticsearch.inference.InputType"
        raise illegal_argument(f"No enum constant {enum}.{found.value.upper()}")
    return name


def _flag(found: Field) -> bool:
    if str(found.value).lower() not in ("true", "false"):
        text = f"Failed to parse value [{found.value}] as only [true] or [false] are allowed."
        raise illegal_argument(text)
    return str(found.value).lower() == "true"


def _number(found: Field) -> int:
    try:
        return int(found.value)
    except ValueError:
        raise Refusal(400, "number_format_exception", f'For input string: "{found.value}"') from None


def _as_it_is(found: Field) -> Any:
    return found.value


_READERS: dict[str, tuple[tuple[str, ...], Callable[[Field], Any]]] = {
    "input": (("VALUE_STRING", "START_ARRAY"), _texts),
    "query": (("VALUE_STRING",), _as_it_is),
    "input_type": (("VALUE_STRING",), _input_type),
    "return_documents": (("VALUE_BOOLEAN", "VALUE_STRING"), _flag),
    "top_n": (("VALUE_NUMBER", "VALUE_STRING"), _number),
    "task_settings": (("START_OBJECT",), _as_it_is),
}
