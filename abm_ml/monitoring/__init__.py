"""Monitoring: whether the world that a model scores is still the one that it learned from."""
