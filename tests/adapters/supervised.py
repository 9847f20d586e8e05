"""A process that owns (or joins) an embedded server, started by the stories about it.

`python supervised.py FOLDER attach|own [UID]` prints one line, `started URL`, `attached URL` or
`refused WHY`, and waits until its standard input ends.
"""

import os
import sys
from pathlib import Path

from tickets.adapters.embedded_postgres import EmbeddedPostgres
from tickets.errors import CannotStart


def become(uid: int) -> None:
    """Go on as an ordinary user without a home (who might not be allowed to start our Python)."""
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    os.environ.clear()


def main(folder: str, how: str, uid: str = "") -> None:
    if uid:
        become(int(uid))
    embedded = EmbeddedPostgres(Path(folder))
    try:
        url = embedded.start(attach=how == "attach", timeout=20)
    except CannotStart as reason:
        print(f"refused {reason}", flush=True)  # noqa: T201 - this is its protocol
        return
    print("started" if embedded.owned else "attached", url, flush=True)  # noqa: T201 - this is its protocol
    sys.stdin.read()
    embedded.stop(grace=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
