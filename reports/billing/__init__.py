"""Billing plans: prices, cycles, cost, how they stand, and what is to come."""
