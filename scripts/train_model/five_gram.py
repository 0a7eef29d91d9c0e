"""An interpolated Kneser-Ney 5-gram on the training tokens (random copies apart), against the model, by kind.

Usage: python3 scripts/train_model/five_gram.py; adds `fiveGram` to abilities.json.
"""
import json
import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, '../../.cache/train_model')
ORDER = 5
BITS = 11        # 5 ids of 11 bits fit an int64


def is_copy(doc):
    """Random copies: a period from the start, or a sequence behind its marker (Echo, space, colon)."""
    for start in (0, 3):
        body = doc[start:]
        again = np.flatnonzero(body[1:] == body[0]) + 1 if len(body) > 6 else []
        if len(again) and np.array_equal(body[again[0]:], body[:len(body) - again[0]]):
            return True
    return False


def training_text():
    tokens = np.fromfile(f'{DATA}/tokens.u16', '<u2').astype('i8')
    docs = np.split(tokens, np.flatnonzero(tokens == 0))[1:]
    return np.concatenate([d for d in docs if not is_copy(d[1:])])


def keys_of(tokens, n):
    """One integer per n-gram that does not cross a document: its BOS may only stand first. Entry i ends at token i."""
    key = np.zeros(len(tokens), 'i8')
    ok = np.ones(len(tokens), bool)
    for back in range(n - 1, -1, -1):
        shifted = np.roll(tokens, back)
        key = (key << BITS) | shifted
        if back < n - 1:
            ok &= shifted != 0
    ok[:n - 1] = False
    return key, ok


class Level:
    """Counts of one order: n-grams with their (continuation) counts, and per context the total and the distinct ones."""

    def __init__(self, grams, counts):
        self.grams, self.counts = grams, counts
        ones, twos = (counts == 1).sum(), (counts == 2).sum()
        self.discount = ones / (ones + 2 * twos)
        context = grams >> BITS
        self.contexts, first = np.unique(context, return_index=True)
        self.total = np.add.reduceat(counts, first)
        self.types = np.diff(np.append(first, len(grams)))

    def mix(self, keys, lower):
        """P = (c - D)+ / total + D types / total * lower; `lower` itself where the context is new."""
        at = np.searchsorted(self.grams, keys).clip(0, len(self.grams) - 1)
        count = np.where(self.grams[at] == keys, self.counts[at], 0)
        c = np.searchsorted(self.contexts, keys >> BITS).clip(0, len(self.contexts) - 1)
        known = self.contexts[c] == keys >> BITS
        total = np.where(known, self.total[c], 1)
        p = np.maximum(count - self.discount, 0) / total + self.discount * self.types[c] / total * lower
        return np.where(known, p, lower)


def fit(tokens):
    """Levels 1..5; below 5 the counts are continuation counts (plain counts where the n-gram begins with BOS)."""
    levels = []
    for n in range(ORDER, 0, -1):
        key, ok = keys_of(tokens, n)
        grams, counts = np.unique(key[ok], return_counts=True)
        if n < ORDER:
            longer = levels[-1].grams & ((1 << (BITS * n)) - 1)
            kept, continuations = np.unique(longer, return_counts=True)
            at = np.searchsorted(kept, grams).clip(0, len(kept) - 1)
            begins = grams >> (BITS * (n - 1)) == 0
            counts = np.where((kept[at] == grams) & ~begins, continuations[at], counts)
        levels.append(Level(grams, counts))
    return levels[::-1]


def loss(levels, rows, vocab):
    """Nats per token, BOS targets left out, as text_loss of abilities.py."""
    tokens = np.array(rows, 'i8').ravel()
    p = np.full(len(tokens), 1 / vocab)
    valid = np.ones(len(tokens), bool)
    for n, level in enumerate(levels, 1):
        key, ok = keys_of(tokens, n)
        p = np.where(ok, level.mix(key, p), p)
    valid &= tokens != 0
    return float(-np.log(p[valid]).mean())


def main():
    probes = json.load(open(f'{DATA}/probes.json'))
    path = f'{HERE}/abilities.json'
    report = json.load(open(path))
    vocab = json.load(open(f'{DATA}/plan.json'))['sizes']['vocab_size']
    tokens = training_text()
    levels = fit(tokens)
    base = loss(levels, probes['base'], vocab)
    kinds = {k: round(loss(levels, rows, vocab), 4) for k, rows in probes['byKind'].items()}
    report['fiveGram'] = {
        'fittedTokens': len(tokens), 'lossNats': round(base, 4), 'below': round(1 - report['lossNats'] / base, 4),
        'lossByKind': kinds, 'belowByKind': {k: round(1 - report['lossByKind'][k] / v, 4) for k, v in kinds.items()},
    }
    json.dump(report, open(path, 'w'), indent=1)
    print(json.dumps(report['fiveGram'], indent=1))


main()
