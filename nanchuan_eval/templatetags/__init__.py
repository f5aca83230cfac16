"""The floor's template tags."""
