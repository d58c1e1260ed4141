"""What needs real time: `make soak` runs it, and `make test` does not."""
