"""Section 9, first table: an endpoint that is other in what cannot be changed in place."""

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
    mapped,
    rotated,
    under,
)
from integration.rows.scene import Case, applied, cohere, openai, settled

REPLACED = ("GET", "DRY RUN", "PUT trial", "DELETE trial", "DELETE", "PUT")

CASES = (
    Case(
        "another model, which no version takes in place: a replace is needed",
        (settled(openai()), applied(openai(model_id="embed-2"))),
        ("GET", "UPDATE", "GET"),
        ("False", Reason.UPDATE_NOT_APPLIED),
        STALLED,
        profiles=LENIENT,
        turns=2,
        words="/serviceSettings/model_id",
        and_then=(holds(model_id="embed-1"),),
    ),
    Case(
        "another model, which strict versions refuse by name: a replace is needed",
        (settled(openai()), applied(openai(model_id="embed-2"))),
        ("GET", "UPDATE", "GET"),
        ("False", Reason.REPLACE_REQUIRED),
        NEEDS_REPLACE,
        profiles=STRICT,
        turns=2,
        words="/serviceSettings/model_id",
        and_then=(holds(model_id="embed-1"),),
    ),
    Case(
        "another service: a replace is needed, and nothing is asked in place",
        (settled(openai()), applied(cohere())),
        ("GET",),
        ("False", Reason.REPLACE_REQUIRED),
        NEEDS_REPLACE,
        profiles=ALL,
        words="/service",
    ),
    Case(
        "other chunking settings, and it may be replaced: it is tried out, deleted and created anew",
        (
            settled(under("WhenUnused", openai().with_spec(chunkingSettings=WORD))),
            applied(under("WhenUnused", openai().with_spec(chunkingSettings=WIDER))),
        ),
        REPLACED,
        WELL,
        profiles=LENIENT,
        and_then=(key_is("key-1"),),
    ),
    Case(
        "another model, and it may be replaced: that is found out by an update first",
        (
            settled(under("WhenUnused", openai())),
            applied(under("WhenUnused", openai(model_id="embed-2"))),
        ),
        ("GET", "UPDATE", *REPLACED),
        WELL,
        profiles=LENIENT,
        turns=2,
        and_then=(holds(model_id="embed-2"),),
    ),
    Case(
        "another service, and it may be replaced, but a mapping uses it: the old one serves on",
        (settled(under("WhenUnused", openai())), mapped, applied(under("WhenUnused", cohere()))),
        ("GET", "DRY RUN"),
        ("False", Reason.REPLACE_BLOCKED),
        NEEDS_REPLACE,
        profiles=ALL,
        words="i1",
        and_then=(holds(model_id="embed-1"),),
    ),
    Case(
        "other chunking settings, and it may be replaced whoever uses it: that is forced",
        (
            settled(under("Force", openai(dimensions=8, similarity="dot_product"))),
            mapped,
            applied(
                under(
                    "Force",
                    openai(dimensions=8, similarity="dot_product").with_spec(chunkingSettings=WIDER),
                )
            ),
        ),
        ("GET", "DRY RUN", "PUT trial", "DELETE trial", "FORCED DELETE", "PUT"),
        WELL,
        profiles=LENIENT,
    ),
    Case(
        "other dimensions than a mapping holds: not even force replaces it",
        (
            settled(under("Force", openai(dimensions=8))),
            mapped,
            applied(under("Force", openai(dimensions=4))),
        ),
        ("GET", "UPDATE", "GET", "DRY RUN"),
        ("False", Reason.REPLACE_BLOCKED),
        NEEDS_REPLACE,
        profiles=LENIENT,
        turns=2,
        words="other dimensions",
        and_then=(holds(dimensions=8),),
    ),
    Case(
        "other dimensions than a mapping holds, refused by name: not even force replaces it",
        (
            settled(under("Force", openai(dimensions=8))),
            mapped,
            applied(under("Force", openai(dimensions=4))),
        ),
        ("GET", "UPDATE", "DRY RUN"),
        ("False", Reason.REPLACE_BLOCKED),
        NEEDS_REPLACE,
        profiles=STRICT,
        words="other dimensions",
        and_then=(holds(dimensions=8),),
    ),
    Case(
        "another model, refused by name, and it may be replaced: so it is, at once",
        (
            settled(under("WhenUnused", openai())),
            applied(under("WhenUnused", openai(model_id="embed-2"))),
        ),
        ("GET", "UPDATE", *REPLACED[1:]),
        WELL,
        profiles=STRICT,
        and_then=(holds(model_id="embed-2"),),
    ),
    Case(
        "another model and another key, the model refused by name: the key is given all the same",
        (settled(openai()), rotated, applied(openai(model_id="embed-2"))),
        ("GET", "UPDATE", "UPDATE"),
        ("False", Reason.REPLACE_REQUIRED),
        NEEDS_REPLACE,
        profiles=STRICT,
        sends=frozenset({KEY}),
        and_then=(holds(model_id="embed-1"), key_is("key-2")),
    ),
)
