"""Behaviour cloning: the policy that makes the demonstrations most likely.

    π̂ = argmax_π  Σ_i log π(a_i | s_i)

Nothing else happens here, because cloning is `fit` with the person who acts by a policy: cross-entropy for discrete
actions, Gaussian negative log-likelihood (least squares, when σ is fixed) for continuous ones. Validation holds out whole
trajectories. Sources: Pomerleau (1989); lecture 21 (Hanna), slide "Imitation Learning". Left out: entropy bonus.
"""

from __future__ import annotations

from course_lib.data import Demonstrations
from course_lib.humans import ActsByPolicy, History, fit
from course_lib.rl.networks import Policy, policy_for


def behavior_cloning(world, demonstrations: Demonstrations, policy: Policy | None = None, *, seed: int = 0,
                     hidden: tuple[int, ...] = (64, 64), **options) -> tuple[Policy, History]:
    """Clone the demonstrator. ``world`` is anything with ``observation_space`` and ``action_space``.

    ``policy``: start from this one (it is copied) instead of a fresh one. Further options are those of
    :func:`course_lib.humans.fit`: ``held_out``, ``epochs``, ``batch_size``, ``lr``, ``patience``, ``groups``, ``weight_decay``.
    Returns the clone and its history. Raises ``ValueError`` for demonstrations of other spaces.
    """
    demonstrations.check(world.observation_space, world.action_space)
    start = policy_for(world, hidden, seed) if policy is None else policy
    clone = fit(ActsByPolicy(start, scale_inputs=policy is None), demonstrations, seed=seed, **options)
    return clone.policy, clone.history
