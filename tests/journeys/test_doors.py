"""Nothing but health, forms and what carries a token of its own answers without a key."""

import re

from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import NOBODY, problem

WITHOUT_A_KEY = {
    "/livez",
    "/readyz",
    "/metrics",
    "/v1/forms/{form}/challenge",
    "/v1/forms/{form}/schema",
    "/v1/intake/forms/{form}",
    "/v1/intake/inbox/{mailbox}/mime",
    "/v1/intake/messages/{account}",
    "/v1/feeds/agents/{key}/{token}",
    "/v1/feeds/schedules/{key}/{token}",
}


async def test_every_other_door_is_locked(shop: Shop) -> None:
    paths = (await shop.get("/openapi.json"))["paths"]
    assert paths.keys() > WITHOUT_A_KEY
    for path, methods in paths.items():
        for method in methods:
            asked = shop.client.build_request(
                method, re.sub(r"\{(id|attachment|run)\}", NOBODY, path), json={}
            )
            del asked.headers["Authorization"]
            answer = await shop.client.send(asked)
            if path not in WITHOUT_A_KEY:
                problem(answer, 401, what=(method, path))
            else:
                assert answer.status_code in (200, 404, 422), (method, path, answer.text)
