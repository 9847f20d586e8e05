"""Who is given what, asked: the decision on a ticket and why, decisions supposed, queues as they stand.

Nothing here changes anything.
"""
