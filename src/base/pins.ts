/** Features that can be pinned at once during a run. */
export const MAX_PINS = 8;
