"""KPIs of the pipeline: how accounts move through the funnel, and how deals end."""
