"""The desk as code: YAML or stored rows in, a checked `Desk` out, and what `facts` asks of it. Pure."""
