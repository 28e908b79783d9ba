"""Someone who watches a learner, takes over when worried, and lets go when calm.

    hands on  as soon as  risk(s) > worried,      hands off  once  risk(s) < calm,

and between the two whatever they were doing. They know what they would do, π*(s), but their hands have only a few keys, and press the
one that comes nearest. This is the gate of human-gated DAgger (Kelly et al., 2019, HG-DAgger), where the expert and not a coin
decides who drives. Left out: reaction time, and worries about what the learner might do next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course_lib.envs import Dynamics
from course_lib.envs.core import KEYS


@dataclass
class Supervisor:
    """``risk``: state (S,) → how worrying it is. Called with a state (S,), it answers with the key held down, or "" for hands off."""

    world: Dynamics
    risk: Callable[[np.ndarray], float]
    worried: float = 0.7
    calm: float = 0.2
    driving: bool = False

    def __call__(self, state: np.ndarray) -> str:
        risk = self.risk(state)
        self.driving = risk > (self.calm if self.driving else self.worried)
        if not self.driving:
            return ""
        wanted = self.world.expert(state[None])
        return min(KEYS, key=lambda key: float(np.abs(self.world.by_keys(state[None], key) - wanted).sum()))
