"""A Kubernetes operator that makes Elasticsearch inference endpoints declarative.

A thin Kopf shell (`handlers`) feeds one keyed queue (`workqueue`); each key runs one `reconcile`:
resolve -> observe -> plan -> execute -> report. Every decision in it (`plan`, `conditions`) is a
pure function; every outside call goes through `kube` or `elasticsearch`.
"""

__version__ = "0.1.0"
