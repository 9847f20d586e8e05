"""Skills: what an agent knows, at a level from 1 (learning) to 5 (the one others ask)."""

from typing import Annotated

import msgspec

LOWEST = 1
HIGHEST = 5

SkillLevel = Annotated[int, msgspec.Meta(ge=LOWEST, le=HIGHEST)]


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A skill a ticket asks for, at `level` or above.

    A mandatory requirement is never given up nor lowered, however long the ticket waits. One that is not
    mandatory counts the same at first, until a relaxation step lowers its level or drops it.
    """

    skill: str
    level: SkillLevel = LOWEST
    mandatory: bool = True

    def __str__(self) -> str:
        """As explanations name it: `billing ≥ 3`."""
        return f"{self.skill} ≥ {self.level}"

    def lowered(self, levels: int) -> "Requirement":
        """The same skill asked `levels` lower, though never below 1; a mandatory one stays as it is."""
        if self.mandatory:
            return self
        return Requirement(self.skill, max(LOWEST, self.level - levels), mandatory=False)
