/** Small helpers for drawing on a 100 x 100 ground: paths use absolute M, L, C, Q with "x y" pairs only. */
import { type Fabric, mix } from './fabric.js';

/** A piece of cloth (or, with `fill`, of another material). */
export interface Piece {
  readonly d: string;
  /** Turns the fabric's pattern, in degrees. @default 0 */
  readonly turn?: number;
  /** A colour instead of the fabric. */
  readonly fill?: string;
}

/** A garment's drawing, from back to front. */
export interface Drawing {
  /** SVG behind the cloth, such as the inside of a collar. */
  readonly under?: string;
  readonly pieces: readonly Piece[];
  /** SVG on top: seams, buttons, belts. */
  readonly over: string;
  /** Top and bottom edge; the picture centres what lies between. */
  readonly extent: readonly [number, number];
}

const mapPoints = (d: string, to: (x: number, y: number) => [number, number]) =>
  d.replace(/(-?[\d.]+) (-?[\d.]+)/g, (_, x, y) =>
    to(Number(x), Number(y))
      .map((value) => +value.toFixed(2))
      .join(' '),
  );

/** The path mirrored at the middle line x = 50. */
export const mirror = (d: string) => mapPoints(d, (x, y) => [100 - x, y]);

export const shift = (d: string, dx: number, dy: number) => mapPoints(d, (x, y) => [x + dx, y + dy]);

/** Seams and folds: thin lines in the fabric's shadow colour. */
export const seam = (fabric: Fabric, d: string, width = 0.7) =>
  `<path d="${d}" fill="none" stroke="${fabric.dark}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round"/>`;

/** Folds: wide, faint shadows. */
export const fold = (fabric: Fabric, d: string) =>
  `<path d="${d}" fill="none" stroke="${fabric.dark}" stroke-width="1.6" stroke-opacity=".35" stroke-linecap="round"/>`;

/** A filled shape with an outline. */
export const patch = (d: string, fill: string, outline: string, width = 0.7) =>
  `<path d="${d}" fill="${fill}" stroke="${outline}" stroke-width="${width}" stroke-linejoin="round"/>`;

/** Round buttons down a line. */
export function buttons(fabric: Fabric, x: number, top: number, bottom: number, gap: number): string {
  const count = Math.max(2, Math.floor((bottom - top) / gap) + 1);
  const button = (_: unknown, i: number) =>
    `<circle cx="${x}" cy="${(top + ((bottom - top) * i) / (count - 1)).toFixed(2)}" r="1.35" fill="${fabric.trim}" stroke="#ffffff" stroke-opacity=".7" stroke-width=".4"/>`;
  return Array.from({ length: count }, button).join('');
}

/** A belt between two x at a height, with a metal buckle in the middle. */
export function belt(fabric: Fabric, left: number, right: number, y: number): string {
  const middle = (left + right) / 2;
  const band = patch(
    `M${left} ${y - 2.1} Q${middle} ${y - 1.2} ${right} ${y - 2.1} L${right} ${y + 2.1} Q${middle} ${y + 3} ${left} ${y + 2.1}Z`,
    fabric.trim,
    '#1d1713',
    0.5,
  );
  return `${band}<rect x="${middle - 2.8}" y="${y - 2.3}" width="5.6" height="5.6" rx=".8" fill="none" stroke="#e3bd62" stroke-width="1.3"/>`;
}

/** A sewn-on pocket, the corner of it at (x, y). */
export function pocket(fabric: Fabric, x: number, y: number, width: number, height: number): string {
  const bottom = y + height;
  const outline = `M${x} ${y} L${x + width} ${y} L${x + width} ${bottom - 2} L${x + width / 2} ${bottom} L${x} ${bottom - 2}Z`;
  return (
    patch(outline, mix(fabric.base, fabric.dark, 0.22), fabric.dark, 1.1) +
    seam(fabric, `M${x} ${y + 2.6} L${x + width} ${y + 2.6}`, 0.9)
  );
}

/** A round badge with a star: text would depend on the fonts of the machine. */
export function logo(fabric: Fabric, x: number, y: number, radius: number): string {
  const point = (_: unknown, i: number) => {
    const reach = radius * (i % 2 ? 0.34 : 0.8);
    return `${(x + reach * Math.sin((i * Math.PI) / 5)).toFixed(2)},${(y - reach * Math.cos((i * Math.PI) / 5)).toFixed(2)}`;
  };
  const star = Array.from({ length: 10 }, point).join(' ');
  return `<circle cx="${x}" cy="${y}" r="${radius}" fill="${fabric.trim}" stroke="#fff" stroke-width=".8"/><polygon points="${star}" fill="#fff6dd"/>`;
}
