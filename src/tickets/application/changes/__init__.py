"""What may be done to a ticket, and what becomes of it: pure decisions, nothing is loaded or stored."""
