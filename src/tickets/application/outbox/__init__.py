"""What leaves: sent or tried again, put off, gathered or given up; and who is at the other end."""
