"""Everything that is said to Elasticsearch: the guarded way there, the inference API, and what its answers mean."""
