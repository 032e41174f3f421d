"""KPIs of revenue: what accounts bring, and what winning them costs."""
