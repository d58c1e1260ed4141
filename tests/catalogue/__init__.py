"""Makes the service catalogue from Elastic's specification of the REST API, and the page about it from the catalogue."""
