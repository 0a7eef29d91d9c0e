"""Trains the embedded model on the stream that scripts/train_model.ts wrote. Usage: train.py [threads]"""
import hashlib
import json
import os
import sys
import time

import numpy as np
import torch

from abilities import full, quick, rounded
from gpt2 import adamw, load, lr_at, save, step

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, '../../.cache/train_model')
FIRST = 200      # losses kept for our own trainer to reproduce
EVERY = 120      # steps between two lines of the log


def main():
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    plan = json.load(open(f'{DATA}/plan.json'))
    probes = json.load(open(f'{DATA}/probes.json'))
    tokens = np.fromfile(f'{DATA}/tokens.u16', '<u2').astype('i8')
    weights = np.fromfile(f'{DATA}/weights.u8', 'u1').astype('f4') / np.float32(100)
    p = {n: t.clone().requires_grad_() for n, t in load(f'{DATA}/init.safetensors').items()}
    n_head, size, total = plan['sizes']['n_head'], plan['batchTokens'], len(plan['rows'])
    opt = adamw(p, 3e-3)
    losses, recent, began = [], [], time.time()
    log = open(f'{HERE}/log.jsonl', 'w')
    for i, row in enumerate(plan['rows']):
        lo, hi = i * size, (i + 1) * size
        ids = torch.from_numpy(tokens[lo:hi]).view(-1, row)
        weight = torch.from_numpy(weights[lo:hi]).view(-1, row)
        loss = step(p, opt, ids, weight, n_head, lr_at(i, total))
        losses.append(loss)
        recent.append(loss)
        if i + 1 == FIRST:
            write_first(plan, losses)
        if (i + 1) % EVERY == 0 or i + 1 == total:
            line = {'step': i + 1, 'tokens': hi, 'train': round(sum(recent) / len(recent), 4), **rounded(quick(p, probes, n_head)),
                    'seconds': round(time.time() - began, 1)}
            recent = []
            log.write(json.dumps(line) + '\n')
            log.flush()
            print(json.dumps(line), flush=True)
            save(f'{DATA}/checkpoint.tmp', p)
            os.replace(f'{DATA}/checkpoint.tmp', f'{DATA}/checkpoint.safetensors')
    report = {'tokens': total * size, 'steps': total, 'seconds': round(time.time() - began, 1)}
    json.dump({**report, **rounded(full(p, probes, n_head))}, open(f'{HERE}/abilities.json', 'w'), indent=1)


def write_first(plan, losses):
    """What another trainer needs to replay the start of the run."""
    size = plan['batchTokens']
    end = FIRST * size
    tokens = open(f'{DATA}/tokens.u16', 'rb').read()[:2 * end]
    weights = open(f'{DATA}/weights.u8', 'rb').read()[:end]
    init = open(f'{DATA}/init.safetensors', 'rb').read()
    sha = lambda data: hashlib.sha256(data).hexdigest()
    json.dump({
        'seed': plan['seed'], 'sizes': plan['sizes'], 'batchTokens': size, 'rows': plan['rows'][:FIRST],
        'lr': [lr_at(i, len(plan['rows'])) for i in range(FIRST)],
        'sha256': {'tokens': sha(tokens), 'weights': sha(weights), 'init': sha(init)},
        'losses': losses,
    }, open(f'{DATA}/first_losses.json', 'w'))


main()
