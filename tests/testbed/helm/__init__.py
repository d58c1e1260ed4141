"""Helm as people use it: the real program, for the chart of this repository."""

from testbed.helm.binary import ensure
from testbed.helm.chart import CHART, NAME, Helm, HelmError

__all__ = ["CHART", "NAME", "Helm", "HelmError", "ensure"]
