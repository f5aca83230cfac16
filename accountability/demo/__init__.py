"""The demonstration (演示): a whole round run by simulated people through the real services and pages."""
