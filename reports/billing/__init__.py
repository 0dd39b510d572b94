"""Billing plans: prices, cycles, cost, status, and forecast."""
