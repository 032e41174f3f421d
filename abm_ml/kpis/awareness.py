"""KPIs of awareness: which accounts notice us, engage, and how that grows."""
