"""Who is given what, decided and asked: offers, the decision on a ticket and why, queues as they stand.

Nothing here changes anything; `assignments` carries it out.
"""
