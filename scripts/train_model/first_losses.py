"""Writes e2e/golden/train_model_first_losses.json: 50 steps of the toy model, and the start of the real run."""
import hashlib
import json
import os

import torch

from gpt2 import adamw, load, lr_at, step

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, '../../.cache/train_model')
GOLDEN = os.path.join(HERE, '../../e2e/golden/train_model_first_losses.json')


def main():
    torch.set_num_threads(1)
    toy = json.load(open(f'{DATA}/toy.json'))
    lr = [lr_at(i, toy['steps'], warm=10) for i in range(toy['steps'])]
    toy['lr'] = lr
    toy['sha256'] = {'init': hashlib.sha256(open(f'{DATA}/toy.safetensors', 'rb').read()).hexdigest()}
    toy['losses'] = run(toy, lr, torch.float32)
    toy['lossesF64'] = run(toy, lr, torch.float64)
    real = json.load(open(f'{DATA}/first_losses.json'))
    about = {
        'init': "makeRng(seed).fork('init/' + name).normal() row-major, see scripts/train_model/init_weights.ts",
        'loss': 'sum(w nll) / sum(w) over predicted tokens, w = weight of the predicted token / 100, nats; before the step',
        'optimiser': 'AdamW, betas .9 .98, eps 1e-8, decoupled decay .05 on the rank-2 tensors of the blocks only, lr per step as listed',
        'clip': 'global gradient norm clipped to 1: scale = min(1, 1 / (norm + 1e-6))',
        'made by': f'PyTorch {torch.__version__} on a CPU, scripts/train_model/first_losses.py',
    }
    json.dump({'about': about, 'toy': toy, 'real': real}, open(GOLDEN, 'w'), separators=(',', ':'))
    worst = max(abs(a - b) for a, b in zip(toy['losses'], toy['lossesF64']))
    print(f"toy: {toy['losses'][0]:.5f} -> {toy['losses'][-1]:.5f}, f32 against f64 at most {worst:.1e}")


def run(toy, lr, dtype):
    p = {n: t.to(dtype).requires_grad_() for n, t in load(f'{DATA}/toy.safetensors').items()}
    opt = adamw(p, lr[0])
    shape = (toy['steps'], toy['rows'], toy['ctx'])
    tokens = torch.tensor(toy['tokens']).view(shape)
    weights = (torch.tensor(toy['weights']).to(dtype) / 100).view(shape)
    return [step(p, opt, tokens[i], weights[i], toy['sizes']['n_head'], lr[i]) for i in range(toy['steps'])]


main()
