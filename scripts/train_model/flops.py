"""Floating point operations of a training run."""


def per_token(sizes, row):
    """6 x (parameters that a matrix product reads: blocks and the tied unembedding) + 12 x L x T x d, T the row length."""
    d, layers = sizes['n_embd'], sizes['n_layer']
    return 6 * (12 * layers * d * d + sizes['vocab_size'] * d) + 12 * layers * row * d


def run_flops(plan):
    """The whole run, each batch with its own row length."""
    return sum(plan['batchTokens'] * per_token(plan['sizes'], row) for row in plan['rows'])
