"""The steps of the story, in the order in which a user meets them; each returns what it verified."""

import json
import time
from collections.abc import Callable
from typing import TypeVar

from demo import manifests
from demo.cluster import Sent
from demo.manifests import Endpoint
from demo.narration import say, show
from demo.stage import SCALE, Stage
from testbed.processes import wait_for

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds within which everything of the story has to happen."""
ROTATION_LIMIT = 2.0
RESYNC = manifests.INTERVAL * SCALE
_LAST_READY = 'jsonpath={.status.conditions[?(@.type=="Ready")].message}'


class NotSo(Exception):
    """What was to be seen was not."""


def expect(condition: object, otherwise: str) -> None:
    """End the step unless the condition holds."""
    if not condition:
        raise NotSo(otherwise)


class Story:
    """The steps share the three endpoints and the Secrets that they use."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        provider = stage.cluster.provider_url
        rerank = None if stage.cluster.knows_cohere else provider("/rerank")
        self.openai = manifests.openai(stage.prefix, provider("/v1/embeddings"))
        self.hugging_face = manifests.hugging_face(stage.prefix, provider("/embed"))
        self.reranker = manifests.reranker(stage.prefix, rerank)
        self.endpoints = (self.openai, self.hugging_face, self.reranker)
        self.index = f"{stage.prefix}articles"
        major, minor, *_ = map(int, stage.cluster.server.version.split("."))
        self.updates_are_tried = (major, minor) >= (9, 4)

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        """All steps with their titles."""
        return [
            ("Apply a connection and three endpoints", self.apply),
            ("Rotate a provider's key", self.rotate),
            (
                "Rotate to a key that the provider refuses",
                self.refuse if self.updates_are_tried else self.refuse_at_use,
            ),
            ("Edit a setting in Elasticsearch by hand", self.edit),
            ("Delete an endpoint in Elasticsearch by hand", self.remove),
            ("Ask for a change that Elasticsearch ignores", self.ignored),
            ("Delete an endpoint that an index uses", self.delete_used),
            ("Look for keys in all that the operator has said", self.look_for_keys),
            ("Delete the rest", self.delete_rest),
        ]

    def apply(self) -> str:
        """A user applies everything, and all of it becomes Ready."""
        self._tell_about_cohere()
        begin = time.monotonic()
        self.apply_all()
        self.stage.kubectl("wait", "iep", "--all", "--for=condition=Ready", f"--timeout={PATIENCE:.0f}s")
        seconds = time.monotonic() - begin
        self.stage.see("get", "elasticsearchconnections")
        self.stage.see("get", "inferenceendpoints")
        say("What Elasticsearch holds (it never returns the key):")
        show(json.dumps(self.stage.elasticsearch("GET", f"/_inference/{self.openai.name}"), indent=2))
        sent = self._show_sent(0)
        keys = {self.key_name(e.secret) for e in self.endpoints}
        expect({s.key for s in sent} == keys, f"the provider was sent other keys than {sorted(keys)}")
        return f"three endpoints were Ready {seconds:.1f} s after kubectl apply began, each tried with its own key"

    def rotate(self) -> str:
        """A changed Secret reaches the provider without a change of the spec."""
        mark = len(self.stage.cluster.sent())
        begin = time.time()
        self._patch_key(self.openai, "openai key 2")
        if not self.updates_are_tried:
            say("This version stores a changed key without trying it; the next use of the endpoint shows it:")
            self._use()
        first = self._wait(lambda: self._sent_with("openai key 2", mark), "the provider is sent the new key")
        seconds = first.time - begin
        self._show_sent(mark)
        self.stage.see("get", "iep", self.openai.name, "--output=jsonpath={.status.secrets}")
        expect(seconds <= ROTATION_LIMIT, f"it took {seconds:.1f} s until the provider was sent the new key")
        return f"the provider was sent the new key {seconds:.2f} s after kubectl began to change the Secret"

    def refuse(self) -> str:
        """A key that does not work is refused in words, and the old one goes on working."""
        name, mark = self.openai.name, len(self.stage.cluster.sent())
        self._patch_key(self.openai, "openai key 3, which the provider refuses", refused=True)
        self._wait(
            lambda: "ProviderRefusedKey" in str(self.stage.resource(name)), "the refusal is in the status"
        )
        self.stage.see("get", "iep", name)
        said = self.stage.see(
            "get", "iep", name, '--output=jsonpath={.status.conditions[?(@.type=="Synced")].message}'
        )
        expect("refuses the key" in said, "the status does not say that the provider refused the key")
        say("The old key stays in force; an embedding asked for now works:")
        expect(self.stage.embed(name) == 200, "the endpoint cannot be used")
        sent = self._show_sent(mark)
        expect(sent[-1].key == "openai key 2", "the embedding was not made with the old key")
        say("A key that works is put into the Secret:")
        self._patch_key(self.openai, "openai key 4")
        self._wait(lambda: self._is(name, "Synced", "True"), "all is well again")
        self.stage.see("get", "iep", name)
        return "the status quotes the refusal, the old key went on working, and a good key healed it"

    def refuse_at_use(self) -> str:
        """Where nobody tries a changed key, the status does not claim that it works."""
        name, refused = self.openai.name, "openai key 3, which the provider refuses"
        mark = len(self.stage.cluster.sent())
        self._patch_key(self.openai, refused, refused=True)
        expect(self._use() == 401, "the key works")
        expect([s.key for s in self._show_sent(mark)] == [refused], "the provider was sent another key")
        said = self.stage.see("get", "iep", name, f"--output={_LAST_READY}")
        expect("not checked by this version" in said, "the status does not say that the key is unchecked")
        say("A key that works is put into the Secret:")
        self._patch_key(self.openai, "openai key 4")
        expect(self._use() == 200, "the good key does not heal it")
        return "the status says that the key is unchecked, the next use found it refused, and a good key healed it"

    def edit(self) -> str:
        """Somebody else's edit is put back at the next look."""
        name = self.openai.name
        say(
            f"The operator looks every {RESYNC:.0f} s here (interval {manifests.INTERVAL}s, scaled by {SCALE})."
        )
        edited = self.stage.elasticsearch(
            "PUT", f"/_inference/text_embedding/{name}/_update", {"task_settings": {"user": "somebody-else"}}
        )
        show(f"task_settings: {edited['task_settings']}")
        expect(edited["task_settings"]["user"] == "somebody-else", "the edit had no effect")
        begin = time.monotonic()
        self._wait(lambda: self._user() == "search-team", "the setting is put back")
        seconds = time.monotonic() - begin
        self._show_stored(name)
        self._see_event(name, "DriftCorrected")
        return f"the setting was put back {seconds:.1f} s later"

    def remove(self) -> str:
        """Somebody else's deletion is undone at the next look."""
        name, mark = self.reranker.name, len(self.stage.cluster.sent())
        self.stage.elasticsearch("DELETE", f"/_inference/{self.reranker.task_type}/{name}")
        begin = time.monotonic()
        self._wait(lambda: self.stage.stored(name), "the endpoint is back")
        seconds = time.monotonic() - begin
        self._show_stored(name)
        self._show_sent(mark)
        self._see_event(name, "DriftCorrected")
        self.stage.see("get", "iep", name)
        return f"the endpoint was back {seconds:.1f} s later"

    def ignored(self) -> str:
        """A 200 is no proof: what did not take effect is not called Ready."""
        name = self.openai.name
        say("This version answers 200 to a new rate limit of an openai endpoint, and keeps the old one.")
        self._patch(name, {"serviceSettings": {"rate_limit": {"requests_per_minute": 7}}})
        self._wait(
            lambda: self.stage.condition(name, "Ready").get("reason") == "UpdateNotApplied", "it is not Ready"
        )
        self.stage.see("get", "iep", name)
        self.stage.see("get", "iep", name, f"--output={_LAST_READY}")
        expect(self._is(name, "Ready", "False"), "it is called Ready")
        say("The change is taken back:")
        self._patch(name, {"serviceSettings": {"rate_limit": None}})
        self._wait(lambda: self._is(name, "Ready", "True"), "all is well again")
        self.stage.see("get", "iep", name)
        return (
            "the endpoint was not called Ready, the message names the setting, and taking it back healed it"
        )

    def delete_used(self) -> str:
        """A deletion waits, with words, for an index that needs the endpoint."""
        name = self.hugging_face.name
        field = {"type": "semantic_text", "inference_id": name}
        self.stage.elasticsearch("PUT", f"/{self.index}", {"mappings": {"properties": {"text": field}}})
        self.stage.kubectl("delete", "iep", name, "--wait=false")
        blocked = self._wait(lambda: self.stage.condition(name, "DeletionBlocked"), "the deletion is blocked")
        self.stage.see(
            "get", "iep", name, '--output=jsonpath={.status.conditions[?(@.type=="DeletionBlocked")].message}'
        )
        expect(self.index in blocked["message"], "the message does not name the index")
        expect(self.stage.stored(name), "the endpoint is gone although the index uses it")
        say("The index goes, and the deletion, tried again by itself, ends:")
        self.stage.elasticsearch("DELETE", f"/{self.index}")
        self._wait(lambda: self.stage.resource(name) is None, "the resource is gone")
        expect(self.stage.stored(name) is None, "the endpoint is still there")
        self.stage.see("get", "iep")
        return f"the endpoint was kept, the message names {self.index!r}, and without the index it went"

    def look_for_keys(self) -> str:
        """No key is in the log (at debug level), the metrics, the objects or the events."""
        spoken, leaked = self.stage.spoken(), self.stage.leaked()
        expect(not leaked, f"found: {', '.join(leaked)}")
        kilobytes = len(spoken) // 1000
        keys = len(self.stage.names) + 1
        return (
            f"none of {keys} keys is in {kilobytes} kB of log (at debug level), metrics, objects and events"
        )

    def delete_rest(self) -> str:
        """What is deleted in Kubernetes is deleted in Elasticsearch."""
        self.stage.kubectl("delete", "iep", "--all", f"--timeout={PATIENCE:.0f}s")
        self.stage.kubectl("delete", "esconn", "--all", f"--timeout={PATIENCE:.0f}s")
        self.stage.see("get", "iep,esconn")
        left = [e.name for e in self.endpoints if self.stage.stored(e.name)]
        expect(not left, f"still in Elasticsearch: {', '.join(left)}")
        return "nothing of it is left, neither in Kubernetes nor in Elasticsearch"

    def apply_all(self) -> None:
        """Apply Secrets, connection and endpoints, with new keys."""
        server = self.stage.cluster.server
        pem = server.ca_file.read_text() if server.ca_file else None
        names = {e.secret: self.key_name(e.secret) for e in self.endpoints}
        values = {secret: self.stage.new_key(name) for secret, name in names.items()}
        url, mine = server.url, manifests.CREDENTIALS
        real = manifests.everything(self.endpoints, url, pem, {mine: server.api_key, **values})
        named = {secret: f"<{name}>" for secret, name in names.items()}
        text = manifests.everything(
            self.endpoints, url, pem and "<the CA>", {mine: "<Elasticsearch API key>", **named}
        )
        self.stage.kubectl("apply", "-f", "-", input=real, shown=f"apply -f - <<YAML\n{text}YAML")

    def key_name(self, secret: str) -> str:
        """What the first key in a Secret is called."""
        return f"{secret} key 1"

    def _tell_about_cohere(self) -> None:
        if self.stage.cluster.knows_cohere:
            say(
                "The third endpoint is the Cohere example of Elasticsearch's own API page, word for word. No vendor is "
                "called: a stub on this machine answers in their place, also under Cohere's host name."
            )
            return
        say(
            "Cohere is called at its own name on port 443, where the provider stub may not listen for this "
            "Elasticsearch: the third endpoint is a reranker of Hugging Face instead."
        )

    def _patch(self, name: str, spec: dict[str, object]) -> None:
        self.stage.kubectl("patch", "iep", name, "--type=merge", "-p", json.dumps({"spec": spec}))

    def _patch_key(self, endpoint: Endpoint, key: str, *, refused: bool = False) -> None:
        value = self.stage.new_key(key, refused=refused)
        start = ("patch", "secret", endpoint.secret, "-p")
        patch = json.dumps({"stringData": {"api-key": value}})
        shown = f"{' '.join(start)} '{patch.replace(value, f'<{key}>')}'"
        self.stage.kubectl(*start, patch, shown=shown)

    def _wait(self, condition: Callable[[], T | None], what: str) -> T:
        return wait_for(condition, what=what, timeout=PATIENCE)

    def _use(self) -> int:
        """Ask for an embedding once the newest key is in force; the status of the answer."""
        name, secret = self.openai.name, self.openai.secret
        self._wait(lambda: self.stage.is_live(name, secret), "the newest key is in force")
        return self.stage.embed(name)

    def _is(self, name: str, kind: str, status: str) -> bool:
        return self.stage.condition(name, kind).get("status") == status

    def _user(self) -> object:
        stored = self.stage.stored(self.openai.name)
        return stored and stored["task_settings"]["user"]

    def _sent_with(self, key: str, since: int) -> Sent | None:
        return next((s for s in self.stage.cluster.sent()[since:] if s.key == key), None)

    def _show_sent(self, since: int) -> list[Sent]:
        """Show what the provider was sent after the first `since` requests."""
        sent = self.stage.cluster.sent()[since:]
        say("What the provider was sent:")
        show("\n".join(f"{s.about:<34} with {s.key}: {s.outcome}" for s in sent) or "(nothing)")
        return sent

    def _show_stored(self, name: str) -> None:
        show(
            json.dumps(
                self.stage.elasticsearch("GET", f"/_inference/{name}")["endpoints"][0]["task_settings"]
            )
        )

    def _see_event(self, name: str, reason: str) -> None:
        request = ("get", "events", f"--field-selector=involvedObject.name={name},reason={reason}")
        self._wait(
            lambda: self.stage.plane.kubectl(*request, "--all-namespaces", "--output=name"), "the event"
        )
        self.stage.see(*request)
