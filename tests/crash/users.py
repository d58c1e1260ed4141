"""The user of a real cluster, who does not wait for the operator."""

from contextlib import suppress

from kubernetes.client import CustomObjectsApi
from kubernetes.client.exceptions import ApiException

from crash.steps import Wish
from testbed.builders import API_VERSION
from testbed.controlplane import ControlPlane
from testbed.world import ENDPOINTS, World


class ClusterUser:
    """Writes to one namespace."""

    def __init__(self, plane: ControlPlane, world: World) -> None:
        self._world = world
        self._objects = CustomObjectsApi(plane.api)
        self._next: dict[str, Wish] = {}  # what is created once its name is free

    def create(self, wish: Wish) -> None:
        """Make the resource, now or, by `insist`, later; its Secret is there already."""
        self._next[wish.name] = wish
        self.insist()

    def insist(self) -> None:
        """Try again to make whatever could not be made, as another one of its name was still going."""
        group, version = API_VERSION.split("/")
        for name, wish in list(self._next.items()):
            (body,) = wish.resource().manifests()
            with suppress(ApiException):
                self._objects.create_namespaced_custom_object(
                    group, version, self._world.namespace, ENDPOINTS, body
                )
                del self._next[name]

    def edit(self, wish: Wish) -> None:
        """Change the spec, also of what is yet to be created."""
        if wish.name in self._next:
            self._next[wish.name] = wish
        else:
            (body,) = wish.resource().manifests()
            self._world.change(wish.name, **body["spec"])

    def rotate(self, wish: Wish) -> None:
        """Change the Secret."""
        self._world.change_secret(wish.name, api_key=wish.key)

    def delete(self, wish: Wish) -> None:
        """Delete the resource, if it is not gone already, and no longer want another one."""
        self._next.pop(wish.name, None)
        with suppress(ApiException):
            self._world.delete(wish.name)
