"""KPIs of retention: who stays, buys more and recommends."""
