import { COMMON_FIELDS, deadField, type SaeConfig } from '../config.ts';
import { type GatedOwn, gatedCode, gatedGrad, gatedGradients, gatedScratch } from '../ops/gated.ts';
import { adamEach } from '../ops/theta_train.ts';
import { travelLr, warmed } from '../schedule.ts';
import { trained } from '../space.ts';
import type { SaeStep, SaeVariant } from '../variant.ts';
import { LAMBDA_FIELDS, TRAVEL_LR } from './l1.ts';

export interface GatedConfig extends SaeConfig {
  readonly lambda: number;
  readonly lambdaWarmup: number;
}

const OWN = ['b_gate', 'b_mag', 'r_mag'] as const;
const ownOf = ({ f32 }: SaeStep): GatedOwn => ({
  b_gate: f32('b_gate'),
  b_mag: f32('b_mag'),
  r_mag: f32('r_mag'),
});

/**
 * A gate decides which features fire, exp(r_mag)·p + b_mag how strongly, both from one p = (x − b_dec)·W_enc. loss = mse +
 * λ Σ ReLU(p + b_gate) + the error of what the open gates alone reconstruct with the decoder held still (figure `gate`).
 * At inference it is a threshold rule, exactly (fold_gated.ts).
 */
export const gated: SaeVariant<GatedConfig, 'gated'> = {
  id: 'gated',
  title: 'Gated',
  paper: {
    key: 'rajamanoharan2024gated',
    title: 'Improving dictionary learning with gated sparse autoencoders',
    year: 2024,
    url: 'https://arxiv.org/abs/2404.16014',
  },
  fields: {
    ...LAMBDA_FIELDS,
    lambda: { ...LAMBDA_FIELDS.lambda, default: 3 },
    ...COMMON_FIELDS,
    lr: TRAVEL_LR,
    beta1: { ...COMMON_FIELDS.beta1, default: 0 },
    dead: deadField(['none', 'resample'], 'none'),
  },
  lossTerms: ['mse', 'penalty', 'gate'],
  presets: [{ title: 'Gated', config: {} }],
  step: 'sparse',
  wholeBatch: true,
  gate: true,
  fixedBEnc: true,
  slots: (_, d_sae) => d_sae,
  state: (_, { d_sae }) => Object.assign({}, ...OWN.map((name) => trained(name, [d_sae]))),
  scratch: (_, { d_sae }) => gatedScratch(d_sae),
  allocate: (rec, step) => gatedCode(rec, { pre_acts: step.pre_acts, own: ownOf(step), code: step.code }),
  beforeUpdate: (rec, step) =>
    gatedGradients(rec, {
      own: ownOf(step),
      start: step.u32('start'),
      by_val: step.u32('by_val'),
      by_dz: step.u32('by_dz'),
      grads: step.f32('gated_grads'),
      part: step.f32('aux_part'),
      scalars: step.f32('scalars'),
      n: step.n,
      weight: (step.cfg.lambda * warmed(step.step, step.steps, step.cfg.lambdaWarmup)) / step.n,
    }),
  afterStep: (rec, step) => {
    // It has pulled b_dec; as no bias is trained by it, it does not count for clipping.
    rec.clear(step.f32('g_b_enc'));
    OWN.forEach((name, i) => {
      adamEach(rec, {
        param: { w: step.f32(name), m: step.f32(`${name}.m`), v: step.f32(`${name}.v`) },
        g_theta: gatedGrad(step.f32('gated_grads'), i as 0 | 1 | 2, step.d_sae),
        scalars: step.f32('scalars'),
        row_norm: step.f32('row_norm'),
        adam: step.adam,
      });
    });
  },
  fresh: () => ({ b_gate: 0, b_mag: 0, r_mag: 0 }),
  autoLr: travelLr,
  figures: ['penalty', 'gate'],
  actRule: () => ({ kind: 'threshold' }),
};
