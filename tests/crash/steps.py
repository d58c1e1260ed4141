"""What a user does to an endpoint before, while and after the operator dies, and what they may then expect."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

from testbed.builders import Endpoint, Secret, endpoint, secret


class Step(StrEnum):
    """One thing that a user does."""

    CREATE = "create"
    EDIT = "edit"
    ROTATE = "rotate"
    DELETE = "delete"
    REPLACE = "replace"


CREATE, EDIT, ROTATE, DELETE, REPLACE = Step
RECREATE = (DELETE, CREATE)
Steps = tuple[Step, ...]


@dataclass(frozen=True)
class Wish:
    """What the user wants of one endpoint after some steps."""

    name: str
    connection: str = "main"
    provider_url: str = "https://provider.example"
    timeout: str = "5s"
    """What a create is given; its outcome is known 20 s later."""
    exists: bool = False
    lives: int = 0
    """How many resources of this name there have been."""
    edits: int = 0
    keys: int = 0
    models: int = 0
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the spec."""

    def after(self, step: Step) -> "Wish":
        """What the user wants after one more step."""
        match step:
            case Step.CREATE:
                return replace(self, exists=True, lives=self.lives + 1)
            case Step.EDIT:
                return replace(self, edits=self.edits + 1)
            case Step.ROTATE:
                return replace(self, keys=self.keys + 1)
            case Step.DELETE:
                return replace(self, exists=False)
            case Step.REPLACE:
                return replace(self, models=self.models + 1)

    @property
    def key(self) -> str:
        """The provider's key."""
        return f"key-{self.keys}-of-{self.name}"

    @property
    def task_settings(self) -> dict[str, str]:
        """What an edit changes."""
        return {"user": f"user-{self.edits}"}

    @property
    def model(self) -> str:
        """What only a replace changes."""
        return f"embed-{self.models}"

    def secret(self) -> Secret:
        """The Secret with the key."""
        return secret(self.name, api_key=self.key)

    def resource(self) -> Endpoint:
        """The resource."""
        url = f"{self.provider_url}/v1/embeddings"
        made = endpoint(self.name, service="openai", connection=self.connection, model_id=self.model, url=url)
        return (
            made.with_secret(self.name)
            .with_task_settings(**self.task_settings)
            .with_spec(timeout=self.timeout, **self.more)
        )


class User(Protocol):
    """Whoever writes to Kubernetes."""

    def create(self, wish: Wish) -> None:
        """Make the resource, as soon as no other has its name."""

    def edit(self, wish: Wish) -> None:
        """Change its spec."""

    def rotate(self, wish: Wish) -> None:
        """Change its Secret."""

    def delete(self, wish: Wish) -> None:
        """Delete the resource."""


def perform(user: User, wish: Wish, steps: Iterable[Step]) -> Wish:
    """Let the user do all that; what is wanted then."""
    acts = {
        CREATE: user.create,
        EDIT: user.edit,
        ROTATE: user.rotate,
        DELETE: user.delete,
        REPLACE: user.edit,
    }
    for step in steps:
        wish = wish.after(step)
        acts[step](wish)
    return wish


@dataclass(frozen=True)
class Scenario:
    """What the operator is doing when it dies, and what else happens before it runs again."""

    name: str
    exists: bool
    """Whether the endpoint has been made, and all is well, before that."""
    action: Steps
    meanwhile: Steps = ()
    """What the user does while no operator runs."""
    spec: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the spec."""

    @property
    def title(self) -> str:
        """The name with all that happens."""
        return " and ".join([self.name, *self.meanwhile])

    def then(self, *steps: Step) -> "Scenario":
        """The same, but the user does something before the operator runs again."""
        return replace(self, meanwhile=steps)


MAIN = (
    Scenario("create", False, (CREATE,)),
    Scenario("update", True, (EDIT,)),
    Scenario("rotate", True, (ROTATE,)),
    Scenario("delete", True, (DELETE,)),
    Scenario("recreate", True, RECREATE),
)
"""What the operator does for an endpoint."""
FOLLOWED = tuple(
    scenario.then(*steps)
    for scenario in MAIN
    for steps in ((EDIT,), (ROTATE,), (DELETE,), RECREATE)
    if scenario.name != "delete" or steps == RECREATE
)
"""The same, and the user does something else while no operator runs."""
REPLACES = (
    Scenario("replace when unused", True, (REPLACE,), spec={"replacePolicy": "WhenUnused"}),
    Scenario("replace by force", True, (REPLACE,), spec={"replacePolicy": "Force"}),
)
"""Changes that need the endpoint to be deleted and created anew."""
