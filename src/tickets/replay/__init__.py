"""A file of historic requests, sent again: in process under simulated time, or to a running server."""
