"""Grains of retention: each client."""
