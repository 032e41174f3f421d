"""Grains of money: each sale, each cost, each contract."""
