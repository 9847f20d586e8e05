"""One module per kind of resource; each exports its handlers in `ROUTES`."""
