export const GPU_ARGS: string[];
export function chromiumPath(): string | undefined;
