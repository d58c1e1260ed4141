"""A deletion ends, or says in words what it waits for."""

import pytest

from testbed.builders import connection
from testbed.running_operator import RunningOperator
from testbed.target import OURS, Target, on
from testbed.world import CONNECTIONS, World

NAME = f"{OURS}deleted"
INDEX = f"{OURS}documents"
newest_version = on("standin-9.4", "real-9.4.3")
"""For what takes seconds and asks nothing of Elasticsearch in which its versions differ."""


@pytest.fixture
def ready(world: World, target: Target) -> World:
    """The world with one endpoint that is Ready."""
    world.apply(target.embeddings(NAME))
    world.wait_ready(NAME)
    return world


def test_kubectl_delete_removes_the_endpoint(ready: World, target: Target) -> None:
    """When the command returns, both are gone."""
    ready.kubectl("delete", "iep", NAME)
    assert ready.find(NAME) is None
    assert target.shown(NAME) is None
    ready.wait_event(NAME, "Deleted")


def test_endpoint_in_use_is_kept_and_the_status_names_the_index(ready: World, target: Target) -> None:
    """The deletion waits, never Stalled, and goes on by itself when the index is gone."""
    target.create_index(INDEX, NAME)
    try:
        ready.delete(NAME)
        blocked = ready.wait_blocked(NAME, "InUse")
        assert INDEX in blocked["message"]
        assert ready.status(NAME)["references"]["indices"] == [INDEX]
        assert target.shown(NAME) is not None
        ready.wait_event(NAME, "InUse")
    finally:
        target.delete_index(INDEX)
    ready.wait_gone(NAME)
    assert target.shown(NAME) is None


def test_endpoint_in_use_is_released_by_annotation(ready: World, target: Target) -> None:
    """A person may decide to leave it where it is."""
    target.create_index(INDEX, NAME)
    try:
        ready.delete(NAME)
        ready.wait_blocked(NAME, "InUse")
        ready.release(NAME)
        ready.wait_gone(NAME)
        assert target.shown(NAME) is not None
    finally:
        target.delete_index(INDEX)


def test_connection_waits_for_its_endpoints(ready: World, target: Target) -> None:
    """Without it their deletion could not be carried out; it says which they are."""
    ready.delete("main", CONNECTIONS)
    blocked = ready.wait_blocked("main", "StillReferenced", CONNECTIONS)
    assert NAME in blocked["message"]
    ready.kubectl("delete", "iep", NAME)
    ready.wait_gone("main", CONNECTIONS)
    assert target.shown(NAME) is None


def test_endpoint_without_a_finalizer_learns_that_its_connection_has_gone(
    ready: World, target: Target
) -> None:
    """At once, not at the connection's next check, which here would be in hours."""
    ready.change("main", CONNECTIONS, interval="9999m")
    ready.apply(target.embeddings("kept").with_id(f"{NAME}-kept").retained())
    ready.wait_ready("kept")
    ready.delete("main", CONNECTIONS)
    ready.wait_blocked("main", "StillReferenced", CONNECTIONS)
    ready.kubectl("delete", "iep", NAME)
    ready.wait_gone("main", CONNECTIONS)
    ready.wait_reason("kept", "ConnectionNotFound")


def test_connection_that_nobody_uses_goes_at_once(world: World) -> None:
    """It has no finalizer before the first endpoint."""
    assert "finalizers" not in world.get("main", CONNECTIONS)["metadata"]
    world.kubectl("delete", "esconn", "main")


def test_endpoint_is_deleted_though_the_credentials_went_first(ready: World, target: Target) -> None:
    """Credentials in use are kept in memory for that."""
    ready.delete_secret("main-credentials")
    ready.wait_reason("main", "SecretNotFound", CONNECTIONS)
    ready.kubectl("delete", "iep", NAME)
    assert target.shown(NAME) is None


@newest_version
def test_without_credentials_after_a_restart_the_deletion_waits_for_a_person(
    ready: World, target: Target, operator: RunningOperator
) -> None:
    """What was kept in memory is lost; the release annotation is the way out."""
    operator.stop()
    ready.delete_secret("main-credentials")
    operator.run()
    ready.delete(NAME)
    blocked = ready.wait_blocked(NAME, "CredentialsGone")
    assert "es-inference.dev/release" in blocked["message"]
    ready.release(NAME)
    ready.wait_gone(NAME)
    assert target.shown(NAME) is not None


@newest_version
def test_restored_credentials_let_the_deletion_go_on(
    ready: World, target: Target, operator: RunningOperator
) -> None:
    """The other way out."""
    operator.stop()
    ready.delete_secret("main-credentials")
    operator.run()
    ready.delete(NAME)
    ready.wait_blocked(NAME, "CredentialsGone")
    ready.apply(connection(target).credentials)
    ready.wait_gone(NAME)
    assert target.shown(NAME) is None


@newest_version
def test_namespace_goes_with_everything_in_it(ready: World, target: Target) -> None:
    """Kubernetes deletes Secrets, connection and endpoint in any order; nothing hangs, nothing is left behind."""
    ready.kubectl("delete", "namespace", ready.namespace, "--timeout=60s")
    assert target.shown(NAME) is None


@newest_version
def test_deletion_that_began_while_no_operator_ran_is_carried_out(
    ready: World, target: Target, operator: RunningOperator
) -> None:
    """The finalizer keeps the resource until there is one."""
    operator.stop()
    ready.delete(NAME)
    assert target.shown(NAME) is not None
    operator.run()
    ready.wait_gone(NAME)
    assert target.shown(NAME) is None
