"""What each head looks at on Storyland text: writes scripts/train_model/heads.json. Usage: heads.py

Share of attention by kind of source token, averaged over destinations of the first evaluation text (position 0 left
out as destination), beside the share that uniform attention over the same sources would give.
"""
import json
import os

import torch

from gpt2 import forward, load

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, '../../.cache/train_model')
ROWS = 96
SIGNS = {'.': 'sentence end', '?': 'sentence end', '!': 'sentence end', ',': 'comma', '\n': 'line break', ':': 'colon',
         '“': 'opening quote', '”': 'closing quote', '(': 'open bracket', '[': 'open bracket', '{': 'open bracket',
         ')': 'closed bracket', ']': 'closed bracket', '}': 'closed bracket', ';': 'semicolon'}
FUNCTION = set('the a an and to of in on at for with was is it he she his her they I you not but by near from that'.split())


def pieces():
    """Text of each token, from the byte characters of tokenizer.json."""
    vocab = json.load(open(f'{DATA}/tokenizer.json'))['model']['vocab']
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    odd = [b for b in range(256) if b not in plain]
    byte = {chr(b): b for b in plain} | {chr(256 + i): b for i, b in enumerate(odd)}
    out = [''] * len(vocab)
    for token, i in vocab.items():
        out[i] = bytes(byte[c] for c in token).decode('utf8', 'replace') if i else '<|bos|>'
    return out


def kind_of(piece, names):
    word = piece.strip(' ')
    if piece == '<|bos|>':
        return 'document start'
    if word in SIGNS:
        return SIGNS[word]
    if word in names:
        return 'name'
    return 'function word' if word in FUNCTION or word.lower() in FUNCTION else 'other word'


@torch.no_grad()
def main():
    plan = json.load(open(f'{DATA}/plan.json'))
    rows = next(iter(json.load(open(f'{DATA}/probes.json')).values()))['base'][:ROWS]
    words = open(os.path.join(HERE, '../../src/text/storyland/words.ts')).read()
    names = {w for part in words.split('_NAMES = words(')[1:3] for w in part.split("'")[1].split()}
    text = pieces()
    kinds = sorted({kind_of(p, names) for p in text})
    ids = torch.tensor(rows)
    of = torch.tensor([kinds.index(kind_of(p, names)) for p in text])[ids]
    keep = []
    forward(load(f'{DATA}/checkpoint.safetensors'), ids, plan['sizes']['n_head'], keep)
    n = ids.shape[1]
    uniform = torch.tril(torch.ones(n, n)) / torch.arange(1, n + 1)[:, None]
    one_hot = torch.nn.functional.one_hot(of, len(kinds)).float()
    share = lambda a: torch.einsum('...ds,...sk->...dk', a, one_hot if a.ndim == 3 else one_hot[:, None])[..., 1:, :].mean((0, -2))
    base = share(uniform.expand(len(rows), n, n))
    named = lambda v: {k: round(float(x), 3) for k, x in zip(kinds, v) if x >= 0.005}
    heads = []
    for layer, pattern in enumerate(keep):
        by_kind = share(pattern)
        d = torch.arange(1, n)
        distance = (torch.arange(n)[:, None] - torch.arange(n)[None]).clamp(min=0).float()
        for h in range(pattern.shape[1]):
            heads.append({'head': f'{layer}.{h}', 'self': round(float(pattern[:, h, d, d].mean()), 3),
                          'previous': round(float(pattern[:, h, d, d - 1].mean()), 3),
                          'meanDistance': round(float((pattern[:, h] * distance)[:, 1:].sum(-1).mean()), 1),
                          'sources': named(by_kind[h])})
    json.dump({'rows': len(rows), 'uniform': named(base), 'heads': heads}, open(f'{HERE}/heads.json', 'w'), indent=1)
    print('uniform', named(base))
    for h in heads:
        print(h)


main()
