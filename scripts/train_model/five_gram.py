"""An interpolated Kneser-Ney 5-gram on the training tokens (random copies apart), against the model, by kind.

Usage: python3 scripts/train_model/five_gram.py [--data DIR]; adds `fiveGram` to each seed of abilities.json and writes
e2e/gates/five_gram.json: its losses on the rows of the gates, with the hash of those rows.
"""
import argparse
import hashlib
import json
import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
GATES = os.path.join(HERE, '../../e2e/gates/five_gram.json')
ORDER = 5
BITS = 12        # 5 ids of 12 bits fit an int64
GATE_ROWS = {'base': 32, 'kind': 4}      # the first rows of each set of probes.json; e2e/gates/texts.ts makes the same


def is_copy(doc, marker):
    """Random copies: a document that opens with the marker "Echo :", or one that repeats itself from its start."""
    if np.array_equal(doc[:len(marker)], marker):
        return True
    again = np.flatnonzero(doc[1:] == doc[0]) + 1 if len(doc) > 6 else []
    # Text that a row cuts may end in its first token or two.
    return len(again) > 0 and len(doc) - again[0] >= 3 and np.array_equal(doc[again[0]:], doc[:len(doc) - again[0]])


def training_text(data):
    """Training tokens without random copies and without odd openings, which the model does not learn to predict either."""
    tokens = np.fromfile(f'{data}/tokens.u16', '<u2').astype('i8')
    tokens = tokens[np.fromfile(f'{data}/weights.u8', 'u1') > 0]
    vocab = json.load(open(f'{data}/tokenizer.json'))['model']['vocab']
    marker = np.array([vocab['Echo'], vocab['Ġ:']])
    docs = np.split(tokens, np.flatnonzero(tokens == 0))[1:]
    return np.concatenate([d for d in docs if not is_copy(d[1:], marker)])


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


def loss_sums(levels, rows, vocab):
    """Sum of nats and number of predictions of each row, BOS targets left out, as text_loss of abilities.py."""
    tokens = np.array(rows, 'i8').ravel()
    p = np.full(len(tokens), 1 / vocab)
    for n, level in enumerate(levels, 1):
        key, ok = keys_of(tokens, n)
        p = np.where(ok, level.mix(key, p), p)
    counted = (tokens != 0).reshape(len(rows), -1)
    return (-np.log(p).reshape(len(rows), -1) * counted).sum(1), counted.sum(1)


def loss(levels, rows, vocab):
    """Nats per token."""
    sums, counts = loss_sums(levels, rows, vocab)
    return round(float(sums.sum() / counts.sum()), 4)


def against(levels, probes, figures, vocab):
    """The 5-gram's losses on one seed's text, and how far the model's are below."""
    base = loss(levels, probes['base'], vocab)
    kinds = {k: loss(levels, rows, vocab) for k, rows in probes['byKind'].items()}
    return {'lossNats': base, 'below': round(1 - figures['lossNats'] / base, 4), 'lossByKind': kinds,
            'belowByKind': {k: round(1 - figures['lossByKind'][k] / v, 4) for k, v in kinds.items()}}


def gate_rows(levels, probes, vocab):
    """Nats of each row of the gates' text by kind, and the SHA-256 of the rows as u16 little-endian."""
    sets = {'base': probes['base'][:GATE_ROWS['base']],
            **{k: rows[:GATE_ROWS['kind']] for k, rows in probes['byKind'].items()}}
    text = b''.join(np.array(rows, '<u2').tobytes() for rows in sets.values())
    nats = {k: [round(float(x), 3) for x in loss_sums(levels, rows, vocab)[0]] for k, rows in sets.items()}
    return {'sha256': hashlib.sha256(text).hexdigest(), 'nats': nats}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--data', default=os.path.join(HERE, '../../.cache/train_model'))
    data = parser.parse_args().data
    seeds = json.load(open(f'{data}/probes.json'))
    vocab = json.load(open(f'{data}/plan.json'))['sizes']['vocab_size']
    assert vocab <= 1 << BITS, f'{vocab} ids do not fit {BITS} bits'
    tokens = training_text(data)
    levels = fit(tokens)
    gates = {'fittedTokens': len(tokens), 'rows': GATE_ROWS, 'seeds': {s: gate_rows(levels, x, vocab) for s, x in seeds.items()}}
    os.makedirs(os.path.dirname(GATES), exist_ok=True)
    json.dump(gates, open(GATES, 'w'), separators=(',', ':'))
    path = f'{HERE}/abilities.json'
    report = json.load(open(path))
    report['fiveGramTokens'] = len(tokens)
    for seed, probes in seeds.items():
        figures = report.get('seeds', {}).get(seed)
        if figures is None:
            print(f'five_gram: {path} has no figures of {seed}; only the gates are written')
            continue
        figures['fiveGram'] = against(levels, probes, figures, vocab)
        print(seed, json.dumps(figures['fiveGram'], indent=1))
    json.dump(report, open(path, 'w'), indent=1)


main()
