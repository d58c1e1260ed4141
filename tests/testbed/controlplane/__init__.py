"""A real Kubernetes control plane without nodes: etcd, kube-apiserver and kube-controller-manager as processes."""

from testbed.controlplane.audit import AuditEntry
from testbed.controlplane.plane import ControlPlane, apply_crds

__all__ = ["AuditEntry", "ControlPlane", "apply_crds"]
