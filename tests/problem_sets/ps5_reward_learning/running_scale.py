# %% wrong="means_do_not_matter"
def running_scale(n: int, mean: float, var: float, batch: np.ndarray) -> tuple[int, float, float]:
    x = np.asarray(batch, float).ravel()
    if not len(x):
        return n, mean, var
    total = n + len(x)
    gap = x.mean() - mean
    return total, mean + gap * len(x) / total, (n * var + len(x) * x.var()) / total

# %% wrong="plain_average_of_variances"
def running_scale(n: int, mean: float, var: float, batch: np.ndarray) -> tuple[int, float, float]:
    x = np.asarray(batch, float).ravel()
    if not len(x):
        return n, mean, var
    total = n + len(x)
    gap = x.mean() - mean
    return total, mean + gap * len(x) / total, (var + x.var()) / 2 + gap**2 * n * len(x) / total**2

# %% wrong="plain_average_of_means"
def running_scale(n: int, mean: float, var: float, batch: np.ndarray) -> tuple[int, float, float]:
    x = np.asarray(batch, float).ravel()
    if not len(x):
        return n, mean, var
    total = n + len(x)
    gap = x.mean() - mean
    return total, mean + gap / 2, (n * var + len(x) * x.var()) / total + gap**2 * n * len(x) / total**2

# %% wrong="sample_variance"
def running_scale(n: int, mean: float, var: float, batch: np.ndarray) -> tuple[int, float, float]:
    x = np.asarray(batch, float).ravel()
    if not len(x):
        return n, mean, var
    total = n + len(x)
    gap = x.mean() - mean
    return total, mean + gap * len(x) / total, (n * var + len(x) * (x.var(ddof=1) if len(x) > 1 else 0.0)) / total + gap**2 * n * len(x) / total**2

# %% wrong="extra_term_not_shared_out"
def running_scale(n: int, mean: float, var: float, batch: np.ndarray) -> tuple[int, float, float]:
    x = np.asarray(batch, float).ravel()
    if not len(x):
        return n, mean, var
    total = n + len(x)
    gap = x.mean() - mean
    return total, mean + gap * len(x) / total, (n * var + len(x) * x.var()) / total + gap**2 * n * len(x) / total

# %% wrong="counts_batches"
def running_scale(n: int, mean: float, var: float, batch: np.ndarray) -> tuple[int, float, float]:
    x = np.asarray(batch, float).ravel()
    if not len(x):
        return n, mean, var
    total = n + 1
    gap = x.mean() - mean
    return total, mean + gap * len(x) / total, (n * var + len(x) * x.var()) / total + gap**2 * n * len(x) / total**2

# %% wrong="forgets_the_past"
def running_scale(n: int, mean: float, var: float, batch: np.ndarray) -> tuple[int, float, float]:
    x = np.asarray(batch, float).ravel()
    if not len(x):
        return n, mean, var
    total = n + len(x)
    gap = x.mean() - mean
    return total, mean + gap * len(x) / total, x.var()

# %% wrong="mean_of_squares_minus_square"
def running_scale(n: int, mean: float, var: float, batch: np.ndarray) -> tuple[int, float, float]:
    x = np.asarray(batch, float).ravel()
    if not len(x):
        return n, mean, var
    total = n + len(x)
    gap = x.mean() - mean
    return total, mean + gap * len(x) / total, (n * (var + mean**2) + (x**2).sum()) / total - (mean + gap * len(x) / total) ** 2

# %% wrong="standard_deviation"
def running_scale(n: int, mean: float, var: float, batch: np.ndarray) -> tuple[int, float, float]:
    x = np.asarray(batch, float).ravel()
    if not len(x):
        return n, mean, var
    total = n + len(x)
    gap = x.mean() - mean
    return total, mean + gap * len(x) / total, np.sqrt((n * var + len(x) * x.var()) / total + gap**2 * n * len(x) / total**2)

# %% right="around_the_new_mean"
def running_scale(n, mean, var, batch):
    x = np.asarray(batch, float).reshape(-1)
    if x.size == 0:
        return n, mean, var
    both = n + x.size
    centre = (n / both) * mean + (x.size / both) * x.mean()
    spread = n * (var + (mean - centre) ** 2) + ((x - centre) ** 2).sum()
    return both, centre, spread / both

# %% right="welford"
def running_scale(n, mean, var, batch):
    squares = n * var
    for v in np.asarray(batch, float).flat:
        n += 1
        before = mean
        mean = mean + (v - mean) / n
        squares += (v - before) * (v - mean)
    return n, mean, squares / n if n else var
