"""The HTTP face: Litestar routes, and the frame they stand in."""
