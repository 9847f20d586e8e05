"""Tickets are given to agents and taken back: by the router, by offers, or because an agent asks."""
