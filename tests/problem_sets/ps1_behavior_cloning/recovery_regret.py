# %% wrong="cost_before_the_step"
def recovery_regret(epsilon, r, T):
    p, cost = 0.0, 0.0
    for _ in range(T):
        cost += p
        p = p * (1 - r) + (1 - p) * epsilon
    return cost

# %% wrong="ladder_ignored"
def recovery_regret(epsilon, r, T):
    p, cost = 0.0, 0.0
    for _ in range(T):
        p = p + (1 - p) * epsilon
        cost += p
    return cost

# %% wrong="climbs_and_falls_in_one_step"
def recovery_regret(epsilon, r, T):
    p, cost = 0.0, 0.0
    for _ in range(T):
        p = p * (1 - r)
        p = p + (1 - p) * epsilon
        cost += p
    return cost

# %% wrong="one_step_too_few"
def recovery_regret(epsilon, r, T):
    p, cost = 0.0, 0.0
    for _ in range(1, T):
        p = p * (1 - r) + (1 - p) * epsilon
        cost += p
    return cost

# %% wrong="last_step_only"
def recovery_regret(epsilon, r, T):
    p = 0.0
    for _ in range(T):
        p = p * (1 - r) + (1 - p) * epsilon
    return p

# %% wrong="stationary_from_the_start"
def recovery_regret(epsilon, r, T):
    return T * epsilon / (epsilon + r) if epsilon + r else 0.0

# %% right="closed_form"
def recovery_regret(epsilon, r, T):
    q = 1 - epsilon - r
    if epsilon + r == 0:
        return 0.0
    p = epsilon / (epsilon + r)
    return p * (T - q * (1 - q**T) / (1 - q))

# %% right="matrix"
def recovery_regret(epsilon, r, T):
    P, d, cost = np.array([[1 - epsilon, epsilon], [r, 1 - r]]), np.array([1.0, 0.0]), 0.0
    for _ in range(T):
        d = d @ P
        cost += d[1]
    return float(cost)
