"""What a cluster says about its services is read, kept small, and never a reason to fail."""

import tracemalloc
from typing import Any

import httpx
import pytest

from inference_operator.elasticsearch.answers import Answer
from inference_operator.elasticsearch.client import list_services
from inference_operator.elasticsearch.transport import LARGEST_ANSWER
from inference_operator.errors import Reason, ReconcileError, Stalled, Transient
from inference_operator.services import SILENT, Listed, parse
from testbed.standin.services import services_answer

NEWEST = "services-9.4.3.json"
SETTING = {"required": True, "sensitive": True, "updatable": True, "supported_task_types": ["rerank"]}


def entry(**fields: Any) -> dict[str, Any]:
    """One service of an answer, with other fields."""
    return {
        "service": "acme",
        "task_types": ["rerank"],
        "configurations": {"api_key": SETTING},
        **fields,
    }


@pytest.mark.parametrize(
    ("file", "services", "pairs"),
    [(NEWEST, 24, 71), ("services-8.19.8.json", 17, 46)],
    ids=["9.4.3", "8.19.8"],
)
def test_answer_of_a_real_server_is_read_whole(file: str, services: int, pairs: int) -> None:
    """Each service, task type, setting and flag that it lists can be looked up."""
    answer = services_answer(file)
    read = parse(answer)
    assert (len(read.names), sum(len(read.task_types(name)) for name in read.names)) == (services, pairs)
    for said in answer:
        assert read.task_types(said["service"]) == said["task_types"]
        for task in said["task_types"]:
            assert read.settings(said["service"], task) == {
                name: Listed(setting["required"], setting["sensitive"], setting["updatable"])
                for name, setting in said["configurations"].items()
                if task in setting["supported_task_types"]
            }


def test_what_is_not_listed_is_empty() -> None:
    """Servers take more than they list, so nobody may stumble over what is missing."""
    read = parse(services_answer(NEWEST))
    assert read.task_types("custom") == []
    assert read.settings("custom", "rerank") == read.settings("openai", "rerank") == {}


def test_answer_of_a_real_server_takes_little_room() -> None:
    """It is far below the most that is read of an answer, and 60 KB stay of it, once per cluster."""
    answer = services_answer(NEWEST)
    assert len(httpx.Response(200, json=answer).content) < LARGEST_ANSWER / 20
    tracemalloc.start()
    read = parse(answer)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 60 * 1024
    flags = [listed for tasks in read.offers.values() for s in tasks.values() for listed in s.values()]
    assert len({id(listed) for listed in flags}) <= 8


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "text",
        {"services": []},
        [],
        [None, 1, "openai", []],
        [entry(service=None)],
        [entry(service="two words")],
        [entry(service="x" * 65)],
        [entry(service="a\nb")],
        [{"service": "acme", "task_types": [f"t{n}" for n in range(80)], "configurations": {
            f"s{n}": {**SETTING, "supported_task_types": [f"t{m}" for m in range(80)]} for n in range(80)
        }}],
    ],
    ids=[
        "nothing", "a text", "an object", "an empty list", "a list of other things", "a service without a name",
        "a name of two words", "a name that is too long", "a name with a line break", "more than anybody believes",
    ],
)  # fmt: skip
def test_answer_that_is_none_counts_as_silence(answer: Any) -> None:
    """Whatever it is, the catalogue is used, and no name that could spoil a message gets in."""
    assert parse(answer) == SILENT


@pytest.mark.parametrize(
    ("fields", "settings"),
    [
        ({"task_types": None}, {}),
        ({"task_types": ["rerank", 1, None]}, {"api_key": Listed(True, True, True)}),
        ({"configurations": None}, {}),
        ({"configurations": {"api_key": None, "model id": SETTING}}, {}),
        ({"configurations": {"api_key": {**SETTING, "supported_task_types": None}}}, {}),
        ({"configurations": {"api_key": {**SETTING, "supported_task_types": ["completion"]}}}, {}),
        (
            {"configurations": {"api_key": {"sensitive": "yes", "supported_task_types": ["rerank"]}}},
            {"api_key": Listed(False, False, False)},
        ),
    ],
    ids=[
        "no task types",
        "task types that are none",
        "no settings",
        "settings that are none",
        "a setting of no task type",
        "a setting of a task type that is not offered",
        "flags that are missing or no flags",
    ],
)
def test_part_of_an_answer_that_is_garbled_is_left_out(
    fields: dict[str, Any], settings: dict[str, Listed]
) -> None:
    """The rest is still good to know."""
    assert parse([entry(**fields)]).settings("acme", "rerank") == settings


class Server:
    """A transport whose server has one answer."""

    def __init__(self, answer: Answer | ReconcileError) -> None:
        self.answer = answer

    async def send(self, method: str, path: str, *, deadline: float) -> Answer:
        assert (method, path) == ("GET", "/_inference/_services")
        assert deadline <= 5
        if isinstance(self.answer, ReconcileError):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        (Answer(200, [entry()]), True),
        (Answer(200, {"unexpected": True}), True),
        (Answer(410, {"error": {"type": "api_not_available_exception"}}), True),
        (Answer(403, {"error": {"type": "security_exception"}}), True),
        (Answer(400, {"error": "no handler found"}), True),
        (Stalled(Reason.NOT_ELASTICSEARCH, "an answer has more than 1048576 bytes"), True),
        (Answer(500, {}), False),
        (Answer(503, {}), False),
        (Answer(429, {}), False),
        (Answer(408, {}), False),
        (Transient(Reason.TIMED_OUT, "no answer within 5 s"), False),
        (Transient(Reason.UNREACHABLE, "the connection broke"), False),
    ],
    ids=[
        "the services",
        "something else",
        "410, as serverless clusters do",
        "403, as one may not ask",
        "400, as there is no such API",
        "too long an answer",
        "500",
        "503",
        "429",
        "408",
        "no answer in time",
        "a broken connection",
    ],
)
async def test_cluster_that_does_not_list_its_services_is_no_failure(
    answer: Answer | ReconcileError, known: bool
) -> None:
    """What will be the same next time is not asked again for this version; what passes is asked at the next check."""
    read = await list_services(Server(answer))  # type: ignore[arg-type]  # all that is called of a Transport
    assert (read is not None) is known
    listed = isinstance(answer, Answer) and isinstance(answer.body, list)
    assert read is None or (read != SILENT) is listed
