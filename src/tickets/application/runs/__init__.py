"""Runs of escalation policies on tickets: what begins and moves them, what they do, how they are shown."""
