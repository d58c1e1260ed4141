"""What can be wrong with a connection: each case has its own reason and advice, costs little, and heals by itself."""

import pytest
import trustme

from inference_operator.errors import Reason
from testbed.trouble import CONNECTION, NAME, Scene, Trouble, prove, trouble
from testbed.world import CONNECTIONS

pytestmark = pytest.mark.xdist_group("bad-connections")

ANOTHER_CA = trustme.CA().cert_pem.bytes().decode()
NO_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def to(url: str) -> dict[str, object]:
    """A connection that leads there."""
    return {"endpoint": {"url": url}}


REFERENCES = {
    "the Secret with the API key is missing": trouble(
        Reason.SECRET_NOT_FOUND, "create it", stalled=False, credentials=None
    ),
    "the Secret lacks the key": trouble(
        Reason.SECRET_KEY_NOT_FOUND,
        "add it, or correct the reference",
        stalled=False,
        credentials={"another": "x"},
    ),
    "the API key is empty": trouble(
        Reason.SECRET_VALUE_INVALID, "empty.*write it anew", credentials={"api_key": b"\n"}
    ),
    "the API key is not UTF-8": trouble(
        Reason.SECRET_VALUE_INVALID, "not UTF-8.*write it anew", credentials={"api_key": b"\xff\xfek"}
    ),
    "the API key holds a NUL": trouble(
        Reason.SECRET_VALUE_INVALID, "NUL.*write it anew", credentials={"api_key": b"ab\0cd"}
    ),
    "the API key would split the header": trouble(
        Reason.SECRET_VALUE_INVALID, "no HTTP header.*write them anew", credentials={"api_key": b"ab\r\ncd"}
    ),
    "the ConfigMap with the CA is missing": trouble(
        Reason.CONFIG_MAP_NOT_FOUND, "create it", stalled=False, ca=None
    ),
}
SERVERS = {
    "the CA is another": trouble(
        Reason.TLS_VERIFICATION_FAILED, "give its CA under spec.tls", ca={"ca.crt": ANOTHER_CA}
    ),
    "the CA is no certificate": trouble(
        Reason.TLS_VERIFICATION_FAILED, "no PEM certificate; correct it", ca={"ca.crt": NO_CERTIFICATE}
    ),
    "the host is unknown": trouble(
        Reason.HOST_UNKNOWN,
        r"correct spec\.endpoint\.url",
        stalled=False,
        connection=to("https://es.invalid:9200"),
    ),
    "the port is closed": trouble(
        Reason.UNREACHABLE,
        r"127\.0\.0\.1:9\b.*spec\.endpoint\.url",
        stalled=False,
        connection=to("https://127.0.0.1:9"),
    ),
    "the cluster is away": trouble(
        Reason.UNREACHABLE, r"spec\.endpoint\.url", stalled=False, server=lambda es: es.down()
    ),
    "the URL is plain http": trouble(
        Reason.ADDRESS_NOT_ALLOWED, "use https://", connection=to("http://127.0.0.1:9200")
    ),
    "the URL leads to the metadata service": trouble(
        Reason.ADDRESS_NOT_ALLOWED, "administrator", connection=to("https://169.254.169.254")
    ),
    "the URL leads to loopback by a name": trouble(
        Reason.ADDRESS_NOT_ALLOWED, "administrator", connection=to("https://localhost:9200")
    ),
    "a web site answers": trouble(
        Reason.NOT_ELASTICSEARCH,
        r"correct spec\.endpoint\.url",
        server=lambda es: es.fault(
            path="/", times=None, status=200, body="<html>hello</html>", product=False
        ),
    ),
    "a redirect answers": trouble(
        Reason.NOT_ELASTICSEARCH,
        r"307.*correct spec\.endpoint\.url",
        server=lambda es: es.fault(
            path="/", times=None, status=307, headers={"location": f"{es.url}/elsewhere"}
        ),
    ),
    "a proxy answers that nobody is behind it": trouble(
        Reason.UNREACHABLE,
        "proxy",
        stalled=False,
        server=lambda es: es.fault(
            path="/", times=None, status=502, body="<html>bad gateway</html>", product=False
        ),
    ),
}
RIGHTS = {
    "the API key is wrong": trouble(
        Reason.UNAUTHORIZED, "put valid ones into the Secret", credentials={"api_key": "bm9ib2R5Om5vdGhpbmc="}
    ),
    "the API key may only monitor": trouble(
        Reason.INSUFFICIENT_PRIVILEGES,
        '"manage_inference", "monitor"',
        server=lambda es: es.set_privileges(["monitor"]),
    ),
    "the API key may only manage inference": trouble(
        Reason.INSUFFICIENT_PRIVILEGES,
        '"manage_inference", "monitor"',
        server=lambda es: es.set_privileges(["manage_inference"]),
    ),
    "the version is 8.17": trouble(
        Reason.UNSUPPORTED_VERSION, r"8\.17\.4.*8\.18.*upgrade", server=lambda es: es.set_version("8.17.4")
    ),
    "the cluster is not the pinned one": trouble(
        Reason.CLUSTER_CHANGED, r"spec\.clusterUUID", connection={"clusterUUID": "the-uuid-of-another"}
    ),
}


def rows(cases: dict[str, Trouble]) -> pytest.MarkDecorator:
    """The table as parameters, with its sentences as ids."""
    return pytest.mark.parametrize("ill", cases.values(), ids=cases.keys())


@rows(REFERENCES | SERVERS | RIGHTS)
def test_bad_connection_is_named_cheap_and_heals(scene: Scene, ill: Trouble) -> None:
    """The connection says why, its endpoint repeats it, nothing is written meanwhile, and all is well once it is mended."""
    prove(scene, ill, CONNECTIONS)


def test_newline_after_the_api_key_does_no_harm(scene: Scene) -> None:
    """It is the most common slip of those who make Secrets from files."""
    scene.apply({"credentials": {"api_key": f"{scene.es.api_key}\r\n"}})
    scene.world.wait_ready(NAME)


def test_cluster_that_becomes_another_one_stops_everything_until_it_is_back(scene: Scene) -> None:
    """A UUID pins itself at first use; nothing is written to another cluster under the same URL."""
    scene.apply({})
    scene.world.wait_ready(NAME)
    uuid = scene.world.status(CONNECTION, CONNECTIONS)["clusterUUID"]
    scene.es.set_cluster_uuid("the-uuid-of-another")
    scene.world.wait_reason(CONNECTION, "ClusterChanged", CONNECTIONS)
    scene.es.clear()
    scene.world.change(NAME, taskSettings={"user": "somebody"})
    scene.world.wait_reason(NAME, "ConnectionNotReady")
    assert not [seen for seen in scene.es.operations() if seen.writes]
    scene.es.set_cluster_uuid(uuid)
    scene.world.wait_ready(NAME)
