"""Headless ticketing: requests in, promises kept, the right agent found, nobody left unheard."""
