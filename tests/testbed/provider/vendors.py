"""The fixed host names at which Elasticsearch calls the vendors, and a certificate for them."""

from pathlib import Path

import trustme

AZURE_RESOURCE = "my-resource"
VENDOR_HOSTS = (
    "ai.api.nvidia.com",
    "api.ai21.com",
    "api.anthropic.com",
    "api.cohere.ai",
    "api.cohere.com",
    "api.contextual.ai",
    "api.deepseek.com",
    "api.fireworks.ai",
    "api.groq.com",
    "api.jina.ai",
    "api.mistral.ai",
    "api.openai.com",
    "api.voyageai.com",
    "bedrock-runtime.us-east-1.amazonaws.com",
    "default-abc.platform-cn-shanghai.opensearch.aliyuncs.com",
    "discoveryengine.googleapis.com",
    "generativelanguage.googleapis.com",
    "iam.cloud.ibm.com",
    "integrate.api.nvidia.com",
    "login.microsoftonline.com",
    "runtime.sagemaker.us-east-1.amazonaws.com",
    "us-central1-aiplatform.googleapis.com",
    "us-south.ml.cloud.ibm.com",
    f"{AZURE_RESOURCE}.openai.azure.com",
)


def write_certificate(directory: Path) -> tuple[Path, Path]:
    """Issue one certificate for all vendors; return it and the authority's own, both as PEM files."""
    authority, certificate = directory / "provider-ca.pem", directory / "provider.pem"
    issuer = trustme.CA()
    issuer.cert_pem.write_to_path(authority)
    issuer.issue_cert(*VENDOR_HOSTS).private_key_and_cert_chain_pem.write_to_path(certificate)
    return certificate, authority
