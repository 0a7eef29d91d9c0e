"""Draws curves.svg from log.jsonl: losses and abilities over the tokens of training. Usage: python3 curves.py"""
import json
import math
import os

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 760, 220, 60, 215, 34, 60
PANELS = (
    ('loss, nats a token', (
        ('training batch', '#64748B', lambda r: r['train']),
        ('held-out text', '#047857', lambda r: r['loss']),
        ('random words, 1st saying', '#C2410C', lambda r: r['rnd50'][0]),
        ('random words, 2nd saying', '#1D4ED8', lambda r: r['rnd50'][1]),
    )),
    ('ability, share of prompts', (
        ('IO over S', '#047857', lambda r: r['ioiSeen']['ioOverS']),
        ('IO over S, held-out templates', '#C2410C', lambda r: r['ioiHeldOut']['ioOverS']),
        ('P(IO) + P(S)', '#64748B', lambda r: r['ioiSeen']['pIoPlusS']),
        ('nested brackets', '#BE123C', lambda r: r['nested']),
        ('question answered', '#1D4ED8', lambda r: r['question']),
    )),
)


def panel(rows, top, title, series):
    """One chart: axis, grid, a line and a label a series. Labels keep 14 px of distance, in the order of their ends."""
    most = max(1.0, *(value(r) for r in rows for _, _, value in series))
    last = rows[-1]['tokens']
    x = lambda tokens: LEFT + (WIDTH - LEFT - RIGHT) * tokens / last
    y = lambda v: top + PANEL * (1 - v / most)
    out = [f'<text x="{LEFT}" y="{top - 10}" font-weight="600">{title}</text>']
    for i in range(math.floor(most) + 1 if most > 1 else 6):
        v = i if most > 1 else i / 5
        out.append(f'<path d="M{LEFT} {y(v):.1f}H{WIDTH - RIGHT}" stroke="#E2E8F0"/>'
                   f'<text x="{LEFT - 8}" y="{y(v) + 4:.1f}" text-anchor="end">{v:g}</text>')
    for m in range(0, int(last / 1e6) + 1, 2):
        out.append(f'<text x="{x(m * 1e6):.1f}" y="{top + PANEL + 18}" text-anchor="middle">{m} M</text>')
    out.append(f'<text x="{WIDTH - RIGHT}" y="{top + PANEL + 34}" text-anchor="end">tokens of training</text>')
    at = -math.inf
    for name, colour, value in sorted(series, key=lambda s: -s[2](rows[-1])):
        path = 'L'.join(f'{x(r["tokens"]):.1f} {y(value(r)):.1f}' for r in rows)
        at = max(at + 14, y(value(rows[-1])) + 4)
        out.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        out.append(f'<text x="{WIDTH - RIGHT + 6}" y="{at:.1f}" fill="{colour}">{name} {value(rows[-1]):.2f}</text>')
    return ''.join(out)


def main():
    rows = [json.loads(line) for line in open(f'{HERE}/log.jsonl')]
    height = TOP + len(PANELS) * (PANEL + GAP) + 10
    charts = [panel(rows, TOP + i * (PANEL + GAP), *p) for i, p in enumerate(PANELS)]
    with open(f'{HERE}/curves.svg', 'w') as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
                f'font-size="12" fill="#0F172A" role="img" aria-label="Losses and abilities over tokens of training">'
                f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>{"".join(charts)}</svg>\n')


main()
