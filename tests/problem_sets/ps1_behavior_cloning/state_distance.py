# %% wrong="counts_for_shares"
def state_distance(a, b, edges):
    count = lambda x: np.bincount(np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2), minlength=len(edges) - 1)
    return float(0.5 * np.abs(count(a) - count(b)).sum())

# %% wrong="half_missing"
def state_distance(a, b, edges):
    share = lambda x: np.bincount(np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2), minlength=len(edges) - 1) / len(x)
    return float(np.abs(share(a) - share(b)).sum())

# %% wrong="outside_dropped"
def state_distance(a, b, edges):
    share = lambda x: np.histogram(x, edges)[0] / len(x)
    return float(0.5 * np.abs(share(a) - share(b)).sum())

# %% wrong="largest_for_sum"
def state_distance(a, b, edges):
    share = lambda x: np.bincount(np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2), minlength=len(edges) - 1) / len(x)
    return float(0.5 * np.abs(share(a) - share(b)).max())

# %% wrong="densities_for_shares"
def state_distance(a, b, edges):
    clip = lambda x: np.clip(x, edges[0], np.nextafter(edges[-1], -np.inf))
    density = lambda x: np.histogram(clip(x), edges, density=True)[0]
    return float(0.5 * np.abs(density(a) - density(b)).sum())

# %% wrong="squared"
def state_distance(a, b, edges):
    share = lambda x: np.bincount(np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2), minlength=len(edges) - 1) / len(x)
    return float(0.5 * ((share(a) - share(b))**2).sum())

# %% wrong="bins_of_their_own"
def state_distance(a, b, edges):
    share = lambda x: np.histogram(x, len(edges) - 1)[0] / len(x)
    return float(0.5 * np.abs(share(a) - share(b)).sum())

# %% right="histogram_of_clipped"
def state_distance(a, b, edges):
    middle = (edges[:-1] + edges[1:]) / 2
    h = [np.histogram(np.clip(x, middle[0], middle[-1]), edges)[0] / x.size for x in (a, b)]
    return float(abs(h[0] - h[1]).sum() / 2)

# %% right="one_minus_overlap"
def state_distance(a, b, edges):
    wide = np.concatenate([[-np.inf], edges[1:-1], [np.inf]])
    p, q = (np.array([((x >= lo) & (x < hi)).mean() for lo, hi in zip(wide[:-1], wide[1:])]) for x in (a, b))
    return float(1 - np.minimum(p, q).sum())
