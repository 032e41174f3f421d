"""The page for sales and its API: reads published runs only, and shows each viewer the own territory."""
