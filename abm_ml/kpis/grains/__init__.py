"""Grains: what one row is that KPIs count, with time cut, periods placed and money converted."""

from abm_ml.kpis.grains import accounts, clients, deals, market, money, people, surveys, tactics, touches
