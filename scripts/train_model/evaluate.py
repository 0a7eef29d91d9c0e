"""Measures the shipped f16 model again on .cache/train_model/probes.json and renews abilities.json."""
import json
import os

import torch

from abilities import both, rounded
from gpt2 import load

HERE = os.path.dirname(os.path.abspath(__file__))
PUBLIC = os.path.join(HERE, '../../public/embedded')

torch.set_num_threads(2)
pack = json.load(open(f'{PUBLIC}/current.json'))['pack']
config = json.load(open(f'{PUBLIC}/{pack}/config.json'))
probes = json.load(open(os.path.join(HERE, '../../.cache/train_model/probes.json')))
path = f'{HERE}/abilities.json'
report = json.load(open(path))
report.update(rounded(both(load(f'{PUBLIC}/{pack}/model.safetensors'), probes, config['n_head'])))
json.dump(report, open(path, 'w'), indent=1)
print(json.dumps(report, indent=1))
