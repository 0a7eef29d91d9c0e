"""GPT-2 as Hugging Face's GPT2LMHeadModel computes it (pre-LN, tanh GELU, learned positions, tied head)."""
import json
import math
import struct

import numpy as np
import torch
import torch.nn.functional as F


def load(path):
    """Tensors of a safetensors file as f32."""
    raw = open(path, 'rb').read()
    n = struct.unpack('<Q', raw[:8])[0]
    header = json.loads(raw[8:8 + n])
    out = {}
    for name, entry in header.items():
        if name == '__metadata__':
            continue
        lo, hi = entry['data_offsets']
        kind = {'F32': '<f4', 'F16': '<f2'}[entry['dtype']]
        array = np.frombuffer(raw[8 + n + lo:8 + n + hi], kind).astype('f4').reshape(entry['shape'])
        out[name] = torch.from_numpy(array)
    return out


def save(path, tensors, half=False):
    """Writes a safetensors file, F32 or F16, in the order of `tensors`."""
    header, parts, at = {}, [], 0
    for name, t in tensors.items():
        data = t.detach().numpy().astype('<f2' if half else '<f4').tobytes()
        header[name] = {'dtype': 'F16' if half else 'F32', 'shape': list(t.shape), 'data_offsets': [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + b''.join(parts))


def forward(p, ids, n_head, keep=None):
    """Logits [batch, seq, vocab]. Not wte[ids]: its gradient adds up in an order that varies from run to run.

    `keep` receives the attention pattern of each layer [batch, head, dest, source].
    """
    seq = ids.shape[1]
    d = p['transformer.wte.weight'].shape[1]
    x = F.embedding(ids, p['transformer.wte.weight']) + p['transformer.wpe.weight'][:seq]
    layer = 0
    while f'transformer.h.{layer}.ln_1.weight' in p:
        h = f'transformer.h.{layer}.'
        a = F.layer_norm(x, (d,), p[h + 'ln_1.weight'], p[h + 'ln_1.bias'], 1e-5)
        qkv = a @ p[h + 'attn.c_attn.weight'] + p[h + 'attn.c_attn.bias']
        q, k, v = (t.view(-1, seq, n_head, d // n_head).transpose(1, 2) for t in qkv.split(d, 2))
        if keep is not None:
            scores = q @ k.transpose(2, 3) / math.sqrt(d // n_head)
            mask = torch.ones(seq, seq, dtype=torch.bool).triu(1)
            keep.append(scores.masked_fill(mask, -1e30).softmax(-1))
        z = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(-1, seq, d)
        x = x + z @ p[h + 'attn.c_proj.weight'] + p[h + 'attn.c_proj.bias']
        m = F.layer_norm(x, (d,), p[h + 'ln_2.weight'], p[h + 'ln_2.bias'], 1e-5)
        m = F.gelu(m @ p[h + 'mlp.c_fc.weight'] + p[h + 'mlp.c_fc.bias'], approximate='tanh')
        x = x + m @ p[h + 'mlp.c_proj.weight'] + p[h + 'mlp.c_proj.bias']
        layer += 1
    x = F.layer_norm(x, (d,), p['transformer.ln_f.weight'], p['transformer.ln_f.bias'], 1e-5)
    return x @ p['transformer.wte.weight'].T


def weighted_loss(p, ids, weight, n_head):
    """sum(w * nll) / sum(w) over predicted tokens; `weight` [batch, seq] belongs to the token that is predicted."""
    logits = forward(p, ids, n_head)[:, :-1]
    nll = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), ids[:, 1:].reshape(-1), reduction='none')
    w = weight[:, 1:].reshape(-1)
    return (w * nll).sum() / w.sum()


def adamw(p, lr):
    """AdamW, betas .9 / .98, eps 1e-8; decay .05 on the matrices of the blocks only."""
    decay = [t for n, t in p.items() if '.h.' in n and t.ndim == 2]
    rest = [t for n, t in p.items() if not ('.h.' in n and t.ndim == 2)]
    groups = [{'params': decay, 'weight_decay': 0.05}, {'params': rest, 'weight_decay': 0.0}]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.98), eps=1e-8)


def step(p, opt, ids, weight, n_head, lr):
    """One step with the global gradient norm clipped to 1; the loss before it."""
    for group in opt.param_groups:
        group['lr'] = lr
    opt.zero_grad(set_to_none=True)
    loss = weighted_loss(p, ids, weight, n_head)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(list(p.values()), 1.0)
    opt.step()
    return float(loss.detach())


def lr_at(i, total, peak=3e-3, warm=100, finish=0):
    """Warm-up, constant to 60 % of the steps, then linear to 3 % of the peak; in the last `finish` steps again
    linear, from 30 % to 1 % of it."""
    main = total - finish
    if i >= main:
        return peak * (0.3 - 0.29 * (i - main) / finish)
    if i < warm:
        return peak * (i + 1) / warm
    late = max(0.0, (i / main - 0.6) / 0.4)
    return peak * (1 - 0.97 * late)
