"""What the operator costs with 1 to 5,000 endpoints, counted on a real API server; see `make bench`."""
