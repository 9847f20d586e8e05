"""The only wiring place: from settings and a database URL to a running process, in whatever roles."""

from tickets.bootstrap.serving import KEPT_ANSWERS, ROLES, Role, serve
from tickets.bootstrap.wiring import Application, wired

__all__ = ["KEPT_ANSWERS", "ROLES", "Application", "Role", "serve", "wired"]
