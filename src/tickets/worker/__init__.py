"""What runs beside the API: time, routing, and everything that leaves."""
