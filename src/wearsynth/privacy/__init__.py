"""Differential privacy per person: what is clipped, what noise is added, and what it costs."""
