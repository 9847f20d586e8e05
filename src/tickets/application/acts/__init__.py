"""What people do: to tickets, to alerts and their runs."""
