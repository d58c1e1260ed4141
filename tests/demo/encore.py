"""`KEEP=1`: after the story everything stays up, with the endpoints applied again, and a person may play."""

import contextlib
import signal

from demo.narration import say, show
from demo.stage import NAMESPACE
from demo.story import Story
from testbed.controlplane import binaries


def encore(story: Story) -> None:
    """Apply the endpoints again, print commands to play with, and wait for Ctrl-C."""
    say("")
    say("KEEP=1: everything stays up until Ctrl-C. The objects are applied once more:")
    story.apply_all()
    show("\n".join(_commands(story)))
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


def _commands(story: Story) -> list[str]:
    stage, name = story.stage, story.openai.name
    server = stage.cluster.server
    key_file = _private_file(story, "elasticsearch-api-key", server.api_key)
    spare = _private_file(story, "openai-spare-key", stage.new_key("openai spare key"))
    trust = f" --cacert {server.ca_file}" if server.ca_file else ""
    url = server.url.rstrip("/")
    patch = f'{{\\"stringData\\":{{\\"api-key\\":\\"$(cat {spare})\\"}}}}'
    return [
        f"export KUBECONFIG={stage.plane.kubeconfig}",
        f"alias k='{binaries.find(binaries.ensure(), 'kubectl')} --namespace {NAMESPACE}'",
        f"alias es='curl --silent{trust} --header \"Authorization: ApiKey $(cat {key_file})\"'",
        "",
        "k get esconn,iep --output wide",
        f"k describe iep {name}",
        f"es {url}/_inference/{name}?pretty",
        f'k patch secret openai -p "{patch}"   # a key that the provider takes',
        f"es -X DELETE {url}/_inference/{name}   # and look again a few seconds later",
        f"tail -f {stage.operator.log}",
    ]


def _private_file(story: Story, name: str, value: str) -> str:
    path = story.stage.folder / name
    path.touch(mode=0o600)
    path.write_text(value)
    return str(path)
