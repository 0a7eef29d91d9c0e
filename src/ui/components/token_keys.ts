/** Where a key leads in a strip of `n` tokens from `at`; undefined for keys that do not move. */
export function moveTo(key: string, at: number, n: number): number | undefined {
  if (n === 0) return undefined;
  const clamp = (i: number) => Math.max(0, Math.min(n - 1, i));
  switch (key) {
    case 'ArrowRight':
    case 'ArrowDown':
      return clamp(at + 1);
    case 'ArrowLeft':
    case 'ArrowUp':
      return clamp(at - 1);
    case 'PageDown':
      return clamp(at + 10);
    case 'PageUp':
      return clamp(at - 10);
    case 'Home':
      return 0;
    case 'End':
      return n - 1;
    default:
      return undefined;
  }
}
