# %% [markdown]
# # A small problem set for the grading tests
#
# **You need first** nothing. **It takes** ten minutes.

# %%
import numpy as np
import torch

# %% [markdown] ex="softmax" part="task" difficulty=1 importance=3 minutes=5
# ## 1. Softmax
#
# Over the last axis, stable for large numbers.

# %% ex="softmax" part="solution"
def softmax(x: torch.Tensor) -> torch.Tensor:
    """x (..., n) float. Returns (..., n), summing to 1."""
    ### BEGIN SOLUTION
    z = (x - x.max(-1, keepdim=True).values).exp()
    return z / z.sum(-1, keepdim=True)
    ### END SOLUTION

# %% ex="softmax" part="test" points=5
# check: two by two
_x = torch.tensor([[0.0, 1.0], [2.0, 2.0]])
_got = softmax(_x)
assert torch.allclose(_got, torch.tensor([[0.26894, 0.73106], [0.5, 0.5]]), atol=1e-4), f"expected [[0.269, 0.731], [0.5, 0.5]], got {_got}"
### BEGIN HIDDEN TESTS
# check: large numbers
_big = torch.tensor([1000.0, 0.0, -1000.0])
assert torch.allclose(softmax(_big), torch.softmax(_big, -1)), "secret-number-4711: large numbers overflow"
# check: gradient
_g = torch.tensor([0.3, -0.2, 0.1], requires_grad=True)
softmax(_g)[0].backward()
_p = torch.softmax(_g.detach(), -1)
assert torch.allclose(_g.grad, _p[0] * (torch.eye(3)[0] - _p), atol=1e-5), "secret-number-4711: the gradient is wrong"
### END HIDDEN TESTS

# %% [markdown] ex="softmax" part="hint"
# <details><summary>Help</summary>
#
# Subtract the largest number first.
#
# </details>

# %% [markdown] ex="running_mean" part="task" difficulty=1 importance=3 minutes=5
# ## 2. A running mean
#
# `add(x)` takes a number, `mean` is what they come to so far.

# %% ex="running_mean" part="solution"
class RunningMean:
    """add(x) takes one number; .mean is the mean so far, 0 at the beginning."""

    ### BEGIN SOLUTION
    def __init__(self):
        self.n, self.mean = 0, 0.0

    def add(self, x):
        self.n += 1
        self.mean += (x - self.mean) / self.n
    ### END SOLUTION

# %% ex="running_mean" part="test" points=4
# check: three numbers
_m = RunningMean()
assert _m.mean == 0, "the mean of nothing is 0"
for _v in (1.0, 2.0, 6.0):
    _m.add(_v)
assert abs(_m.mean - 3) < 1e-9, f"1, 2, 6: expected 3, got {_m.mean}"
### BEGIN HIDDEN TESTS
# check: many numbers
_values, _m = np.random.default_rng(0).normal(size=50), RunningMean()
for _v in _values:
    _m.add(float(_v))
assert abs(_m.mean - _values.mean()) < 1e-9, "secret-number-4711: fifty numbers"
### END HIDDEN TESTS

# %% [markdown] ex="running_mean" part="hint"
# <details><summary>Help</summary>
#
# Count, and move by the n-th part of the distance.
#
# </details>

# %% [markdown] ex="why" part="task" difficulty=1 importance=3 minutes=5
# ## 3. In your own words
#
# Why subtract the largest?

# %% [markdown] ex="why" part="written" points=3
# So that no exponent is positive.
