"""What the outside sees of us: log lines and metrics."""
