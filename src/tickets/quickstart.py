"""The newcomer's first minute: a sample desk, a key, and three requests to paste, one a channel."""

import shlex
import sys
from importlib.resources import files
from pathlib import Path

from tickets.application.publish import apply_file
from tickets.bootstrap import Application

KEY_FILE = "admin-key"

WELCOME = """
tickets is ready: {url}   (documentation: {url}/docs, metrics: {url}/metrics)
Admin key: {key}

Paste one request a channel:

# a form
curl -sS {url}/v1/intake/forms/warranty -H 'Content-Type: application/json' -d \\
  '{{"name": "Lan", "phone": "0912 345 678", "region": "vn-hcm",
    "product": "TV 55", "problem": "Màn hình bị sọc"}}'

# a mail
curl -sS {url}/v1/intake/inbox/cskh -H 'Authorization: Bearer {key}' \\
  -H 'Content-Type: message/rfc822' \\
  --data-binary $'From: Minh <minh@example.com>\\nTo: cskh@shop.example.vn\\nSubject: Giao hàng\\n\\nĐơn đâu?'

# a call
curl -sS {url}/v1/intake/hotline/1900 -H 'Authorization: Bearer {key}' \\
  -H 'Content-Type: application/json' -d \\
  '{{"call_id": "demo-1", "event": "started", "at": "{now}", "from": "0987654321", "to": "19000000"}}'

Each answers with its ticket. See it, and a few seconds later its assignee and why:

curl -sS {url}/v1/tickets/<ticket> -H 'Authorization: Bearer {key}'

A fire drill escalates to whoever is on call within half a minute; then see the alerts that are open:

curl -sS {url}/v1/tickets -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d \\
  '{{"subject": "Fire drill", "tags": ["drill"]}}'

curl -sS '{url}/v1/alerts?state=open' -H 'Authorization: Bearer {key}'

Other commands need to be told where this desk is kept:

{command} export

Press Ctrl-C to stop.
"""


async def prepare(app: Application) -> str:
    """Apply the sample desk to an empty desk and mint the first key; what to tell the newcomer."""
    desk = await app.parts.desks.current()
    if desk.revision == 0:
        text = files("tickets.sample").joinpath("desk.yaml").read_text(encoding="utf-8")
        await apply_file(app.parts.desks, text, app.parts.now())
    made = await app.parts.api_keys.bootstrap(app.parts.new_id(), app.parts.now())
    command = _command(app.settings.data_dir)
    key = await _shown_key(app, made) or f"<yours; {command} mint-key NAME --scope admin makes another>"
    now = app.parts.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    return WELCOME.format(url=app.settings.public_url, key=key, now=now, command=command)


def _command(data_dir: Path) -> str:
    """How to call `tickets` for this data folder, from any folder."""
    program = Path(sys.executable).with_name("tickets")  # not resolved: a venv's Python is a link out of it
    return f"TICKETS_DATA_DIR={shlex.quote(str(data_dir))} {shlex.quote(str(program))}"


async def _shown_key(app: Application, made: str | None) -> str | None:
    """The admin key: made once, kept beside the data, and shown again for as long as it is good."""
    kept = app.settings.data_dir / KEY_FILE
    if made is not None:
        kept.touch(0o600)
        kept.write_text(made)
        return made
    known = await app.parts.api_keys.find(kept.read_text()) if kept.exists() else None
    return kept.read_text() if known is not None and known.valid(app.parts.now()) else None
