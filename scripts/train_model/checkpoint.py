"""The state of a training run on disk: everything the next step depends on, written at once or not at all."""
import hashlib
import os

import torch

# Files that decide what a run computes.
INPUTS = ('plan.json', 'tokens.u16', 'weights.u8', 'init.safetensors')


def plan_hash(data):
    """SHA-256 of the run's inputs, in order; equal hashes mean the same training."""
    h = hashlib.sha256()
    for name in INPUTS:
        with open(f'{data}/{name}', 'rb') as f:
            h.update(hashlib.sha256(f.read()).digest())
    return h.hexdigest()


def write(data, state):
    """Replaces state.pt in one rename, after its bytes are on disk."""
    with open(f'{data}/state.tmp', 'wb') as f:
        torch.save(state, f)
        f.flush()
        os.fsync(f.fileno())
    os.replace(f'{data}/state.tmp', f'{data}/state.pt')


def read(data, plan):
    """The state that was left by a run of this plan, or None."""
    if not os.path.exists(f'{data}/state.pt'):
        return None
    state = torch.load(f'{data}/state.pt', weights_only=True)
    return state if state['plan'] == plan else None


def at_start(plan, threads):
    """The state before the first step. `recent` are the losses since the last line of the log."""
    return {'plan': plan, 'threads': threads, 'step': 0, 'p': None, 'opt': None, 'losses': [], 'recent': [],
            'seconds': 0.0, 'logBytes': 0}
