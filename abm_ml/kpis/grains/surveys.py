"""Grains of satisfaction: each survey."""
