"""Running a policy in many copies of a world at once.

An *actor* is any function ``act(obs (N, ...), state (N, S), rng) -> actions (N, ...)``. A learner looks at ``obs``; a
scripted expert may look at the true ``state``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from course_lib.data import Demonstrations, Trajectory
from course_lib.envs import Dynamics

Actor = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Rollouts:
    """N episodes side by side; T steps, until the last of them ended. Rows that ended earlier are masked by ``alive``.

    ``states`` (T+1, N, S), ``obs`` (T+1, N, ...), ``acts`` (T, N, ...), ``rews`` (T, N), ``alive`` (T, N): was this
    step taken?, ``terminated`` (N,).
    """

    states: np.ndarray
    obs: np.ndarray
    acts: np.ndarray
    rews: np.ndarray
    alive: np.ndarray
    terminated: np.ndarray

    @property
    def returns(self) -> np.ndarray:
        """Undiscounted return of each episode, (N,)."""
        return (self.rews * self.alive).sum(0)

    def demonstrations(self) -> Demonstrations:
        lengths = self.alive.sum(0)
        return Demonstrations(tuple(
            Trajectory(self.obs[:T + 1, i], self.acts[:T, i], self.rews[:T, i], bool(self.terminated[i]),
                       not self.terminated[i], self.states[:T + 1, i])
            for i, T in enumerate(lengths)))


def rollout(world: Dynamics, act: Actor, n: int, rng: np.random.Generator, horizon: int | None = None,
            start: np.ndarray | None = None) -> Rollouts:
    """``n`` episodes of at most ``horizon`` steps (the world's own if None), vectorised.

    ``start`` (n, S): begin in these states instead of the world's own initial ones.
    """
    world = world if horizon is None else replace(world, horizon=horizon)
    state = world.initial(n, rng) if start is None else np.array(start, float)
    states, observations, actions, rewards, alive = [state], [world.observe(state)], [], [], []
    going, terminated = np.ones(n, bool), np.zeros(n, bool)
    for _ in range(world.horizon):
        action = act(observations[-1], state, rng)
        state, reward, ended = world.step(state, action, rng)
        actions.append(action), rewards.append(reward), alive.append(going)
        states.append(state), observations.append(world.observe(state))
        terminated = terminated | (going & ended)
        going = going & ~ended
        if not going.any():
            break
    return Rollouts(np.stack(states), np.stack(observations), np.stack(actions), np.stack(rewards),
                    np.stack(alive), terminated)


def expert(world: Dynamics) -> Actor:
    """The scripted expert of a world that has one."""
    return lambda obs, state, rng: world.expert(state)


def uniform(world: Dynamics) -> Actor:
    """Actions drawn uniformly from the action space: the baseline that stands beside every learned result."""
    space = world.action_space
    if hasattr(space, "n"):
        return lambda obs, state, rng: rng.integers(space.n, size=len(obs))
    return lambda obs, state, rng: rng.uniform(space.low, space.high, (len(obs), *space.shape)).astype(np.float32)


def noisy(act: Actor, sigma: float) -> Actor:
    """A continuous actor whose hand shakes: normal noise of standard deviation ``sigma`` on every action."""
    def shaken(obs, state, rng):
        a = act(obs, state, rng)
        return a + sigma * rng.standard_normal(a.shape).astype(np.float32)

    return shaken
