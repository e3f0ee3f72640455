"""Networks, rulers, cases and peers that tests and benchmarks share."""
