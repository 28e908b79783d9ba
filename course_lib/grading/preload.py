"""Imported once by the marking server, so that each marked notebook starts with its libraries in memory."""

import IPython.core.inputtransformer2  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import torch.distributions  # noqa: F401

import course_lib.grading.marking  # noqa: F401
import course_lib.imitation  # noqa: F401
import course_lib.machine
import course_lib.show  # noqa: F401

course_lib.machine.settle()
torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # the first optimiser of a process imports torch._dynamo
