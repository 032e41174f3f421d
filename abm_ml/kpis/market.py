"""KPIs of the market: how large it is, and what can be obtained from it."""
