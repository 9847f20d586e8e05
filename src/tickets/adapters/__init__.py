"""The outside world: system time, mail, telephony, webhooks, chat, the embedded PostgreSQL."""
