"""Planning, holding and recording talks."""
