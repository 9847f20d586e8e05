"""Use cases: one a module, one transaction each. Rooms import one way (`application` in pyproject.toml)."""
