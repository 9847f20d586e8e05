"""Questions about promises that change nothing: how they stand, why, what they would be, how they were kept.

With `facts`, which moves clocks, this is the seam to `sla`: nobody else asks it about a ticket.
"""
