import type { CSSProperties } from 'react';
import { pieceParts } from '../format.ts';
import './components.css';

export interface TokenChipProps {
  readonly piece: string;
  /** Custom property with r g b of the fill, e.g. 'var(--logit-pos-rgb)'; default grey. */
  readonly rgb?: string | undefined;
  /** Opacity of the fill, 0..1. */
  readonly alpha?: number | undefined;
  readonly title?: string | undefined;
}

/** One token in mono with visible whitespace. */
export function TokenChip({ piece, rgb, alpha, title }: TokenChipProps) {
  const style = {
    ...(rgb === undefined ? {} : { '--chip-rgb': rgb }),
    ...(alpha === undefined ? {} : { '--chip-a': alpha }),
  } as CSSProperties;
  return (
    <span className="chip" style={style} title={title}>
      <Piece piece={piece} />
    </span>
  );
}

/** The text of a token, marks for invisible characters set apart. */
export function Piece({ piece }: { readonly piece: string }) {
  return pieceParts(piece).map((p, i) =>
    p.mark ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts of one string have no other identity
      <span key={i} className="ws">
        {p.text}
      </span>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts of one string have no other identity
      <bdi key={i}>{p.text}</bdi>
    ),
  );
}
