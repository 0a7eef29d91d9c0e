import { ceilDiv } from '#base/num.ts';
import type { SaeConfig } from './config.ts';

/** Tokens without a firing after which a feature is dead: the config's, or max(200 k, 10·d_sae ÷ k) (decision 22). */
export const deadTokens = (cfg: SaeConfig, d_sae: number, k: number): number =>
  cfg.deadTokens > 0 ? cfg.deadTokens : Math.max(200_000, Math.ceil((10 * d_sae) / k));

/** The same in whole steps. */
export const deadSteps = (cfg: SaeConfig, d_sae: number, k: number, batch: number): number =>
  ceilDiv(deadTokens(cfg, d_sae, k), batch);

/** A feature is dead at `step` when its last firing came before this step; 0 while the window is not over. */
export const deadLimit = (step: number, window: number): number => Math.max(0, step - window);
