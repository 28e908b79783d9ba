# %% wrong="shaken_label"
def shaken_demonstrations(sigma, n, T, seed):
    rng = np.random.default_rng(seed)
    state, obs, labels = world.initial(n, rng), [], []
    for _ in range(T):
        wanted = world.expert(state)
        done = wanted + sigma * rng.standard_normal(wanted.shape)
        obs.append(world.observe(state))
        labels.append(done)
        state, _, _ = world.step(state, done, rng)
    return np.stack(obs), np.stack(labels)

# %% wrong="noise_not_executed"
def shaken_demonstrations(sigma, n, T, seed):
    rng = np.random.default_rng(seed)
    state, obs, labels = world.initial(n, rng), [], []
    for _ in range(T):
        wanted = world.expert(state)
        obs.append(world.observe(state))
        labels.append(wanted)
        state, _, _ = world.step(state, wanted, rng)
    return np.stack(obs), np.stack(labels)

# %% wrong="observed_after_the_step"
def shaken_demonstrations(sigma, n, T, seed):
    rng = np.random.default_rng(seed)
    state, obs, labels = world.initial(n, rng), [], []
    for _ in range(T):
        wanted = world.expert(state)
        state, _, _ = world.step(state, wanted + sigma * rng.standard_normal(wanted.shape), rng)
        obs.append(world.observe(state))
        labels.append(wanted)
    return np.stack(obs), np.stack(labels)

# %% wrong="one_noise_for_all_cars"
def shaken_demonstrations(sigma, n, T, seed):
    rng = np.random.default_rng(seed)
    state, obs, labels = world.initial(n, rng), [], []
    for _ in range(T):
        wanted = world.expert(state)
        obs.append(world.observe(state))
        labels.append(wanted)
        state, _, _ = world.step(state, wanted + sigma * rng.standard_normal(), rng)
    return np.stack(obs), np.stack(labels)

# %% wrong="one_noise_for_all_steps"
def shaken_demonstrations(sigma, n, T, seed):
    rng = np.random.default_rng(seed)
    state, obs, labels = world.initial(n, rng), [], []
    noise = sigma * rng.standard_normal((n, 1))
    for _ in range(T):
        wanted = world.expert(state)
        obs.append(world.observe(state))
        labels.append(wanted)
        state, _, _ = world.step(state, wanted + noise, rng)
    return np.stack(obs), np.stack(labels)

# %% wrong="variance_for_standard_deviation"
def shaken_demonstrations(sigma, n, T, seed):
    rng = np.random.default_rng(seed)
    state, obs, labels = world.initial(n, rng), [], []
    for _ in range(T):
        wanted = world.expert(state)
        obs.append(world.observe(state))
        labels.append(wanted)
        state, _, _ = world.step(state, wanted + np.sqrt(sigma) * rng.standard_normal(wanted.shape), rng)
    return np.stack(obs), np.stack(labels)

# %% wrong="noise_always_to_the_left"
def shaken_demonstrations(sigma, n, T, seed):
    rng = np.random.default_rng(seed)
    state, obs, labels = world.initial(n, rng), [], []
    for _ in range(T):
        wanted = world.expert(state)
        obs.append(world.observe(state))
        labels.append(wanted)
        state, _, _ = world.step(state, wanted + np.abs(sigma * rng.standard_normal(wanted.shape)), rng)
    return np.stack(obs), np.stack(labels)

# %% right="preallocated"
def shaken_demonstrations(sigma, n, T, seed):
    rng = np.random.default_rng(seed)
    obs, labels, state = np.empty((T, n, 3), np.float32), np.empty((T, n, 1), np.float32), world.initial(n, rng)
    for t in range(T):
        obs[t], labels[t] = world.observe(state), world.expert(state)
        state = world.step(state, labels[t] + rng.normal(0, sigma, (n, 1)), rng)[0]
    return obs, labels

# %% right="noise_drawn_beforehand_and_cut"
def shaken_demonstrations(sigma, n, T, seed):
    rng = np.random.default_rng(seed)
    noise, s, pairs = rng.normal(size=(T, n, 1)) * sigma, world.initial(n, rng), []
    for e in noise:
        a = world.expert(s)
        pairs.append((world.observe(s), a.copy()))
        s, *_ = world.step(s, np.clip(a + e, -1, 1), rng)
    return tuple(np.array(x) for x in zip(*pairs))
