"""Grains of engagement: each account in each period."""
