"""What all tests share: Hypothesis explores the same examples in every run, so that a red build is never chance."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

pytest_plugins = ["testbed.fixtures", "testbed.pairs.report"]
