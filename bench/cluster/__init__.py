"""A whole floor on one machine, for trying and for tests: ``script/cluster``."""
