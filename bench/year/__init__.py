"""A year of history: ``python -m bench.year`` makes one, and measures the admin with it."""
