"""What the operator decides: one frozen struct, read once from the environment, every fault named at once."""

import difflib
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Literal, TypeVar, get_args
from urllib.parse import parse_qs, urlsplit

import msgspec
from msgspec import Struct

from tickets.errors import SettingsInvalid

LogFormat = Literal["auto", "json", "pretty"]
LogLevel = Literal["debug", "info", "warning", "error"]
LOG_FORMATS: tuple[LogFormat, ...] = get_args(LogFormat)
LOG_LEVELS: tuple[LogLevel, ...] = get_args(LogLevel)
PREFIX = "TICKETS_"
T = TypeVar("T")


class Settings(Struct, frozen=True, kw_only=True):
    """Settings of one process. Secrets (`secret`, passwords in URLs) stay out of its `repr`.

    Each field is read from `TICKETS_` and its name in capitals; an empty value counts as not given.
    """

    database_url: str | None
    """Any PostgreSQL from 15 on; none starts the embedded one in `data_dir`."""
    data_dir: Path
    host: str
    port: int
    public_url: str
    """How customers and other systems reach us; stands in links and webhook payloads."""
    broker_url: str | None
    """`redis://` or `amqp://` for Dramatiq; none sends its messages through the database."""
    smtp_url: str | None
    """`smtp://user:password@host:port`, `smtp+starttls://` or `smtps://`; none sends no mail, and says so."""
    mail_from: str
    lmtp: str | None
    """Where mail servers hand mail over by LMTP or SMTP: `host:port`, or the path of a Unix socket."""
    log_format: LogFormat
    """`auto` is pretty on a terminal and JSON elsewhere."""
    log_level: LogLevel
    secret: str | None
    """Signs what we hand out; none uses one made by chance and kept in the database."""
    allow_private_webhooks: tuple[str, ...]
    """Host names, addresses and networks webhooks may reach although they are private."""
    heartbeat_url: str | None
    """Hears from us every minute while time passes and what has to leave leaves; none knocks nowhere."""
    body_limit: int
    """Largest request body, in bytes."""
    object_store: str | None
    """Where large envelopes and files are kept: a folder, or `s3://bucket/prefix?endpoint=…&region=…`.

    None: with the embedded server a folder beside it; with a database elsewhere they stay in that.
    """
    object_size: int
    """What is larger is an object; smaller things stand in the database. Bytes."""
    keep_envelopes: timedelta | None
    """How long the raw bytes of accepted envelopes are kept; none: for ever."""
    pool_size: int
    """Most database connections of this process."""

    def __repr__(self) -> str:
        """Where it runs, without the secrets."""
        return f"Settings(data_dir={str(self.data_dir)!r}, host={self.host!r}, port={self.port})"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings an environment gives. Raises `SettingsInvalid` naming every fault, one a line.

    A name beginning with `TICKETS_` that is none of ours is a fault: a misspelt setting must not be ignored.
    """
    reader = _Reader(environment)
    host = reader.read("host", str, "127.0.0.1")
    port = reader.read("port", _between(1, 65535), 8080)
    settings = Settings(
        database_url=reader.read("database_url", _url("postgresql", "postgres"), None),
        data_dir=reader.read("data_dir", _folder, _default_folder(environment)),
        host=host,
        port=port,
        public_url=reader.read("public_url", _url("http", "https"), f"http://{_shown(host)}:{port}").rstrip(
            "/"
        ),
        broker_url=reader.read("broker_url", _url("redis", "rediss", "amqp", "amqps"), None),
        smtp_url=reader.read("smtp_url", _url("smtp", "smtp+starttls", "smtps"), None),
        mail_from=reader.read("mail_from", _address, "tickets@localhost"),
        lmtp=reader.read("lmtp", _listening, None),
        log_format=reader.read("log_format", _one_of(LOG_FORMATS), "auto"),
        log_level=reader.read("log_level", _one_of(LOG_LEVELS), "info"),
        secret=reader.read("secret", _secret, None),
        allow_private_webhooks=reader.read("allow_private_webhooks", _hosts, ()),
        heartbeat_url=reader.read("heartbeat_url", _url("http", "https"), None),
        body_limit=reader.read("body_limit", _size, 30 * 1024 * 1024),
        object_store=reader.read("object_store", _objects, None),
        object_size=reader.read("object_size", _size, 1024 * 1024),
        keep_envelopes=reader.read("keep_envelopes", _duration, None),
        pool_size=reader.read("pool_size", _between(2, 500), 10),
    )
    reader.refuse_faults()
    return settings


class _Reader:
    """Reads one setting after the other and remembers what was wrong with any."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._given = {
            name: text.strip()
            for name, text in sorted(environment.items())
            if name.startswith(PREFIX) and not _is_not_for_us(name, text)
        }
        self._faults = [_unknown(name) for name in self._given if name not in _NAMES]

    def read(self, field: str, convert: Callable[[str], T], default: T) -> T:
        name = PREFIX + field.upper()
        text = self._given.get(name)
        if not text:
            return default
        try:
            return convert(text)
        except ValueError as fault:
            self._faults.append(f"{name} {fault}.")
            return default

    def refuse_faults(self) -> None:
        if self._faults:
            raise SettingsInvalid("\n".join(self._faults))


_NAMES = {PREFIX + field.upper(): field.upper() for field in Settings.__struct_fields__}


def _is_not_for_us(name: str, text: str) -> bool:
    """What the tests read, and what Kubernetes tells every container about a Service named `tickets…`."""
    told = re.search(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP)(_\w+)?$", name)
    return name.startswith(PREFIX + "TEST_") or told is not None or text.startswith(("tcp://", "udp://"))


def _unknown(name: str) -> str:
    alike = difflib.get_close_matches(name.removeprefix(PREFIX), _NAMES.values(), n=1)
    return f"{name} is not a setting" + (f"; did you mean {PREFIX}{alike[0]}?" if alike else ".")


def _between(least: int, most: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}, not {text!r}")
        return int(text)

    return convert


def _one_of(words: tuple[T, ...]) -> Callable[[str], T]:
    spelled = {str(word): word for word in words}

    def convert(text: str) -> T:
        if (word := spelled.get(text.lower())) is None:
            *others, last = spelled
            raise ValueError(f"must be {', '.join(others)} or {last}, not {text!r}")
        return word

    return convert


def _url(*schemes: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        """Never quotes the text: there may be a password in it."""
        try:
            parts = urlsplit(text)
            _ = parts.port
        except ValueError as error:
            raise ValueError("is not a URL that can be read") from error
        if parts.scheme not in schemes or not text.startswith(f"{parts.scheme}://"):
            raise ValueError(
                f"must be a URL beginning with {' or '.join(f'{scheme}://' for scheme in schemes)}"
            )
        if not parts.hostname and "host=" not in parts.query:  # a Unix socket stands in the query
            raise ValueError("names no host")
        return text

    return convert


def _size(text: str) -> int:
    """Bytes, or a number of KiB, MiB or GiB written with k, M or G: `30M`."""
    found = re.fullmatch(r"([1-9][0-9]{0,11})([kKmMgG]?)", text)
    if found is None:
        raise ValueError(f"must be a number of bytes such as 31457280 or 30M, not {text!r}")
    return int(found[1]) << (10 * " kmg".index(found[2].lower() or " "))


def _objects(text: str) -> str:
    if not text.startswith("s3://"):
        if "://" in text and not text.startswith("file:///"):
            raise ValueError("must be a folder or a URL beginning with s3://")
        return str(_folder(text.removeprefix("file://")))
    parts = urlsplit(text)
    options = parse_qs(parts.query)
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{2,62}", parts.netloc) or options.keys() - {"endpoint", "region"}:
        raise ValueError("must be s3://bucket/prefix, and behind ? nothing but endpoint and region")
    if not all(each.startswith(("https://", "http://")) for each in options.get("endpoint", [])):
        raise ValueError("names an endpoint that begins with neither https:// nor http://")
    return text


def _duration(text: str) -> timedelta:
    try:
        found = msgspec.convert(text, timedelta)
    except msgspec.ValidationError:
        found = timedelta()
    if found <= timedelta():
        raise ValueError(f"must be an ISO 8601 duration of days or hours such as P90D, not {text!r}")
    return found


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _default_folder(environment: Mapping[str, str]) -> Path:
    """The XDG base directory for data; an account without a home keeps it beside where it stands."""
    if (base := environment.get("XDG_DATA_HOME", "")).startswith("/"):  # the standard ignores relative ones
        return Path(base) / "tickets"
    if home := environment.get("HOME"):
        return Path(home) / ".local/share/tickets"
    return Path(".data").absolute()


def _address(text: str) -> str:
    if not re.fullmatch(r"(?:[^<>\r\n]*<)?[^@\s<>]+@[^@\s<>]+>?", text):
        raise ValueError(f"must be an e-mail address, not {text!r}")
    return text


def _listening(text: str) -> str:
    if not re.fullmatch(r"/.+|(?:[A-Za-z0-9_.-]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}", text):
        raise ValueError(f"must be host:port or the path of a Unix socket, not {text!r}")
    return text


def _secret(text: str) -> str:
    least = 32
    if len(text) < least:
        raise ValueError(f"must have {least} characters or more")
    return text


def _hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(host.strip().lower() for host in text.split(",") if host.strip())
    for host in hosts:
        try:
            ipaddress.ip_network(host, strict=False)
        except ValueError:
            if not re.fullmatch(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9])?", host):
                raise ValueError(f"must be hosts, addresses or networks, not {host!r}") from None
    return hosts


def _shown(host: str) -> str:
    """The host as others would write it in a URL."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
