"""`make demo`: the operator's story on a real API server and a real Elasticsearch, for a person to follow in a terminal."""
