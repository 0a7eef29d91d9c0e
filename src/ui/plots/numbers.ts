import { format } from 'd3';

const two = format(',.2f');
const three = format(',.3f');
const grouped = format(',d');
const short = format('.3~s');
const precise = format('.4~g');

/** Two decimals; three if it would read 0.00 (convention 5). */
export function formatAct(v: number): string {
  if (!Number.isFinite(v)) return 'N/A';
  return Math.abs(v) < 0.005 && v !== 0 ? signed(three(v)) : signed(two(v));
}

/** Whole number with thousands separators: 12,345. */
export const formatCount = (v: number): string => (Number.isFinite(v) ? grouped(Math.round(v)) : 'N/A');

/** Four significant digits, trailing zeros dropped; whole and grouped from 10,000 to a billion. */
export function formatValue(v: number): string {
  if (!Number.isFinite(v)) return 'N/A';
  const size = Math.abs(v);
  return signed(size >= 1e4 && size < 1e9 ? grouped(Math.round(v)) : precise(v));
}

/** 1.2M, 350k: for axis ticks and chips. */
export function formatShort(v: number): string {
  if (!Number.isFinite(v)) return 'N/A';
  return Math.abs(v) < 1 && v !== 0 ? signed(precise(v)) : signed(short(v).replace('G', 'B'));
}

/** Share 0..1 as percent with three decimals: 0.238%. */
export const formatPercent = (share: number): string =>
  Number.isFinite(share) ? `${three(share * 100)}%` : 'N/A';

/** 12.3 MiB. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let v = bytes;
  let u = 0;
  while (v >= 1024 && u < units.length - 1) {
    v /= 1024;
    u++;
  }
  return `${u === 0 ? v : v.toFixed(v < 10 ? 2 : 1)} ${units[u]}`;
}

/** Seconds as 42 s, 3 min 05 s, 2 h 07 min. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'N/A';
  const s = Math.round(seconds);
  if (s < 60) return seconds < 10 ? `${seconds.toFixed(1)} s` : `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} min`;
}

/** The typographic minus, so that columns of signed numbers align. */
function signed(text: string): string {
  return text.replace('-', '−');
}
