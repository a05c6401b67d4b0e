/** Colours and woven patterns as SVG. All lengths are in hundredths of the picture's side. */
import type { Colour, Pattern } from './attributes.js';

/** Base colour, the colour of what is printed on it, and the colour of belts, buttons and other trimming. */
const palette: Record<Colour, { base: string; ink: string; trim: string }> = {
  red: { base: '#cb2f3b', ink: '#fbeeea', trim: '#3d2620' },
  orange: { base: '#ec7d2a', ink: '#fff3e2', trim: '#50301c' },
  yellow: { base: '#f2c53a', ink: '#5d4a17', trim: '#5d3d1e' },
  green: { base: '#3a8a55', ink: '#eef6e6', trim: '#3a2a1c' },
  blue: { base: '#2c5fc0', ink: '#eef3fc', trim: '#4b3020' },
  purple: { base: '#7747a6', ink: '#f4ecfb', trim: '#2f2231' },
  pink: { base: '#f08fb2', ink: '#8c2450', trim: '#5d2c3c' },
  brown: { base: '#784a2c', ink: '#f1e2cc', trim: '#d2a76a' },
  beige: { base: '#dcc6a0', ink: '#6d4a2b', trim: '#5b3b23' },
  grey: { base: '#8b9199', ink: '#f7f7f5', trim: '#33373c' },
  black: { base: '#2a2b30', ink: '#f0eee8', trim: '#c49a5c' },
  white: { base: '#fbfaf7', ink: '#2d4270', trim: '#8a5a33' },
};

export interface Fabric {
  /** Fill of the cloth, `#rrggbb`, and the same in shadow. */
  readonly base: string;
  readonly dark: string;
  readonly ink: string;
  readonly trim: string;
  readonly pattern: Pattern;
}

/** @param lightness how much lighter (up to 1) or darker (down to -1) than usual, so that equal colours differ a little */
export function fabricOf(colour: Colour, pattern: Pattern, lightness = 0): Fabric {
  const { base, ink, trim } = palette[colour];
  const shifted = mix(base, lightness > 0 ? '#ffffff' : '#000000', Math.abs(lightness));
  return {
    base: shifted,
    dark: mix(shifted, '#15161c', colour === 'white' || colour === 'beige' ? 0.22 : 0.38),
    ink,
    trim,
    pattern,
  };
}

/** `share` of the way from colour `a` to colour `b`, both `#rrggbb`. */
export function mix(a: string, b: string, share: number): string {
  const part = (colour: string, position: number) => Number.parseInt(colour.slice(position, position + 2), 16);
  const blend = (position: number) => Math.round(part(a, position) + (part(b, position) - part(a, position)) * share);
  return `#${[1, 3, 5].map((position) => blend(position).toString(16).padStart(2, '0')).join('')}`;
}

/** An SVG `<pattern>` to fill over the base colour, turned by `turn` degrees; nothing for a plain fabric. */
export function patternDefinition(fabric: Fabric, id: string, turn: number): string {
  const { ink, base } = fabric;
  const tile = (size: number, body: string) =>
    `<pattern id="${id}" width="${size}" height="${size}" patternUnits="userSpaceOnUse" patternTransform="rotate(${turn} 50 50)">${body}</pattern>`;
  if (fabric.pattern === 'striped') return tile(7.6, `<rect width="7.6" height="3.4" fill="${ink}"/>`);
  if (fabric.pattern === 'checked') {
    const band = `fill="${ink}" fill-opacity=".42"`;
    const line = `stroke="${ink}" stroke-width=".7" stroke-opacity=".8"`;
    return tile(
      11,
      `<rect width="11" height="4.6" ${band}/><rect width="4.6" height="11" ${band}/><path d="M0 7.9H11M7.9 0V11" ${line}/>`,
    );
  }
  if (fabric.pattern === 'dotted') {
    return tile(9, `<g fill="${ink}"><circle cx="2.25" cy="2.25" r="1.6"/><circle cx="6.75" cy="6.75" r="1.6"/></g>`);
  }
  if (fabric.pattern === 'floral') return tile(17, flower(5, 5, 2.5, ink, base) + flower(13.2, 13, 2, ink, base));
  return '';
}

/** Five petals around a warm heart, and two leaves. */
function flower(x: number, y: number, petal: number, ink: string, base: string): string {
  const petals = [0, 72, 144, 216, 288].map((angle) => {
    const radians = (angle * Math.PI) / 180;
    return `<circle cx="${(x + petal * 0.92 * Math.sin(radians)).toFixed(2)}" cy="${(y - petal * 0.92 * Math.cos(radians)).toFixed(2)}" r="${petal * 0.66}"/>`;
  });
  const leaf = mix(mix(ink, base, 0.35), '#4f8f3d', 0.55);
  const leaves = `<path d="M${x} ${y} q${petal * 1.2} ${petal * 2.8} ${petal * 2.5} ${petal * 1.4} q${-petal} ${-petal * 1.4} ${-petal * 2.5} ${-petal * 1.4}" fill="${leaf}"/>`;
  return `${leaves}<g fill="${ink}">${petals.join('')}</g><circle cx="${x}" cy="${y}" r="${petal * 0.5}" fill="#eab63e"/>`;
}
