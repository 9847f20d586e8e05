"""Who should take a ticket, and who is on call: pure functions over plain structs.

Usable alone: needs msgspec and the standard library, reads no clock, keeps no state.
"""

from routing.agents import Agent, Availability, Presence, check_agents
from routing.decision import AGENTS_LISTED, Candidate, Decision, Matcher, Refusal, Rejection, Verdict
from routing.errors import Fault, InvalidError
from routing.offers import Offer, OfferError, Offering, Offers, Step, advance, declined, withdrawn
from routing.on_call import OnCall, shifts, who
from routing.regions import Region, RegionTree, check_regions
from routing.roster import Roster
from routing.rotation import Layer
from routing.router import pull, route, takers
from routing.rules import Facts, Relaxation, Rule, Strategy, check_rules, duration, holds, match
from routing.schedule import EARLIEST, LATEST, Override, Schedule, check_schedule
from routing.skills import Requirement
from routing.waiting import PATIENCE, Priority, Waiting, wanted_by

__all__ = [
    "AGENTS_LISTED",
    "EARLIEST",
    "LATEST",
    "PATIENCE",
    "Agent",
    "Availability",
    "Candidate",
    "Decision",
    "Facts",
    "Fault",
    "InvalidError",
    "Layer",
    "Matcher",
    "Offer",
    "OfferError",
    "Offering",
    "Offers",
    "OnCall",
    "Override",
    "Presence",
    "Priority",
    "Refusal",
    "Region",
    "RegionTree",
    "Rejection",
    "Relaxation",
    "Requirement",
    "Roster",
    "Rule",
    "Schedule",
    "Step",
    "Strategy",
    "Verdict",
    "Waiting",
    "advance",
    "check_agents",
    "check_regions",
    "check_rules",
    "check_schedule",
    "declined",
    "duration",
    "holds",
    "match",
    "pull",
    "route",
    "shifts",
    "takers",
    "wanted_by",
    "who",
    "withdrawn",
]
