"""What a ticket is and how it may change: plain structs and pure functions."""
