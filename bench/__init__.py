"""Benchmarks: CPU time as a ratio to a bare version of the same work (floor); they print and assert nothing."""
