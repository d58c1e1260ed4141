"""The test bed: each part is a real process that tests, the demo and `python -m testbed` can start."""
