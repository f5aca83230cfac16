"""What people do in a round, for tests/e2e/test_whole_round.py."""
