"""`me` in a path: the agent that the caller's API key acts as."""

from tickets.api.auth import Call
from tickets.api.problems import Fault, Problem
from tickets.application.desk.addresses import ME


def agent_of(key: str, request: Call) -> str:
    """The agent a path names. Raises `Problem` 422 for `me` when the key acts as no agent."""
    if key != ME:
        return key
    if request.auth.agent is None:
        fault = Fault("`me` is for API keys that act as an agent; name the agent instead", parameter="key")
        raise Problem(422, "This API key acts as no agent.", errors=[fault])
    return request.auth.agent
