"""Work that takes longer than a request: asked for once, done in small steps, seen and stopped any time."""
