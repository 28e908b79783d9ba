"""Imported once by the marking server, so that each marked notebook starts with its libraries in memory."""

import IPython.core.inputtransformer2  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import torch.distributions  # noqa: F401
import torch.optim  # noqa: F401

import course_lib.imitation  # noqa: F401
import course_lib.machine
import course_lib.show  # noqa: F401

course_lib.machine.settle()
