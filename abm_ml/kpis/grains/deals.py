"""Grains of the pipeline: each deal, and each stay in a stage."""
