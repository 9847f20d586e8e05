"""One file a migration, run in the order of their `ID`s. Never edit one that was released: add the next."""
