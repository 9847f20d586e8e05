"""The desk: everything a merchant configures, as one frozen value.

Other rooms bring their own structs (`routing.Region`, `sla.Policy`, `intake.Form`, …); here stands what only
the desk knows. `kinds.py` lists them all.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

import routing
import sla
from tickets.application.desk.calendars import NamedCalendar
from tickets.application.desk.escalation import EscalationPolicy, EscalationRule
from tickets.domain.escalation import Format
from tickets.domain.words import Channel
from tickets.intake import Form, Line, Mailbox, MessageAccount
from tickets.intake.mail_source import Variable

Matcher = routing.Matcher
"""How the router chooses among those who could take what waits."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for the whole desk: `country` (ISO 3166-1, two letters) reads national phone numbers.

    `language` (BCP 47, such as `vi`) is spoken where nothing says otherwise; notices show instants by the
    clock of `timezone` (IANA). Customers who wrote to no mailbox are answered from `mailbox`, by default the
    first by key. `weights` is how many units of capacity a ticket of a channel takes, 1 where
    it says nothing. Nobody is given a ticket whose shift ends within `wind_down` (ISO 8601). With the
    `optimal` matcher the tickets that wait at one moment are weighed against one another.
    Who promised beats and sent none for `presence_expiry` is offline. A page that has not left within
    `page_expiry` is of no use any more. What exceeds `pages_an_hour` to one address is gathered.
    """

    key: str = "desk"
    name: str = ""
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")] = "VN"
    language: str = "vi"
    timezone: str = "UTC"
    mailbox: str | None = None
    weights: dict[Channel, Annotated[int, Meta(ge=1, le=1000)]] = {}
    wind_down: str = "PT5M"
    matcher: Matcher = "greedy"
    presence_expiry: str = "PT2M"
    page_expiry: str = "PT12H"
    pages_an_hour: Annotated[int, Meta(ge=1, le=10_000)] = 20


class Team(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of agents; who belongs to it, the agents say. `lead` is the key of an agent.

    Promises with `calendar: team` count in `calendar` while the team holds the ticket. `shift` is the
    calendar its agents work in; outside it the router takes them for offline.

    Its tickets are given to an agent (`push`), offered to one after the other (`offer`), each for
    `offer_timeout`, or left to whoever asks for work (`pull`). With `react_within`, who has a ticket and does
    nothing about it for so long loses it. After `rounds` in which everybody there refused or did nothing, it
    is left to people, and the lead hears. Times are ISO 8601 durations.

    With `on_leave: hand_back` the open tickets of who goes on leave or leaves the team wait again for
    somebody else; with `away_limit` those of who is away or offline for so long of their shift.
    """

    key: str
    name: str = ""
    lead: str | None = None
    calendar: str | None = None
    assignment: Literal["push", "offer", "pull"] = "push"
    offer_timeout: str = "PT1M"
    rounds: Annotated[int, Meta(ge=1, le=100)] = 3
    react_within: str | None = None
    on_leave: Literal["keep", "hand_back"] = "keep"
    away_limit: str | None = None
    shift: str | None = None


class Agent(routing.Agent, frozen=True, kw_only=True):
    """A `routing.Agent` who can be reached. `presence` is where a new agent starts; after that it is live.

    `shift` is a calendar they work in, instead of their team's. Outside the calendar `paged_in` they have
    quiet hours: pages of tickets that are not urgent wait for its next opening.
    """

    email: str | None = None
    phone: str | None = None
    shift: str | None = None
    paged_in: str | None = None
    presence: routing.Presence = "offline"


class GapWarning(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who hears (`agent:…`, `email:…`, `webhook:…`), and how long before nobody is on call."""

    before: str = "PT24H"
    notify: Annotated[tuple[str, ...], Meta(min_length=1)]


class OnCallSchedule(routing.Schedule, frozen=True, kw_only=True):
    """A `routing.Schedule` that speaks: to whoever it is handed to, and before a gap begins."""

    hand_off_notice: bool = False
    gap_warning: GapWarning | None = None


class Webhook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address for what names it: `webhook:<key>` among the targets of a level, a fallback, a gap warning.

    `events` are the events of tickets it hears of as well: by name (`ticket.opened`), by family (`sla.*`), or
    all of them (`*`). `format` is how everything it is sent is written.

    Its signing secret is never part of the desk: `secret_env` names the environment variable that holds it
    (or two, the new one first); without one, the database keeps it, and shows it once to whoever has it made.
    """

    key: str
    url: str
    events: tuple[str, ...] = ()
    format: Format = "standard"
    secret_env: Variable | None = None


Service = Literal["slack", "teams", "google_chat", "mattermost", "discord", "telegram", "ntfy", "phone"]
"""What a pager rings through; `phone` is any gateway for SMS or calls that takes `phone` and `text`."""


class Pager(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What rings where people are, named as `pager:<key>`: a chat room, a push topic, telephones.

    `url_env` names the environment variable with its URL, which is a secret. `room` is Telegram's chat or
    ntfy's topic. `phone` calls whoever `to` means (`agent:…`, `on_call:…`). It speaks `language`, or the
    desk's.
    """

    key: str
    service: Service
    url_env: Variable
    room: str = ""
    to: tuple[str, ...] = ()
    language: str | None = None


class Alertmanager(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An Alertmanager that shows our open alerts. Of a cluster every one is named: they do not share alerts.

    `url` is its root. It is told with `token_env`, or `user` and `password_env`: the environment variables
    hold the secrets. `labels` are given to every alert besides ours; annotations are in `language`, or the
    desk's.
    """

    key: str
    url: str
    token_env: Variable | None = None
    user: Annotated[str, Meta(min_length=1, max_length=320, pattern="^[^:]+$")] | None = None
    password_env: Variable | None = None
    labels: dict[str, str] = {}
    language: str | None = None


class Desk(Struct, frozen=True, kw_only=True):
    """All objects of one desk, by kind and key. Field names are the names of the kinds."""

    settings: dict[str, Settings] = {}
    regions: dict[str, routing.Region] = {}
    calendars: dict[str, NamedCalendar] = {}
    teams: dict[str, Team] = {}
    agents: dict[str, Agent] = {}
    on_call_schedules: dict[str, OnCallSchedule] = {}
    escalation_policies: dict[str, EscalationPolicy] = {}
    escalation_rules: dict[str, EscalationRule] = {}
    sla_policies: dict[str, sla.Policy] = {}
    routing_rules: dict[str, routing.Rule] = {}
    forms: dict[str, Form] = {}
    mailboxes: dict[str, Mailbox] = {}
    message_accounts: dict[str, MessageAccount] = {}
    hotlines: dict[str, Line] = {}
    webhooks: dict[str, Webhook] = {}
    pagers: dict[str, Pager] = {}
    alertmanagers: dict[str, Alertmanager] = {}

    @property
    def country(self) -> str:
        """The default phone country."""
        return self.settings.get(SETTINGS, _DEFAULTS).country

    @property
    def language(self) -> str:
        """The language spoken where nothing says otherwise."""
        return self.settings.get(SETTINGS, _DEFAULTS).language

    @property
    def wind_down(self) -> str:
        """How close to the end of a shift nobody is given a ticket any more."""
        return self.settings.get(SETTINGS, _DEFAULTS).wind_down

    @property
    def matcher(self) -> Matcher:
        """How the router chooses among those who could take what waits."""
        return self.settings.get(SETTINGS, _DEFAULTS).matcher

    @property
    def presence_expiry(self) -> str:
        """How long a presence that runs on beats outlives the last of them."""
        return self.settings.get(SETTINGS, _DEFAULTS).presence_expiry

    @property
    def page_expiry(self) -> str:
        """How old a page may be when it leaves."""
        return self.settings.get(SETTINGS, _DEFAULTS).page_expiry

    @property
    def pages_an_hour(self) -> int:
        """How many pages one address gets within an hour before they are gathered."""
        return self.settings.get(SETTINGS, _DEFAULTS).pages_an_hour

    def units(self, channel: Channel) -> int:
        """Units of capacity that a ticket of a channel takes."""
        return self.settings.get(SETTINGS, _DEFAULTS).weights.get(channel, 1)

    @property
    def timezone(self) -> str:
        """The time zone people read instants in."""
        return self.settings.get(SETTINGS, _DEFAULTS).timezone

    @property
    def default_mailbox(self) -> Mailbox | None:
        """What customers are answered from who wrote to no mailbox."""
        key = self.settings.get(SETTINGS, _DEFAULTS).mailbox or min(self.mailboxes, default="")
        return self.mailboxes.get(key)


SETTINGS = "desk"
"""The one key in `settings`; in a file its fields stand directly under `settings:`."""
_DEFAULTS = Settings()
