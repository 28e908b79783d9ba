# %% wrong="only_one_axis_logarithmic"
def growth_exponent(T, costs):
    mean = costs.mean(1)
    sure = mean - 1.96 * costs.std(1, ddof=1) / np.sqrt(costs.shape[1]) > 0
    if sure.sum() < 2:
        raise ValueError("too few")
    return float(np.polyfit(T[sure], np.log(mean[sure]), 1)[0])

# %% wrong="axes_swapped"
def growth_exponent(T, costs):
    mean = costs.mean(1)
    sure = mean - 1.96 * costs.std(1, ddof=1) / np.sqrt(costs.shape[1]) > 0
    if sure.sum() < 2:
        raise ValueError("too few")
    return float(np.polyfit(np.log(mean[sure]), np.log(T[sure]), 1)[0])

# %% wrong="every_positive_mean_used"
def growth_exponent(T, costs):
    mean = costs.mean(1)
    sure = mean > 0
    if sure.sum() < 2:
        raise ValueError("too few")
    return float(np.polyfit(np.log(T[sure]), np.log(mean[sure]), 1)[0])

# %% wrong="standard_deviation_for_standard_error"
def growth_exponent(T, costs):
    mean = costs.mean(1)
    sure = mean - 1.96 * costs.std(1, ddof=1) > 0
    if sure.sum() < 2:
        raise ValueError("too few")
    return float(np.polyfit(np.log(T[sure]), np.log(mean[sure]), 1)[0])

# %% wrong="mean_of_logarithms"
def growth_exponent(T, costs):
    mean = costs.mean(1)
    sure = mean - 1.96 * costs.std(1, ddof=1) / np.sqrt(costs.shape[1]) > 0
    if sure.sum() < 2:
        raise ValueError("too few")
    x = np.repeat(np.log(T[sure]), costs.shape[1])
    return float(np.polyfit(x, np.log(np.maximum(costs[sure], 1e-6)).ravel() * x / x.mean(), 1)[0])

# %% wrong="intercept_returned"
def growth_exponent(T, costs):
    mean = costs.mean(1)
    sure = mean - 1.96 * costs.std(1, ddof=1) / np.sqrt(costs.shape[1]) > 0
    if sure.sum() < 2:
        raise ValueError("too few")
    return float(np.polyfit(np.log(T[sure]), np.log(mean[sure]), 1)[1])

# %% wrong="divides_by_N"
def growth_exponent(T, costs):
    mean = costs.mean(1)
    sure = mean - 1.96 * costs.std(1) / np.sqrt(costs.shape[1]) > 0
    if sure.sum() < 2:
        raise ValueError("too few")
    return float(np.polyfit(np.log(T[sure]), np.log(mean[sure]), 1)[0])

# %% wrong="no_error_when_nothing_is_left"
def growth_exponent(T, costs):
    mean = costs.mean(1)
    sure = mean - 1.96 * costs.std(1, ddof=1) / np.sqrt(costs.shape[1]) > 0
    if sure.sum() < 2:
        return 0.0
    return float(np.polyfit(np.log(T[sure]), np.log(mean[sure]), 1)[0])

# %% right="base_ten_and_lstsq"
def growth_exponent(T, costs):
    H, N = costs.shape
    m = costs.sum(1) / N
    s = np.sqrt(((costs - m[:, None])**2).sum(1) / (N - 1))
    keep = np.flatnonzero(m > 1.96 * s / math.sqrt(N))
    if len(keep) < 2:
        raise ValueError("fewer than two horizons are measurably positive")
    A = np.stack([np.ones(len(keep)), np.log10(np.asarray(T, float)[keep])], 1)
    return float(np.linalg.lstsq(A, np.log10(m[keep]), rcond=None)[0][1])

# %% right="covariance"
def growth_exponent(T, costs):
    costs = torch.as_tensor(costs)
    m, se = costs.mean(1), costs.std(1) / math.sqrt(costs.shape[1])
    keep = (m - 1.96 * se) > 0
    if int(keep.sum()) < 2:
        raise ValueError("not enough horizons")
    x, y = torch.log(torch.as_tensor(T).double()[keep]), torch.log(m[keep])
    x = x - x.mean()
    return ((x * y).sum() / (x * x).sum()).item()
