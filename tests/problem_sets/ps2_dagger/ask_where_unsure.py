# %% wrong="variance_over_states"
def ask_where_unsure(predictions: np.ndarray, budget: int) -> np.ndarray:
    doubt = (predictions - predictions.mean(1, keepdims=True)).__pow__(2).mean(0).sum(-1)  # (N,)
    ask = np.zeros(len(doubt), bool)
    ask[np.argsort(-doubt, kind="stable")[:budget]] = True
    return ask & (doubt > 1e-12)

# %% wrong="asks_where_they_agree"
def ask_where_unsure(predictions: np.ndarray, budget: int) -> np.ndarray:
    doubt = predictions.var(0).sum(-1)  # (N,)
    ask = np.zeros(len(doubt), bool)
    ask[np.argsort(doubt, kind="stable")[:budget]] = True
    return ask & (doubt > 1e-12)

# %% wrong="adds_standard_deviations"
def ask_where_unsure(predictions: np.ndarray, budget: int) -> np.ndarray:
    doubt = predictions.std(0).sum(-1)  # (N,)
    ask = np.zeros(len(doubt), bool)
    ask[np.argsort(-doubt, kind="stable")[:budget]] = True
    return ask & (doubt > 1e-12)

# %% wrong="later_of_equals"
def ask_where_unsure(predictions: np.ndarray, budget: int) -> np.ndarray:
    doubt = predictions.var(0).sum(-1)  # (N,)
    ask = np.zeros(len(doubt), bool)
    ask[np.argsort(doubt, kind="stable")[::-1][:budget]] = True
    return ask & (doubt > 1e-12)

# %% wrong="spends_the_whole_budget"
def ask_where_unsure(predictions: np.ndarray, budget: int) -> np.ndarray:
    doubt = predictions.var(0).sum(-1)  # (N,)
    ask = np.zeros(len(doubt), bool)
    ask[np.argsort(-doubt, kind="stable")[:budget]] = True
    return ask

# %% wrong="largest_dimension_only"
def ask_where_unsure(predictions: np.ndarray, budget: int) -> np.ndarray:
    doubt = predictions.var(0).max(-1)  # (N,)
    ask = np.zeros(len(doubt), bool)
    ask[np.argsort(-doubt, kind="stable")[:budget]] = True
    return ask & (doubt > 1e-12)

# %% wrong="budget_ignored"
def ask_where_unsure(predictions: np.ndarray, budget: int) -> np.ndarray:
    doubt = predictions.var(0).sum(-1)  # (N,)
    ask = np.zeros(len(doubt), bool)
    ask[np.argsort(-doubt, kind="stable")[:]] = True
    return ask & (doubt > 1e-12)

# %% wrong="disagreement_with_the_first"
def ask_where_unsure(predictions: np.ndarray, budget: int) -> np.ndarray:
    doubt = ((predictions - predictions[:1]) ** 2).mean(0).sum(-1)  # (N,)
    ask = np.zeros(len(doubt), bool)
    ask[np.argsort(-doubt, kind="stable")[:budget]] = True
    return ask & (doubt > 1e-12)

# %% right="by_hand"
def ask_where_unsure(predictions, budget):
    mean = predictions.mean(0, keepdims=True)
    doubt = ((predictions - mean) ** 2).mean(0).sum(1)
    order = sorted(range(len(doubt)), key=lambda i: (-doubt[i], i))
    chosen = {i for i in order[:budget] if doubt[i] > 1e-12}
    return np.array([i in chosen for i in range(len(doubt))])

# %% right="one_at_a_time"
def ask_where_unsure(predictions, budget):
    doubt = np.var(predictions, axis=0).sum(axis=1)
    ask = np.zeros(predictions.shape[1], dtype=bool)
    for _ in range(min(budget, len(doubt))):
        i = int(np.argmax(doubt))
        if doubt[i] <= 1e-12:
            break
        ask[i] = True
        doubt[i] = -1.0
    return ask
