"""The sample desk that ships with the package."""
