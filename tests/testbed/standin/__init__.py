"""A stand-in Elasticsearch: the inference API of a chosen version over real sockets, with a journal and faults at will."""
