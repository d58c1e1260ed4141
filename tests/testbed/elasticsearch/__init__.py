"""A real Elasticsearch: given, unpacked, in a container, or put together from a public archive."""

from testbed.elasticsearch.installation import prepare
from testbed.elasticsearch.jdk import DistributionUnavailable
from testbed.elasticsearch.server import Elasticsearch

__all__ = ["DistributionUnavailable", "Elasticsearch", "prepare"]
