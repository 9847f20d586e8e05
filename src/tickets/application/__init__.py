"""Use cases: one a module, one transaction each."""
