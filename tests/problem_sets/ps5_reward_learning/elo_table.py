# %% wrong="base_e"
def elo_table(n: int, games: list[tuple[int, int, float]], k: float) -> np.ndarray:
    ratings = np.full(n, 1500.0)
    for a, b, score in games:
        change = k * (score - 1 / (1 + np.exp((ratings[b] - ratings[a]) / 400)))
        ratings[a] += change
        ratings[b] -= change
    return ratings

# %% wrong="expected_of_the_other"
def elo_table(n: int, games: list[tuple[int, int, float]], k: float) -> np.ndarray:
    ratings = np.full(n, 1500.0)
    for a, b, score in games:
        change = k * (score - 1 / (1 + 10 ** ((ratings[a] - ratings[b]) / 400)))
        ratings[a] += change
        ratings[b] -= change
    return ratings

# %% wrong="only_the_first_moves"
def elo_table(n: int, games: list[tuple[int, int, float]], k: float) -> np.ndarray:
    ratings = np.full(n, 1500.0)
    for a, b, score in games:
        change = k * (score - 1 / (1 + 10 ** ((ratings[b] - ratings[a]) / 400)))
        ratings[a] += change
    return ratings

# %% wrong="both_win"
def elo_table(n: int, games: list[tuple[int, int, float]], k: float) -> np.ndarray:
    ratings = np.full(n, 1500.0)
    for a, b, score in games:
        change = k * (score - 1 / (1 + 10 ** ((ratings[b] - ratings[a]) / 400)))
        ratings[a] += change
        ratings[b] += change
    return ratings

# %% wrong="starts_at_zero"
def elo_table(n: int, games: list[tuple[int, int, float]], k: float) -> np.ndarray:
    ratings = np.zeros(n)
    for a, b, score in games:
        change = k * (score - 1 / (1 + 10 ** ((ratings[b] - ratings[a]) / 400)))
        ratings[a] += change
        ratings[b] -= change
    return ratings

# %% wrong="draws_are_losses"
def elo_table(n: int, games: list[tuple[int, int, float]], k: float) -> np.ndarray:
    ratings = np.full(n, 1500.0)
    for a, b, score in games:
        change = k * (float(score == 1) - 1 / (1 + 10 ** ((ratings[b] - ratings[a]) / 400)))
        ratings[a] += change
        ratings[b] -= change
    return ratings

# %% wrong="all_at_once"
def elo_table(n: int, games: list[tuple[int, int, float]], k: float) -> np.ndarray:
    ratings = np.full(n, 1500.0)
    before = ratings.copy()
    for a, b, score in games:
        change = k * (score - 1 / (1 + 10 ** ((before[b] - before[a]) / 400)))
        ratings[a] += change
        ratings[b] -= change
    return ratings

# %% wrong="second_player_after_the_first"
def elo_table(n: int, games: list[tuple[int, int, float]], k: float) -> np.ndarray:
    ratings = np.full(n, 1500.0)
    for a, b, score in games:
        change = k * (score - 1 / (1 + 10 ** ((ratings[b] - ratings[a]) / 400)))
        ratings[a] += change
        ratings[b] += k * ((1 - score) - 1 / (1 + 10 ** ((ratings[a] - ratings[b]) / 400)))
    return ratings

# %% right="both_expectations"
def elo_table(n, games, k):
    r = [1500.0 for _ in range(n)]
    for a, b, s in games:
        qa, qb = 10 ** (r[a] / 400), 10 ** (r[b] / 400)
        r[a], r[b] = r[a] + k * (s - qa / (qa + qb)), r[b] + k * ((1 - s) - qb / (qa + qb))
    return np.array(r)

# %% right="natural_logarithm"
def elo_table(n, games, k):
    utility = np.zeros(n)
    scale = 400 / np.log(10)
    for a, b, s in games:
        step = k / scale * (s - 1 / (1 + np.exp(utility[b] - utility[a])))
        utility[[a, b]] += [step, -step]
    return 1500 + scale * utility
