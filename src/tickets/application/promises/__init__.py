"""Questions about promises that change nothing: how they stand, why, what they would be, how they were kept.

And one answer that does: what a fact told late makes of them. With `facts`, which moves clocks, this is the
seam to `sla`: nobody else asks it about a ticket.
"""
