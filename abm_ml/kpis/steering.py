"""KPIs of steering: which tactics work, and whether goals are met."""
