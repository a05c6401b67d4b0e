/**
 * Draws a garment as SVG, like a photograph in a shop's catalogue. What is not an attribute (ground, place, size, tilt, light)
 * varies a little from picture to picture, so that two pictures of equal garments are not equal.
 */
import type { Random } from '../../../core/random.js';
import type { Garment, Kind } from './attributes.js';
import { type Fabric, fabricOf, patternDefinition } from './fabric.js';
import { drawBag, drawBoot, drawSkirt, drawSneaker, drawTrousers } from './others.js';
import type { Drawing } from './shapes.js';
import { drawDress, drawJacket, drawShirt, drawSweater, drawTShirt } from './tops.js';

const drawings: Record<Kind, (garment: Garment, fabric: Fabric) => Drawing> = {
  't-shirt': drawTShirt,
  shirt: drawShirt,
  sweater: drawSweater,
  jacket: drawJacket,
  dress: drawDress,
  skirt: drawSkirt,
  trousers: drawTrousers,
  sneaker: drawSneaker,
  boot: drawBoot,
  bag: drawBag,
};

const grounds = ['#f1eee7', '#e6ecf0', '#f1e7e3', '#e6ede2', '#ece8f1', '#ebebe9'];

/**
 * @param size width and height in pixels
 * @param random draws what varies between pictures of equal garments
 * @returns a whole SVG document, without text and without outside references
 */
export function drawGarment(garment: Garment, size: number, random: Random): string {
  const around = (spread: number) => (random.uniform() * 2 - 1) * spread;
  const fabric = fabricOf(garment.colour, garment.pattern, around(0.07));
  const { under = '', pieces, over, extent } = drawings[garment.kind](garment, fabric);
  const ground = random.pick(grounds);
  const scale = 0.9 + around(0.06);
  const [dx, dy] = [around(3), 50 - (extent[0] + extent[1]) / 2 + around(2.5)];
  const place = `translate(${(50 + dx).toFixed(2)} 50) rotate(${around(4).toFixed(2)}) scale(${(scale * (1 + around(0.04))).toFixed(3)} ${scale.toFixed(3)}) translate(-50 ${(dy - 50).toFixed(2)})`;
  const turns = [...new Set(pieces.map((piece) => piece.turn ?? 0))];
  const woven = fabric.pattern === 'plain' ? '' : turns.map((turn, i) => patternDefinition(fabric, `p${i}`, turn)).join('');
  const cloth = pieces.map(({ d, fill, turn = 0 }) => {
    const outline = `stroke="${fabric.dark}" stroke-width=".8" stroke-linejoin="round"`;
    if (fill) return `<path d="${d}" fill="${fill}" ${outline}/>`;
    const print = woven ? `<path d="${d}" fill="url(#p${turns.indexOf(turn)})"/>` : '';
    return `<path d="${d}" fill="${fabric.base}"/>${print}<path d="${d}" fill="url(#light)" ${outline}/>`;
  });
  const shadow = `<g fill="#20242c" fill-opacity=".16" transform="translate(1.4 2)">${pieces.map((piece) => `<path d="${piece.d}"/>`).join('')}</g>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 100 100"><defs>
<linearGradient id="light"><stop offset="0" stop-color="#000" stop-opacity=".2"/><stop offset=".22" stop-color="#000" stop-opacity=".02"/><stop offset=".4" stop-color="#fff" stop-opacity=".14"/><stop offset=".75" stop-color="#000" stop-opacity=".03"/><stop offset="1" stop-color="#000" stop-opacity=".22"/></linearGradient>
<radialGradient id="room" cy=".42" r=".75"><stop offset="0" stop-color="#fff" stop-opacity=".35"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>${woven}</defs>
<rect width="100" height="100" fill="${ground}"/><rect width="100" height="100" fill="url(#room)"/>
<g transform="${place}">${shadow}${under}${cloth.join('')}${over}</g></svg>`;
}
