"""Customers: who they are, which of them are one, what they asked us, and forgetting them."""
