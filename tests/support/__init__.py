"""What tests share with each other and with benchmarks: networks, cases, peers, a quiz."""
