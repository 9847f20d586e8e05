"""What arrives is kept raw, then understood: a new ticket, or something said on one."""
