"""Reads a request body as the server's JSON parser does, with the errors that it gives."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from testbed.standin.refusal import Refusal

_DEEPEST = 1000
_TOO_DEEP = (
    f"Document nesting depth ({_DEEPEST + 1}) exceeds the maximum allowed "
    f"({_DEEPEST}, from `StreamReadConstraints.getMaxNestingDepth()`)"
)
_BRACKETS = re.compile(r'"(?:\\.|[^"\\])*"|[\[{]|[\]}]')
_BYTE_ORDER_MARK = "\ufeff"
_NAME = re.compile(r'\s*("(?:\\.|[^"\\])*")\s*:\s*')
_SEPARATOR = re.compile(r"\s*,?")
_KINDS = {
    type(None): "VALUE_NULL",
    bool: "VALUE_BOOLEAN",
    int: "VALUE_NUMBER",
    float: "VALUE_NUMBER",
    str: "VALUE_STRING",
    list: "START_ARRAY",
    dict: "START_OBJECT",
}
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

_DECODER = json.JSONDecoder()


def parse_object(text: str) -> dict[str, Any]:
    """The object a text begins with; what follows is not looked at, and any other value counts as an empty object."""
    text = text.lstrip(_BYTE_ORDER_MARK)
    if not text.strip() or re.match(r"\s*([\[\"\d-]|(null|true|false)\b)", text):
        return {}
    _check_depth(text)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            names = [name for name, _ in pairs]
            raise _duplicate(text, next(name for name in names if names.count(name) > 1))
        return value

    try:
        decoder = json.JSONDecoder(object_pairs_hook=unique, parse_constant=partial(_refuse_constant, text))
        found: dict[str, Any] = decoder.raw_decode(text.lstrip())[0]
    except json.JSONDecodeError as error:
        raise _malformed(text.lstrip(), error) from error
    return found


@dataclass
class Field:
    """One entry of an object, with the columns at which its name and its value begin."""

    name: str
    name_column: int
    value: Any
    value_column: int


def fields(text: str, parser: str) -> Iterator[Field]:
    """The entries of the object that a text is, one by one, so that a mistake counts only once it is reached."""
    text = text.lstrip(_BYTE_ORDER_MARK)
    if not text.lstrip().startswith("{"):
        kind = kind_of(parse_value(text)) if text.strip() else "null"
        column = 1 if text.strip() else 0
        raise Refusal(
            400, "x_content_parse_exception", f"[1:{column}] [{parser}] Expected START_OBJECT but was: {kind}"
        )
    _check_depth(text)
    position = text.index("{") + 1
    while (entry := _NAME.match(text, position)) is not None:
        name, start = json.loads(entry[1]), entry.end()
        try:
            value, position = _DECODER.raw_decode(text, start)
        except json.JSONDecodeError as error:
            raise _malformed(text, error) from error
        yield Field(name, entry.start(1) + 1, value, start + 1)
        position = _SEPARATOR.match(text, position).end()  # type: ignore[union-attr]
    parse_object(text)  # raises what is wrong with the rest


def kind_of(value: Any) -> str:
    """The token with which a value begins."""
    return _KINDS[type(value)]


def parse_value(text: str) -> Any:
    """Any JSON value."""
    try:
        return _DECODER.raw_decode(text.lstrip())[0]
    except json.JSONDecodeError as error:
        raise _malformed(text.lstrip(), error) from error


def _check_depth(text: str) -> None:
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(found[0], 0)
        if depth > _DEEPEST:
            cause = Refusal(400, "stream_constraints_exception", _TOO_DEEP)
            raise Refusal(400, "x_content_parse_exception", _TOO_DEEP, cause=cause)
        if depth == 0 and found[0] in "}]":
            return  # what follows is not looked at


def _refuse_constant(text: str, name: str) -> float:
    problem = f"Non-standard token '{name}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow"
    raise _parse_error(problem, text, text.index(name) + len(name) + 1)


def _duplicate(text: str, name: str) -> Refusal:
    quoted = f'"{name}"'
    column = text.index(quoted, text.index(quoted) + 1) + len(quoted) + 1
    return _parse_error(f"Duplicate field '{name}'", text, column)


def _malformed(text: str, error: json.JSONDecodeError) -> Refusal:
    position = error.pos
    if position >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
        return _unfinished(text)
    if "property name" in error.msg:
        return _unexpected("was expecting double-quote to start field name", text, position)
    if "delimiter" in error.msg:
        separator = error.msg.split("'")[1]
        entries = (
            "colon to separate field name and value"
            if separator == ":"
            else "comma to separate Object entries"
        )
        return _unexpected(f"was expecting {entries}", text, position)
    token = re.match(r"\w+", text[position:])
    if token is None:
        return _unexpected(f"expected a valid value {_VALUES}", text, position)
    end = position + len(token[0])
    column = end + (1 if end == len(text) else 2)
    return _parse_error(f"Unrecognized token '{token[0]}': was expecting {_VALUES}", text, column)


def _unexpected(expected: str, text: str, position: int) -> Refusal:
    character = text[position]
    problem = f"Unexpected character ('{character}' (code {ord(character)})): {expected}"
    return _parse_error(problem, text, position + 1)


def _unfinished(text: str) -> Refusal:
    source = f'[Source: (byte[])"{text}"; line: 1, column: '
    if text.rstrip()[-1] in ":,":
        problem = "Unexpected end-of-input within/between Object entries"
    else:
        marker = f"expected close marker for Object (start marker at {source}1])"
        problem = f"Unexpected end-of-input: {marker}"
    cause = Refusal(400, "json_e_o_f_exception", f"{problem}\n at {source}{len(text) + 1}]")
    return Refusal(
        400, "x_content_e_o_f_exception", f"[1:{len(text) + 1}] Unexpected end of file", cause=cause
    )


def _parse_error(problem: str, text: str, column: int) -> Refusal:
    reason = f'{problem}\n at [Source: (byte[])"{text}"; line: 1, column: {column}]'
    cause = Refusal(400, "json_parse_exception", reason)
    return Refusal(400, "x_content_parse_exception", f"[1:{column}] {reason}", cause=cause)
