"""Trains the embedded model on the stream that scripts/train_model.ts wrote.

Usage: train.py [threads] [--data DIR] [--report DIR]. A run that was stopped goes on from DIR/state.pt when its plan is
the same, with the same losses as one that was not: kernels of fixed summation order, the checkpoint's thread count.
"""
import argparse
import hashlib
import json
import os
import time

import numpy as np
import torch

import checkpoint
from abilities import both, quick, rounded
from flops import run_flops
from gpt2 import adamw, load, lr_at, save, step

HERE = os.path.dirname(os.path.abspath(__file__))
FIRST = 200      # losses kept for our own trainer to reproduce
EVERY = 120      # steps between two lines of the log
SAVE = 60        # steps between two checkpoints; divides EVERY


def main():
    args = arguments()
    torch.use_deterministic_algorithms(True)
    plan = json.load(open(f'{args.data}/plan.json'))
    probes = json.load(open(f'{args.data}/probes.json'))
    state = restored(args)
    torch.set_num_threads(state['threads'])
    p = {n: t.clone().requires_grad_() for n, t in (state['p'] or load(f'{args.data}/init.safetensors')).items()}
    opt = adamw(p, 3e-3)
    if state['opt']:
        opt.load_state_dict(state['opt'])
    train(args, plan, next(iter(probes.values())), state, p, opt)
    size, total = plan['batchTokens'], len(plan['rows'])
    save(f'{args.data}/checkpoint.safetensors', p)
    json.dump(state['losses'], open(f'{args.data}/losses.json', 'w'))
    report = {'tokens': total * size, 'steps': total, 'seconds': round(state['seconds'], 1), 'threads': state['threads'],
              'flops': run_flops(plan), 'parameters': sum(t.numel() for t in p.values())}
    json.dump({**report, **rounded(both(p, probes, plan['sizes']['n_head']))}, open(f'{args.report}/abilities.json', 'w'), indent=1)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument('threads', nargs='?', type=int, default=2)
    parser.add_argument('--data', default=os.path.join(HERE, '../../.cache/train_model'))
    parser.add_argument('--report', default=HERE, help='folder of log.jsonl and abilities.json')
    return parser.parse_args()


def restored(args):
    """The checkpoint of this plan with the log cut back to it, or a new start with an empty log."""
    plan = checkpoint.plan_hash(args.data)
    state = checkpoint.read(args.data, plan)
    log = f'{args.report}/log.jsonl'
    if state and (state['logBytes'] == 0 or os.path.exists(log) and os.path.getsize(log) >= state['logBytes']):
        print(f"train: goes on at step {state['step']} of plan {plan[:16]}, {state['threads']} threads", flush=True)
    else:
        state = checkpoint.at_start(plan, args.threads)
        print(f'train: starts plan {plan[:16]}, {args.threads} threads', flush=True)
    with open(log, 'ab') as f:
        f.truncate(state['logBytes'])
    return state


def train(args, plan, probes, state, p, opt):
    """All steps that are left; `state` is kept up to date and written every SAVE steps."""
    tokens = np.fromfile(f'{args.data}/tokens.u16', '<u2').astype('i8')
    weights = np.fromfile(f'{args.data}/weights.u8', 'u1').astype('f4') / np.float32(100)
    n_head, size, total = plan['sizes']['n_head'], plan['batchTokens'], len(plan['rows'])
    began = time.time() - state['seconds']
    for i in range(state['step'], total):
        lo, hi = i * size, (i + 1) * size
        ids = torch.from_numpy(tokens[lo:hi]).view(-1, plan['rows'][i])
        weight = torch.from_numpy(weights[lo:hi]).view(-1, plan['rows'][i])
        loss = step(p, opt, ids, weight, n_head, lr_at(i, total, finish=plan['finish']))
        state['losses'].append(loss)
        state['recent'].append(loss)
        if i + 1 == FIRST:
            write_first(args.data, plan, state['losses'])
        if (i + 1) % EVERY == 0 or i + 1 == total:
            mean = sum(state['recent']) / len(state['recent'])
            line = {'step': i + 1, 'tokens': hi, 'train': round(mean, 4), **rounded(quick(p, probes, n_head)),
                    'seconds': round(time.time() - began, 1)}
            state['recent'] = []
            write_line(args, state, line)
            save(f'{args.data}/checkpoint.tmp', p)
            os.replace(f'{args.data}/checkpoint.tmp', f'{args.data}/checkpoint.safetensors')
        if (i + 1) % SAVE == 0 or i + 1 == total:
            state.update(step=i + 1, seconds=time.time() - began, opt=opt.state_dict(),
                         p={n: t.detach() for n, t in p.items()})
            checkpoint.write(args.data, state)


def write_line(args, state, line):
    with open(f'{args.report}/log.jsonl', 'a') as log:
        log.write(json.dumps(line) + '\n')
        log.flush()
        state['logBytes'] = log.tell()
    print(json.dumps(line), flush=True)


def write_first(data, plan, losses):
    """What another trainer needs to replay the start of the run."""
    size = plan['batchTokens']
    end = FIRST * size
    tokens = open(f'{data}/tokens.u16', 'rb').read()[:2 * end]
    weights = open(f'{data}/weights.u8', 'rb').read()[:end]
    init = open(f'{data}/init.safetensors', 'rb').read()
    sha = lambda data: hashlib.sha256(data).hexdigest()
    json.dump({
        'seed': plan['seed'], 'sizes': plan['sizes'], 'batchTokens': size, 'rows': plan['rows'][:FIRST],
        'lr': [lr_at(i, len(plan['rows']), finish=plan['finish']) for i in range(FIRST)],
        'sha256': {'tokens': sha(tokens), 'weights': sha(weights), 'init': sha(init)},
        'losses': losses,
    }, open(f'{data}/first_losses.json', 'w'))


main()
