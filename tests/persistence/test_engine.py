from tickets.persistence.engine import Engine


async def test_a_statement_runs_on_a_fresh_database(engine: Engine) -> None:
    assert await engine.fetch_value("SELECT 1 + $1::int", 1) == 2
