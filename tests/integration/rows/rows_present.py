"""Section 9, first table: an endpoint that is missing, equal, or other in what may be changed in place."""

from inference_operator.errors import Reason
from integration.rows.happenings import (
    ALL,
    KEY,
    LENIENT,
    NEEDS_REPLACE,
    STALLED,
    STRICT,
    WELL,
    WIDER,
    WORD,
    holds,
    key_is,
    rotated,
    scaled,
    told_the_timeout,
)
from integration.rows.scene import Case, applied, cohere, in_cluster, openai, settled

ADAPTIVE = {
    "adaptive_allocations": {"enabled": True, "min_number_of_allocations": 1},
    "num_allocations": None,
}

CASES = (
    Case(
        "absent: it is created",
        (applied(openai()),),
        ("GET", "PUT"),
        WELL,
        profiles=ALL,
        and_then=(told_the_timeout, key_is("key-1")),
    ),
    Case("equal: nothing is done", (settled(openai()),), ("GET",), WELL, profiles=ALL),
    Case(
        "equal, and the Secret has changed: all secrets are sent",
        (settled(openai()), rotated),
        ("GET", "UPDATE"),
        WELL,
        profiles=ALL,
        sends=frozenset({KEY}),
        and_then=(key_is("key-2"),),
    ),
    Case(
        "another rate limit, which strict versions take without the secrets",
        (settled(cohere()), applied(cohere(rate_limit={"requests_per_minute": 7}))),
        ("GET", "UPDATE"),
        WELL,
        profiles=STRICT,
        sends=frozenset({"service_settings.rate_limit"}),
        and_then=(holds(rate_limit={"requests_per_minute": 7}),),
    ),
    Case(
        "another rate limit, which older versions take with the secrets",
        (settled(cohere()), applied(cohere(rate_limit={"requests_per_minute": 7}))),
        ("GET", "UPDATE"),
        WELL,
        sends=frozenset({KEY, "service_settings.rate_limit"}),
        and_then=(holds(rate_limit={"requests_per_minute": 7}),),
    ),
    Case(
        "another rate limit, which this service passes over: it is said, and not asked again",
        (settled(openai()), applied(openai(rate_limit={"requests_per_minute": 7}))),
        ("GET", "UPDATE", "GET"),
        ("False", Reason.UPDATE_NOT_APPLIED),
        STALLED,
        profiles=LENIENT,
        turns=2,
        words="/serviceSettings/rate_limit/requests_per_minute",
    ),
    Case(
        "another task setting: that one alone is sent",
        (
            settled(openai().with_task_settings(headers={"a": "b"})),
            applied(openai().with_task_settings(headers={"a": "b"}, user="v")),
        ),
        ("GET", "UPDATE"),
        WELL,
        profiles=("9.4", *STRICT),
        sends=frozenset({"task_settings.user"}),
    ),
    Case(
        "a task setting is removed, which strict versions do by null",
        (settled(openai()), applied(openai().with_spec(taskSettings={}))),
        ("GET", "UPDATE"),
        WELL,
        profiles=STRICT,
        sends=frozenset({"task_settings.user"}),
    ),
    Case(
        "a task setting is removed, which older versions cannot: a replace is needed",
        (settled(openai()), applied(openai().with_spec(taskSettings={}))),
        ("GET",),
        ("False", Reason.REPLACE_REQUIRED),
        NEEDS_REPLACE,
        profiles=LENIENT,
        words="/taskSettings/user",
    ),
    Case(
        "other chunking settings, which strict versions take as a whole",
        (
            settled(openai().with_spec(chunkingSettings=WORD)),
            applied(openai().with_spec(chunkingSettings=WIDER)),
        ),
        ("GET", "UPDATE"),
        WELL,
        profiles=STRICT,
        sends=frozenset(f"chunking_settings.{name}" for name in WIDER),
    ),
    Case(
        "other chunking settings, which older versions cannot take: a replace is needed",
        (
            settled(openai().with_spec(chunkingSettings=WORD)),
            applied(openai().with_spec(chunkingSettings=WIDER)),
        ),
        ("GET",),
        ("False", Reason.REPLACE_REQUIRED),
        NEEDS_REPLACE,
        profiles=LENIENT,
        words="/chunkingSettings/max_chunk_size",
    ),
    Case(
        "other allocations: they are sent",
        (settled(in_cluster()), applied(in_cluster(num_allocations=2))),
        ("GET", "UPDATE", "LOOK FOR MODEL"),
        WELL,
        profiles=ALL,
        sends=frozenset({"service_settings.num_allocations"}),
    ),
    Case(
        "other allocations, where they adapt by themselves: nothing is done",
        (settled(in_cluster(**ADAPTIVE)), scaled(3)),
        ("GET", "LOOK FOR MODEL"),
        WELL,
        profiles=ALL,
    ),
    Case(
        "no allocations, where they adapt by themselves: that is available too",
        (settled(in_cluster(**ADAPTIVE)), scaled(0)),
        ("GET", "LOOK FOR MODEL"),
        WELL,
        profiles=ALL,
    ),
    Case(
        "other adaptive allocations: they are sent, without a number",
        (
            settled(in_cluster(**ADAPTIVE)),
            applied(
                in_cluster(
                    num_allocations=None,
                    adaptive_allocations={"enabled": True, "min_number_of_allocations": 2},
                )
            ),
        ),
        ("GET", "UPDATE", "LOOK FOR MODEL"),
        WELL,
        profiles=("9.2", "9.4", "9.5"),
        sends=frozenset({"service_settings.adaptive_allocations"}),
    ),
)
