"""Planar robots of MuJoCo as pure functions on batches of states: step for step Gymnasium's v5 tasks.

    s = (q, q̇),   s' = MuJoCo's own integrator, ``frame_skip`` times,   reward = v_x + healthy − w Σ a²

With ``ends`` (Hopper, Walker2d) a fall terminates the episode, as in Gymnasium; without it the horizon is fixed, and a robot that lies
on the ground merely earns nothing for health. The models are Gymnasium's own files. Needs the package ``mujoco``.
Left out: contact forces in observation and cost, the solver's warm start (so that a step depends on the state alone).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from gymnasium import spaces

from .core import Dynamics

# file, frame skip, weight of Σa², reward for health, noise of the start, heights and tilt between which it stands, bound on observed speeds
TASKS = {
    "half_cheetah": ("half_cheetah.xml", 5, 0.1, 0.0, 0.1, None, None, np.inf),
    "hopper": ("hopper.xml", 4, 1e-3, 1.0, 5e-3, (0.7, np.inf), 0.2, 10.0),
    "swimmer": ("swimmer.xml", 4, 1e-4, 0.0, 0.1, None, None, np.inf),
    "walker2d": ("walker2d_v5.xml", 4, 1e-3, 1.0, 5e-3, (0.8, 2.0), 1.0, 10.0),
}


@cache
def model(task: str):
    """MuJoCo's model of the robot, and the data it computes in (one thread at a time)."""
    try:
        import mujoco
    except ImportError as error:
        raise ImportError("this world needs MuJoCo: pip install mujoco (make lab installs it)") from error
    text = (files("gymnasium") / "envs/mujoco/assets" / TASKS[task][0]).read_text(encoding="utf8")
    mass = re.search(r'settotalmass="([\d.]+)"', text)  # MuJoCo calls this attribute outdated, and writes so into a log file
    made = mujoco.MjModel.from_xml_string(text.replace(mass[0], "") if mass else text)
    data = mujoco.MjData(made)
    if mass:
        mujoco.mj_setTotalmass(made, float(mass[1]))
        mujoco.mj_setConst(made, data)
    return made, data


@dataclass(frozen=True)
class Mujoco(Dynamics):
    """State (nq + nv,): positions and velocities [m, rad, m/s, rad/s]; the first is the distance run. Observation: all but that
    (for the swimmer all but x and y), float32. Action: joint torques, in [−1, 1]."""

    horizon: int = 1000
    task: str = "half_cheetah"
    ends: bool = False
    drawer = "robot"

    def __post_init__(self):
        if self.task not in TASKS:
            raise ValueError(f"task must be one of {', '.join(TASKS)}, not {self.task!r}")

    @property
    def hidden(self) -> int:
        """How many of the first positions are not observed."""
        return 2 if self.task == "swimmer" else 1

    @property
    def observation_space(self):
        m, _ = model(self.task)
        return spaces.Box(-np.inf, np.inf, (m.nq + m.nv - self.hidden,), np.float32)

    @property
    def action_space(self):
        return spaces.Box(-1.0, 1.0, (model(self.task)[0].nu,), np.float32)

    def initial(self, n, rng):
        m, noise = model(self.task)[0], TASKS[self.task][4]
        if self.task == "half_cheetah":  # Gymnasium draws its speeds from a normal distribution
            speeds = noise * rng.standard_normal((n, m.nv))
        else:
            speeds = rng.uniform(-noise, noise, (n, m.nv))
        return np.concatenate([m.qpos0 + rng.uniform(-noise, noise, (n, m.nq)), speeds], 1)

    def step(self, state, action, rng):
        from mujoco import rollout

        m, data = model(self.task)
        _, skip, weight, healthy, _, height, tilt, _ = TASKS[self.task]
        action = np.clip(np.asarray(action, float), -1, 1)
        start = np.concatenate([np.zeros((len(state), 1)), state], 1)  # MuJoCo's full state begins with the time
        new = rollout.rollout(m, data, initial_state=start, control=np.repeat(action[:, None], skip, 1))[0][:, -1, 1:1 + m.nq + m.nv]
        reward = (new[:, 0] - state[:, 0]) / (skip * m.opt.timestep) - weight * (action**2).sum(1)
        well = np.isfinite(new).all(1)
        if height is not None:
            well = well & (new[:, 1] > height[0]) & (new[:, 1] < height[1]) & (np.abs(new[:, 2]) < tilt)
            if self.task == "hopper":
                well = well & (np.abs(new[:, 2:]) < 100).all(1)
        return new, reward + healthy * well, ~well if self.ends else np.zeros(len(state), bool)

    def observe(self, state):
        nq, bound = model(self.task)[0].nq, TASKS[self.task][7]
        return np.concatenate([state[:, self.hidden:nq], np.clip(state[:, nq:], -bound, bound)], 1).astype(np.float32)

    def _capsules(self) -> np.ndarray:
        m = model(self.task)[0]
        return np.flatnonzero(m.geom_type == 3)  # mjGEOM_CAPSULE

    @property
    def drawing(self):
        """Radii of the capsules [m], and whether there is a floor."""
        radii = model(self.task)[0].geom_size[self._capsules(), 0]
        return {"radii": radii.tolist(), "floor": self.task != "swimmer"}

    def drawn(self, states):
        """From the side (the swimmer: from above): the middle of the picture, then both ends of every capsule, x and height each [m]."""
        import mujoco

        (m, data), capsules, up = model(self.task), self._capsules(), 1 if self.task == "swimmer" else 2
        out = np.empty((len(states), 2 + 4 * len(capsules)), np.float32)
        for row, state in zip(out, states):
            data.qpos[:], data.qvel[:] = state[:m.nq], state[m.nq:]
            mujoco.mj_kinematics(m, data)
            half = data.geom_xmat[capsules].reshape(-1, 3, 3)[:, :, 2] * m.geom_size[capsules, 1:2]
            ends = np.stack([data.geom_xpos[capsules] - half, data.geom_xpos[capsules] + half], 1)[..., [0, up]]
            row[:] = state[0], 1.2 if up == 2 else state[1], *ends.ravel()
        return out

    def draw(self, ax, state):
        """The robot from the side (the swimmer: from above): every capsule a thick line."""
        x, y, *ends = self.drawn(state[None])[0]
        for (x0, y0, x1, y1), radius in zip(np.reshape(ends, (-1, 4)), self.drawing["radii"]):
            ax.plot([x0, x1], [y0, y1], color="#0072B2", lw=100 * radius, solid_capstyle="round", alpha=0.9)
        if self.drawing["floor"]:
            ax.axhline(0, color="0.4", lw=1)
        ax.set(xlim=(x - 1.5, x + 1.5), ylim=(y - 1.5, y + 1.5), xticks=[], yticks=[], aspect="equal")

    def describe(self, states):
        return f"{len(states) - 1} steps, {states[-1, 0] - states[0, 0]:.1f} m forward"
