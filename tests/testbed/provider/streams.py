"""Answers that come in pieces, whole: as server-sent events, or in the frames of Amazon's event stream."""

import json
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from zlib import crc32

from testbed.provider.bodies import GOOGLE_CONTENT, Json, chat_chunks
from testbed.provider.call import Call, Condition, every, field, path
from testbed.provider.embeddings import REPLY

_STRING = 7  # among the types of a frame's header

BEDROCK_EVENTS: Mapping[str, Json] = {
    "messageStart": {"role": "assistant"},
    "contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": REPLY}},
    "contentBlockStop": {"contentBlockIndex": 0},
    "messageStop": {"stopReason": "end_turn"},
}


@dataclass(frozen=True)
class Stream:
    """The whole of a stream, which is short."""

    content_type: str
    body: bytes


def stream(call: Call) -> Stream | None:
    """The stream that answers `call`, or None if it does not ask for one."""
    return next((make(call) for asked, make in STREAMS if asked(call)), None)


def _chat(call: Call) -> Stream:
    return _server_sent([*map(json.dumps, chat_chunks(call)), "[DONE]"])


def _google(_: Call) -> Stream:
    return _server_sent([json.dumps(GOOGLE_CONTENT)])


def _server_sent(events: Iterable[str]) -> Stream:
    return Stream("text/event-stream", "".join(f"data: {event}\n\n" for event in events).encode())


def _bedrock(_: Call) -> Stream:
    return _amazon((kind, json.dumps(event).encode()) for kind, event in BEDROCK_EVENTS.items())


def _sagemaker(call: Call) -> Stream:
    """A container's own stream, in pieces."""
    return _amazon([("PayloadPart", _chat(call).body)])


def _amazon(events: Iterable[tuple[str, bytes]]) -> Stream:
    return Stream("application/vnd.amazon.eventstream", b"".join(_frame(*event) for event in events))


def _frame(kind: str, payload: bytes) -> bytes:
    """Lengths and their checksum, headers, payload, and the checksum of it all."""
    headers = _header(":message-type", "event") + _header(":event-type", kind)
    lengths = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    frame = lengths + struct.pack(">I", crc32(lengths)) + headers + payload
    return frame + struct.pack(">I", crc32(frame))


def _header(name: str, value: str) -> bytes:
    return bytes([len(name)]) + name.encode() + struct.pack(">BH", _STRING, len(value)) + value.encode()


STREAMS: tuple[tuple[Condition, Callable[[Call], Stream]], ...] = (
    (path("/converse-stream"), _bedrock),
    (path("/invocations-response-stream"), _sagemaker),
    (path(":streamGenerateContent"), _google),
    (every(field("messages"), lambda call: bool(call.body.get("stream"))), _chat),
)
