"""A Dovecot of our own: on a free port, in a temporary folder, started, killed and started again."""

import getpass
import grp
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.worker.brokers import PATIENCE, _answers, free_port, missing

DOVECOT = "/usr/sbin/dovecot"
USER, PASSWORD = "cskh@shop.example.vn", "geheim"

_CONFIG = """
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = 127.0.0.1
{encryption}
disable_plaintext_auth = no
mail_fsync = never
mail_location = maildir:{folder}/mail
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 0
first_valid_gid = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}
}}
service imap-login {{
  {chroot}
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""
_NOT_ROOT = """
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
service anvil {{
  chroot =
}}
"""


class Dovecot:
    """One mail server with one mailbox; with a certificate and its key, it encrypts."""

    def __init__(self, folder: Path, certificate: tuple[Path, Path] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.tls_port = free_port() if certificate else 0
        encryption = "ssl = no"
        if certificate:
            encryption = "ssl = yes\nssl_cert = <{}\nssl_key = <{}".format(*certificate)
        self._names = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        root = os.getuid() == 0  # then Dovecot wants another account for mail
        user, group = ("mail", "mail") if root else (getpass.getuser(), grp.getgrgid(os.getgid()).gr_name)
        config = _CONFIG + ("" if root else _NOT_ROOT)
        places = {"folder": folder, "port": self.port, "user": user, "group": group, "password": PASSWORD}
        places |= {"tls_port": self.tls_port, "encryption": encryption}
        text = config.format(**places, chroot="" if root else "chroot =")
        (folder / "dovecot.conf").write_text(text, encoding="utf-8")
        for name in ("mail", "mail/new", "mail/cur", "mail/tmp", "run", "state"):
            (folder / name).mkdir()
        self._owner = (user, group) if root else None
        self._give(folder / "mail")

    def start(self) -> None:
        """Serve, and wait until it does."""
        command = [DOVECOT, "-F", "-c", str(self.folder / "dovecot.conf")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while not _answers(self.port, b""):
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def stop(self) -> None:
        """End it, connections and all."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(PATIENCE)
            self._process = None

    def put(self, raw: bytes) -> None:
        """Deliver a mail, as a mail server does into a maildir: write, then rename."""
        name = f"{next(self._names):08}.test"
        written = self.folder / "mail/tmp" / name
        written.write_bytes(raw)
        self._give(written)
        written.rename(self.folder / "mail/new" / name)

    def folders(self) -> dict[str, tuple[int, int]]:
        """Mails in each folder: how many are not seen, how many are."""
        boxes = {"INBOX": self.folder / "mail"}
        boxes |= {path.name[1:]: path for path in (self.folder / "mail").glob(".*") if path.is_dir()}
        return {name: _counted(path) for name, path in boxes.items()}

    def renumber(self) -> None:
        """Lose the list of UIDs, as a restore from a backup or a move to another server does."""
        for path in (self.folder / "mail").glob("dovecot*"):
            path.unlink()

    def _give(self, path: Path) -> None:
        if self._owner is not None:
            for each in (path, *path.glob("**/*")):
                shutil.chown(each, *self._owner)


def _counted(box: Path) -> tuple[int, int]:
    files = [*(box / "new").glob("*"), *(box / "cur").glob("*")]
    seen = sum("S" in path.name.rpartition(":2,")[2] and ":2," in path.name for path in files)
    return len(files) - seen, seen


@contextmanager
def dovecot(certificate: tuple[Path, Path] | None = None) -> Iterator[Dovecot]:
    """A running server; skips, or in CI fails, where none is installed."""
    if not Path(DOVECOT).exists():
        missing("dovecot-imapd")
    folder = Path(tempfile.mkdtemp(prefix="tickets-dovecot-"))
    folder.chmod(0o755)
    made = Dovecot(folder, certificate)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)
