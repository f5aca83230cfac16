"""Two web servers and two databases, each in a network of its own, one of which fails during a vote."""
