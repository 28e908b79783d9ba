# %% wrong="forgets_that_k_steps_need_time"
def own_steps(betas: list[float], k: int, n: int, T: int) -> float:
    return sum(n * T * (1 - beta) ** k for beta in betas)

# %% wrong="one_window_too_few"
def own_steps(betas: list[float], k: int, n: int, T: int) -> float:
    return sum(n * max(T - k, 0) * (1 - beta) ** k for beta in betas)

# %% wrong="the_experts_steps"
def own_steps(betas: list[float], k: int, n: int, T: int) -> float:
    return sum(n * max(T - k + 1, 0) * beta ** k for beta in betas)

# %% wrong="mean_over_rounds"
def own_steps(betas: list[float], k: int, n: int, T: int) -> float:
    return sum(n * max(T - k + 1, 0) * (1 - beta) ** k for beta in betas) / len(betas)

# %% wrong="forgets_the_drives"
def own_steps(betas: list[float], k: int, n: int, T: int) -> float:
    return sum(max(T - k + 1, 0) * (1 - beta) ** k for beta in betas)

# %% wrong="k_times_for_power_k"
def own_steps(betas: list[float], k: int, n: int, T: int) -> float:
    return sum(n * max(T - k + 1, 0) * (1 - beta) * k for beta in betas)

# %% wrong="negative_windows"
def own_steps(betas: list[float], k: int, n: int, T: int) -> float:
    return sum(n * (T - k + 1) * (1 - beta) ** k for beta in betas)

# %% right="by_recursion"
def own_steps(betas, k, n, T):
    total = 0.0
    for beta in betas:
        runs = np.zeros(k + 1)  # probability of having driven j steps in a row, the last entry: k or more
        runs[0] = 1.0
        for _ in range(T):
            new = np.zeros(k + 1)
            new[1:] = (1 - beta) * runs[:-1]
            new[k] += (1 - beta) * runs[k]
            new[0] = beta
            runs = new
            total += n * runs[k]
    return total

# %% right="with_numpy"
def own_steps(betas, k, n, T):
    windows = np.arange(k, T + 1).size
    return float(n * windows * np.power(1.0 - np.asarray(betas), k).sum())
