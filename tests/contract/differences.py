"""What the stand-in answers differently, and why it may; an entry that no longer differs fails the suite."""

COMMENTS = "the server skips comments in JSON, which no client sends; the parser of the stand-in knows none"
JSON_ALONE = "the stand-in speaks nothing but JSON"
PATH = "the stand-in's HTTP library tidies a path that no client sends before anybody sees it"
NO_INDEX_LIST = "the real path / also deletes indices, by a list; the stand-in's does not"
NO_ADVICE = "the stand-in refuses a parameter, but does not guess which one was meant"
KEY_REQUEST = "the stand-in makes API keys for tests and looks at nothing else of the request"
TWO_STEPS = "the stand-in tells the problems of settings and those of secrets one after the other"

_BOTH = {
    "bodies: bodies that are no object, or no JSON": {"16 PUT /_inference/text_embedding/a": COMMENTS},
    "bodies: updates that are no object, or no JSON": {
        "17 PUT /_inference/text_embedding/a/_update": COMMENTS,
    },
    "bodies: media types": {"5 PUT /_inference/text_embedding/a": JSON_ALONE},
    "bodies: paths and methods that nobody serves": {
        "15 GET /_inference//a": PATH,
        "18 GET /_inference/%zz": PATH,
    },
    "reading: who the server is": {"5 POST /": NO_INDEX_LIST},
    "reading: unknown parameters": {"3 PUT /_inference/text_embedding/a?timeouts=1s": NO_ADVICE},
    "security: making a key": {
        "4 POST /_security/api_key": KEY_REQUEST,
        "5 POST /_security/api_key": KEY_REQUEST,
    },
    "services: the life of deepseek chat_completion": {
        "11 PUT /_inference/chat_completion/a": TWO_STEPS,
    },
    "services: the life of deepseek completion": {"11 PUT /_inference/completion/a": TWO_STEPS},
}
DIFFERENCES: dict[str, dict[str, dict[str, str]]] = dict.fromkeys(("9.4.3", "8.19.8"), _BOTH)
"""By version, scenario and step; the value says why."""
