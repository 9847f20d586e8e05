"""PostgreSQL: tables, migrations, stores, the outbox and the read models. Rows never leave this room."""
