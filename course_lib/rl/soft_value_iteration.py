"""Planning of someone who is soft-optimal: better actions are likelier, none is impossible.

    Q(s,a) = R(s,a) + γ Σ_s' P(s'|s,a) V(s'),    V(s) = β⁻¹ log Σ_a μ(a) exp(β Q(s,a)),    π(a|s) = μ(a) exp(β (Q − V))

With μ = 1 (the default) this is maximum-entropy RL, which pays log|A| for every step that leaves the choice open; with
μ = 1/|A| (``bonus=False``) it pays only minus the KL divergence from uniform, so that hovering earns nothing.

Everything is batched over leading dimensions of R and P, and differentiable. With an infinite horizon the gradient is the
implicit one: at the fixed point V = F(V, θ), dL/dθ = uᵀ ∂F/∂θ where u solves u = dL/dV + uᵀ ∂F/∂V, and ∂F/∂V = γ P_π.
Sources: Ziebart (2010), §6.2 (recurrences 9.1–9.3 in the finite case); Haarnoja et al. (2017), eqs. 2–6.
Left out: double backward, which is refused (differentiate the gradient by finite differences).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def soft_backup(R: Tensor, P: Tensor, V: Tensor, gamma: float, beta: float = 1.0, bonus: bool = True):
    """One backup: R (..., S, A), P (..., S, A, S), V (..., S) → Q (..., S, A), V (..., S)."""
    Q = R + gamma * torch.einsum("...sat,...t->...sa", P, V)
    floor = 0.0 if bonus else math.log(Q.shape[-1])
    return Q, (torch.logsumexp(beta * Q, -1) - floor) / beta


def soft_policy(Q: Tensor, beta: float = 1.0) -> Tensor:
    """π(a|s) ∝ exp(β Q(s,a)), the same for either μ. (..., S, A)."""
    return torch.softmax(beta * Q, -1)


class _FixedPoint(torch.autograd.Function):
    """V* = F(V*): the forward pass iterates without a graph, the backward pass solves one linear system."""

    @staticmethod
    def forward(ctx, R, P, gamma, beta, bonus, tolerance, most):
        V = torch.zeros(torch.broadcast_shapes(R.shape[:-2], P.shape[:-3]) + R.shape[-2:-1], dtype=R.dtype, device=R.device)
        for _ in range(most):
            Q, new = soft_backup(R, P, V, gamma, beta, bonus)
            moved, V = (new - V).abs().max(), new
            if moved < tolerance:
                break
        else:
            raise ArithmeticError(f"soft values still move by {moved:.2g} after {most} sweeps: with gamma = 1 pass a "
                                  "horizon (log|A| a step adds up for ever), or bonus=False and reachable terminals")
        ctx.save_for_backward(P, V, soft_policy(soft_backup(R, P, V, gamma, beta, bonus)[0], beta))
        ctx.gamma, ctx.R_shape = gamma, R.shape
        return V

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_V):
        P, V, pi = ctx.saved_tensors
        P_pi = torch.einsum("...sa,...sat->...st", pi, P)
        if ctx.gamma == 1:  # V of an absorbing state is the constant 0; its row would make the system singular
            moves = (torch.einsum("...sas->...sa", P) < 1 - 1e-12).any(-1)
            P_pi, grad_V = P_pi * moves.unsqueeze(-1), grad_V * moves
        A = torch.eye(P_pi.shape[-1], dtype=P.dtype, device=P.device) - ctx.gamma * P_pi
        u = torch.linalg.solve(A.transpose(-1, -2), grad_V.unsqueeze(-1)).squeeze(-1)
        if ctx.gamma == 1:
            u = u * moves
        grad_R = u.unsqueeze(-1) * pi  # (..., S, A)
        grad_P = ctx.gamma * grad_R.unsqueeze(-1) * V.unsqueeze(-2).unsqueeze(-2)
        fit = lambda g, shape: g.sum_to_size(shape)
        return fit(grad_R, ctx.R_shape), fit(grad_P, P.shape), None, None, None, None, None


def soft_value_iteration(R: Tensor, P: Tensor, gamma: float, *, horizon: int | None = None, beta: float = 1.0,
                         bonus: bool = True, tolerance: float = 1e-9, most: int = 20_000):
    """Soft-optimal (V, Q) for R (..., S, A) and P (..., S, A, S), float64 advised.

    Infinite horizon: V (..., S), Q (..., S, A); γ < 1, or γ = 1 where values stay finite. With ``horizon`` T, also for
    γ = 1: V (T+1, ..., S), Q (T, ..., S, A), V[T] = 0. Terminal states: self-loops of reward 0, with
    ``bonus=False``, or they earn log|A| for ever; with γ = 1 they get no gradient.
    """
    if horizon is None:
        V = _FixedPoint.apply(R, P, gamma, beta, bonus, tolerance, most)
        return V, soft_backup(R, P, V, gamma, beta, bonus)[0]
    V = torch.zeros(torch.broadcast_shapes(R.shape[:-2], P.shape[:-3]) + R.shape[-2:-1], dtype=R.dtype, device=R.device)
    Vs, Qs = [V], []
    for _ in range(horizon):
        Q, V = soft_backup(R, P, Vs[-1], gamma, beta, bonus)
        Qs.append(Q), Vs.append(V)
    return torch.stack(Vs[::-1]), torch.stack(Qs[::-1])
