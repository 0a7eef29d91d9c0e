import { useEffect, useRef } from 'react';
import type { NdArray } from '#engine/protocol/common.ts';
import { useApp } from '#ui/state/store.ts';
import { patternPixels } from './pattern_image.ts';

export interface PatternCanvasProps {
  readonly pattern: NdArray;
  readonly head: number;
  readonly label: string;
  readonly big?: boolean | undefined;
  readonly onPoint?:
    | ((cell: { readonly dest: number; readonly source: number } | undefined) => void)
    | undefined;
  readonly onChoose?: ((dest: number) => void) | undefined;
}

/** The pattern of one head: destinations down, sources across; darker is more attention. */
export function PatternCanvas({ pattern, head, label, big, onPoint, onChoose }: PatternCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useApp((s) => s.theme);
  const seq = pattern.shape[1] ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme changes the colour that is read from CSS
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!canvas.current || !context || seq === 0) return;
    canvas.current.width = seq;
    canvas.current.height = seq;
    context.putImageData(new ImageData(patternPixels(pattern, head, inkOf(canvas.current)), seq, seq), 0, 0);
  }, [pattern, head, seq, theme]);
  const cell = (e: { clientX: number; clientY: number; currentTarget: Element }) => {
    const b = e.currentTarget.getBoundingClientRect();
    const at = (v: number) => Math.max(0, Math.min(seq - 1, Math.floor(v * seq)));
    return { source: at((e.clientX - b.left) / b.width), dest: at((e.clientY - b.top) / b.height) };
  };
  return (
    <canvas
      ref={canvas}
      className={big ? 'pattern big' : 'pattern'}
      role="img"
      aria-label={label}
      onPointerMove={onPoint && ((e) => onPoint(cell(e)))}
      onPointerLeave={onPoint && (() => onPoint(undefined))}
      onClick={onChoose && ((e) => onChoose(cell(e).dest))}
    />
  );
}

/** `--attn-rgb` of the theme as three numbers. */
function inkOf(el: Element): readonly [number, number, number] {
  const [r = 37, g = 99, b = 235] = getComputedStyle(el)
    .getPropertyValue('--attn-rgb')
    .trim()
    .split(/\s+/)
    .map(Number);
  return [r, g, b];
}
