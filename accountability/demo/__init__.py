"""The demonstration (演示): a whole round lived through by simulated people over the real services and pages."""
