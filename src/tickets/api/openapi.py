"""`python -m tickets.api.openapi [FILE]` writes the OpenAPI document, by default where we keep it."""

import sys
from pathlib import Path

import yaml
from litestar import Litestar
from litestar.di import Provide

from tickets.api.app import ROUTES
from tickets.api.document import describe
from tickets.api.json_body import StrictJson

DEFAULT = "openapi/openapi.yaml"


def rendered() -> str:
    """The document of the product's routes as YAML."""
    app = Litestar(
        list(ROUTES),
        dto=StrictJson,
        return_dto=None,
        dependencies={"parts": Provide(lambda: None, sync_to_thread=False)},
        openapi_config=None,
    )
    return yaml.safe_dump(describe(app.routes), sort_keys=False, allow_unicode=True, width=110)


if __name__ == "__main__":
    target = Path([*sys.argv[1:], DEFAULT][0])
    target.parent.mkdir(exist_ok=True)
    target.write_text(rendered(), encoding="utf-8")
