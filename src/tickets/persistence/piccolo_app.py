"""What Piccolo knows about this app: its name in the `migration` table, and where its migrations are."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

APP_CONFIG = AppConfig(
    app_name="tickets",
    migrations_folder_path=Path(__file__).parent / "migrations",
)
