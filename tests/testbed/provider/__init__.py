"""A stand-in for the vendors' APIs behind Elasticsearch, which calls the provider at every create."""

from testbed.provider.client import Provider
from testbed.provider.state import ProviderRequest
from testbed.provider.vendors import AZURE_RESOURCE, VENDOR_HOSTS

__all__ = ["AZURE_RESOURCE", "VENDOR_HOSTS", "Provider", "ProviderRequest"]
