"""When is a promise due, was it kept, who must hear of it. Pure: no clock, no database, no framework."""

from sla.budget import Budget, parse_budget, time_text
from sla.business_calendar import BusinessCalendar
from sla.choice import Choice, Reason, choose, unmet
from sla.clock import Clock, Clocks, ClockState, Firing
from sla.engine import Outcome, apply
from sla.errors import BudgetError, CalendarError, Fault, InstantError, PolicyError, SlaError
from sla.escalation import Coming
from sla.events import Event, EventType
from sla.explain import Explanation, Stretch, explain
from sla.history import Amended, Changed, amend, replay
from sla.measuring import Measured, measure
from sla.metrics import METRICS, Metric
from sla.periods import Period
from sla.policy import Condition, Facts, Policy, Target, Versioned
from sla.quiet import reopens
from sla.signals import (
    Acknowledged,
    AgentReplied,
    Assigned,
    CallAnswered,
    CallMissed,
    Cancelled,
    Closed,
    CustomerReplied,
    Opened,
    Reopened,
    Signal,
    Solved,
    StatusChanged,
    TermsChanged,
    TimePassed,
    Unassigned,
)
from sla.terms import Level, OnChange, OnReopen, Promise, Terms

__all__ = [
    "METRICS",
    "Acknowledged",
    "AgentReplied",
    "Amended",
    "Assigned",
    "Budget",
    "BudgetError",
    "BusinessCalendar",
    "CalendarError",
    "CallAnswered",
    "CallMissed",
    "Cancelled",
    "Changed",
    "Choice",
    "Clock",
    "ClockState",
    "Clocks",
    "Closed",
    "Coming",
    "Condition",
    "CustomerReplied",
    "Event",
    "EventType",
    "Explanation",
    "Facts",
    "Fault",
    "Firing",
    "InstantError",
    "Level",
    "Measured",
    "Metric",
    "OnChange",
    "OnReopen",
    "Opened",
    "Outcome",
    "Period",
    "Policy",
    "PolicyError",
    "Promise",
    "Reason",
    "Reopened",
    "Signal",
    "SlaError",
    "Solved",
    "StatusChanged",
    "Stretch",
    "Target",
    "Terms",
    "TermsChanged",
    "TimePassed",
    "Unassigned",
    "Versioned",
    "amend",
    "apply",
    "choose",
    "explain",
    "measure",
    "parse_budget",
    "reopens",
    "replay",
    "time_text",
    "unmet",
]
