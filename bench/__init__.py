"""Benchmarks against floors: they print ratios of CPU time and assert nothing (these machines are noisy)."""
