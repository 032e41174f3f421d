"""Grains of the market: what each account may still buy."""
