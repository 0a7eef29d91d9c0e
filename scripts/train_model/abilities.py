"""What the model can do, measured on .cache/train_model/probes.json."""
import math

import torch
import torch.nn.functional as F

from gpt2 import forward


def nll_of(p, rows, n_head):
    ids = torch.tensor(rows)
    logits = forward(p, ids, n_head)[:, :-1]
    return ids, F.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction='none')


def text_loss(p, rows, n_head, bos):
    """Nats per token, predictions of BOS left out."""
    ids, nll = nll_of(p, rows, n_head)
    return float(nll[ids[:, 1:] != bos].mean())


def halves(p, rows, n_head):
    """Mean loss of the first and the second saying of rows BOS + w1..wL + w1..wL."""
    _, nll = nll_of(p, rows, n_head)
    half = nll.shape[1] // 2
    return float(nll[:, :half].mean()), float(nll[:, half:].mean())


def last_logprobs(p, items, n_head, block=250):
    """log P of the next token of each prompt (prompts padded on the right, which causality hides)."""
    return torch.cat([last_block(p, items[i:i + block], n_head) for i in range(0, len(items), block)])


def last_block(p, items, n_head):
    longest = max(len(x['ids']) for x in items)
    ids = torch.tensor([x['ids'] + [0] * (longest - len(x['ids'])) for x in items])
    at = torch.tensor([len(x['ids']) - 1 for x in items])
    return forward(p, ids, n_head)[torch.arange(len(items)), at].log_softmax(-1)


def names(p, items, n_head):
    lp = last_logprobs(p, items, n_head)
    io = lp.gather(1, torch.tensor([[x['right']] for x in items]))[:, 0]
    s = lp.gather(1, torch.tensor([[x['wrong']] for x in items]))[:, 0]
    top = lp.argmax(-1) == torch.tensor([x['right'] for x in items])
    return {'ioOverS': float((io > s).float().mean()), 'pIo': float(io.exp().mean()),
            'pIoPlusS': float((io.exp() + s.exp()).mean()), 'top1': float(top.float().mean())}


def top1(p, items, n_head, among=None):
    lp = last_logprobs(p, items, n_head)
    if among is not None:
        best = torch.tensor(among)[lp[:, among].argmax(-1)]
    else:
        best = lp.argmax(-1)
    return float((best == torch.tensor([x['right'] for x in items])).float().mean())


def quotes(p, rows, n_head, open_ids, close_ids):
    """Mean P(closing quote) where it comes next, and where no quotation is open."""
    ids = torch.tensor(rows)
    prob = forward(p, ids, n_head).softmax(-1)[..., close_ids].sum(-1)
    inside, outside = [], []
    for r, row in enumerate(rows):
        is_open = False
        for t in range(len(row) - 1):
            is_open = row[t] in open_ids or (is_open and row[t] not in close_ids)
            if row[t] == 0:
                is_open = False
            if row[t + 1] in close_ids:
                inside.append(float(prob[r, t]))
            elif not is_open:
                outside.append(float(prob[r, t]))
    return {'inside': sum(inside) / len(inside), 'outside': sum(outside) / len(outside)}


def heads(p, rows, n_head):
    """Head scores on BOS + 2L distinct random tokens (decision 19), one list of heads per layer."""
    keep = []
    ids = torch.tensor(rows)
    forward(p, ids, n_head, keep)
    loop = (ids.shape[1] - 1) // 2
    dest = torch.arange(loop + 1, 2 * loop + 1)
    every = torch.arange(2, ids.shape[1])
    def at(a, d, s):
        return [round(float(x), 3) for x in a[:, :, d, s].mean((0, 2))]
    return [{'induction': at(a, dest, dest - loop + 1), 'duplicateToken': at(a, dest, dest - loop),
             'previousToken': at(a, every, every - 1), 'bosShare': at(a, every, torch.zeros_like(every))} for a in keep]


def names_by_head(p, items, n_head):
    """Mean attention from the last token to IO and to S (all mentions with their space), one list of heads per layer."""
    sums = None
    kept = [x for x in items if x['right'] in x['ids']]
    for x in kept:
        keep = []
        forward(p, torch.tensor([x['ids']]), n_head, keep)
        ids = torch.tensor(x['ids'])
        row = torch.stack([torch.stack([a[0, :, -1, ids == x[k]].sum(-1) for a in keep]) for k in ('right', 'wrong')])
        sums = row if sums is None else sums + row
    io, s = (sums / len(kept)).tolist()
    return [{'toIo': [round(v, 3) for v in a], 'toS': [round(v, 3) for v in b]} for a, b in zip(io, s)]


@torch.no_grad()
def quick(p, probes, n_head):
    """The few figures that tell early whether a run is alive."""
    out = {'loss': text_loss(p, probes['base'][:48], n_head, 0)}
    for key in ('rnd15', 'rnd50'):
        out[key] = [round(x, 3) for x in halves(p, probes['random'][key][:32], n_head)]
    for key in ('ioiSeen', 'ioiHeldOut'):
        out[key] = names(p, probes[key][:150], n_head)
    out['question'] = top1(p, probes['question'][:100], n_head)
    out['nested'] = top1(p, probes['nested'][:100], n_head, probes['closes'])
    return out


@torch.no_grad()
def both(p, probes, n_head):
    """Every figure for each seed of evaluation text."""
    return {'lnV': math.log(p['transformer.wte.weight'].shape[0]), 'seeds': {s: full(p, x, n_head) for s, x in probes.items()}}


@torch.no_grad()
def full(p, probes, n_head):
    """Every figure of abilities.json for one seed."""
    kinds = {k: text_loss(p, rows, n_head, 0) for k, rows in probes['byKind'].items()}
    return {
        'lossNats': text_loss(p, probes['base'], n_head, 0),
        'lossByKind': kinds,
        'random': {k: dict(zip(('first', 'second'), halves(p, rows, n_head))) for k, rows in probes['random'].items()},
        'ioiSeen': names(p, probes['ioiSeen'], n_head),
        'ioiHeldOut': names(p, probes['ioiHeldOut'], n_head),
        'questionTop1': top1(p, probes['question'], n_head),
        'bracket': top1(p, probes['bracket'], n_head, probes['closes']),
        'nested': top1(p, probes['nested'], n_head, probes['closes']),
        'quotes': quotes(p, probes['byKind']['dialogue'], n_head, probes['quotes']['open'], probes['quotes']['close']),
        'nameHeads': names_by_head(p, probes['ioiSeen'], n_head),
        'heads': heads(p, probes['random']['rnd32'], n_head),
    }


def rounded(x):
    if isinstance(x, dict):
        return {k: rounded(v) for k, v in x.items()}
    if isinstance(x, list):
        return [rounded(v) for v in x]
    return round(x, 4) if isinstance(x, float) else x
