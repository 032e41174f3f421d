"""Grains of tactics: each channel, campaign and content."""
