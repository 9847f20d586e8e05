"""What we say to customers leaves by the way they came: a port, and one module for each way."""
