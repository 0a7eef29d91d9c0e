/** Row-major array as it crosses the worker boundary. product.md calls this `Array`. */
export interface NdArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Text, or token ids taken as they are (no BOS is added to ids). */
export type Input = string | readonly number[];

/** Default of `bos` is ModelInfo.defaultPrependBos; only text is affected. */
export interface BosOption {
  readonly bos?: boolean | undefined;
}

export interface GpuInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  readonly f16: boolean;
  readonly subgroupSize: readonly [min: number, max: number] | undefined;
  readonly limits: Readonly<Record<string, number>>;
  /** A software adapter: works, slowly (decision 13). */
  readonly fallback: boolean;
}

/** Work done so far; `total` is absent while unknown. `unit` is 'bytes', 'tokens' or 'features'. */
export interface Progress {
  readonly type: 'progress';
  readonly what: string;
  readonly done: number;
  readonly total?: number | undefined;
  readonly unit: 'bytes' | 'tokens' | 'features' | 'steps';
}

/** A name and bytes; files dropped on the page arrive like this. */
export interface NamedFile {
  readonly name: string;
  readonly blob: Blob;
}

export type Source = string | readonly NamedFile[];
