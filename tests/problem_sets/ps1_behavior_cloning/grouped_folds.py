# %% wrong="by_step"
def grouped_folds(trajectory, k, seed):
    order = np.random.default_rng(seed).permutation(len(trajectory))
    return [np.isin(np.arange(len(trajectory)), part) for part in np.array_split(order, k)]

# %% wrong="last_drives_left_out"
def grouped_folds(trajectory, k, seed):
    names = np.random.default_rng(seed).permutation(np.unique(trajectory))
    size = len(names) // k
    return [np.isin(trajectory, names[i * size:(i + 1) * size]) for i in range(k)]

# %% wrong="not_shuffled"
def grouped_folds(trajectory, k, seed):
    return [np.isin(trajectory, part) for part in np.array_split(np.unique(trajectory), k)]

# %% wrong="drives_drawn_with_replacement"
def grouped_folds(trajectory, k, seed):
    rng, names = np.random.default_rng(seed), np.unique(trajectory)
    return [np.isin(trajectory, rng.choice(names, len(names) // k)) for _ in range(k)]

# %% wrong="steps_stand_together_and_seed_ignored"
def grouped_folds(trajectory, k, seed):
    cuts = np.array_split(np.arange(len(trajectory)), k)
    return [np.isin(np.arange(len(trajectory)), part) for part in cuts]

# %% wrong="names_by_remainder"
def grouped_folds(trajectory, k, seed):
    return [(trajectory + seed) % k == i for i in range(k)]

# %% wrong="unseeded"
def grouped_folds(trajectory, k, seed):
    names = np.random.permutation(np.unique(trajectory))
    return [np.isin(trajectory, part) for part in np.array_split(names, k)]

# %% right="deal_like_cards"
def grouped_folds(trajectory, k, seed):
    names = np.unique(trajectory)
    np.random.default_rng(seed).shuffle(names)
    return [np.isin(trajectory, names[i::k]) for i in range(k)]

# %% right="dictionary"
def grouped_folds(trajectory, k, seed):
    names = list(np.random.default_rng(seed).permutation(sorted(set(trajectory.tolist()))))
    fold = {int(name): i % k for i, name in enumerate(names)}
    number = np.array([fold[int(t)] for t in trajectory])
    return [number == i for i in range(k)]
