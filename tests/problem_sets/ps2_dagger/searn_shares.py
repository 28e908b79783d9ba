# %% wrong="like_smile"
def searn_shares(alphas: list[float]) -> np.ndarray:
    shares = np.array([1.0])  # the expert first
    for alpha in alphas:
        shares = np.append(np.concatenate([[shares[0] * (1 - alpha)], shares[1:]]), shares[0] * alpha)
    if shares[0] == 1:
        raise ValueError("the expert still has all of it")
    return shares[1:] / shares[1:].sum()

# %% wrong="expert_kept"
def searn_shares(alphas: list[float]) -> np.ndarray:
    shares = np.array([1.0])  # the expert first
    for alpha in alphas:
        shares = np.append((1 - alpha) * shares, alpha)
    if shares[0] == 1:
        raise ValueError("the expert still has all of it")
    return shares

# %% wrong="not_scaled_up"
def searn_shares(alphas: list[float]) -> np.ndarray:
    shares = np.array([1.0])  # the expert first
    for alpha in alphas:
        shares = np.append((1 - alpha) * shares, alpha)
    if shares[0] == 1:
        raise ValueError("the expert still has all of it")
    return shares[1:]

# %% wrong="equal_shares"
def searn_shares(alphas: list[float]) -> np.ndarray:
    shares = np.array([1.0])  # the expert first
    for alpha in alphas:
        shares = np.append((1 - alpha) * shares, alpha)
    if shares[0] == 1:
        raise ValueError("the expert still has all of it")
    return np.ones(len(alphas)) / len(alphas)

# %% wrong="newest_policy_shrinks_at_once"
def searn_shares(alphas: list[float]) -> np.ndarray:
    shares = np.array([1.0])  # the expert first
    for alpha in alphas:
        shares = np.append(shares, alpha) * (1 - alpha)
    if shares[0] == 1:
        raise ValueError("the expert still has all of it")
    return shares[1:] / shares[1:].sum()

# %% wrong="no_error_for_nobody"
def searn_shares(alphas: list[float]) -> np.ndarray:
    shares = np.array([1.0])  # the expert first
    for alpha in alphas:
        shares = np.append((1 - alpha) * shares, alpha)
    return shares[1:] / max(shares[1:].sum(), 1e-12)

# %% wrong="expert_dropped_from_the_front_too_early"
def searn_shares(alphas: list[float]) -> np.ndarray:
    shares = np.array([0.5, 0.5])
    for alpha in alphas:
        shares = np.append((1 - alpha) * shares, alpha)
    if shares[0] == 1:
        raise ValueError("the expert still has all of it")
    return shares[1:] / shares[1:].sum()

# %% right="by_products"
def searn_shares(alphas):
    a = np.asarray(alphas, float)
    if not a.any():
        raise ValueError("no learner has a share")
    later = np.array([np.prod(1 - a[j + 1:]) for j in range(len(a))])
    return a * later / (a * later).sum()

# %% right="backwards"
def searn_shares(alphas):
    rest, shares = 1.0, []
    for alpha in reversed(list(alphas)):
        shares.insert(0, rest * alpha)
        rest = rest * (1 - alpha)
    if sum(shares) == 0:
        raise ValueError("the expert has everything")
    return np.array(shares) / sum(shares)
