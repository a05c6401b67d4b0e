/** T-shirt, shirt, sweater, jacket and dress, seen from the front. */
import type { Garment } from './attributes.js';
import type { Fabric } from './fabric.js';
import { belt, buttons, type Drawing, fold, logo, mirror, type Piece, patch, pocket, seam, shift } from './shapes.js';

const shortSleeve = 'M69.5 22.5 C76 25 83 33 88 43 L77.5 49 C74 44 71 42 68.5 41Z';
const longSleeve = 'M69.5 22.5 C78 27 84 46 88.5 77 L79 79.5 C75 63 72 51 68.5 42Z';

const neckPaths: Record<string, (left: number, y: number) => string> = {
  round: (left, y) => `C${left + 2} ${y + 12} ${98 - left} ${y + 12} ${100 - left} ${y}`,
  v: (left, y) => `L50 ${y + 18} L${100 - left} ${y}`,
  square: (left, y) => `L${left + 0.5} ${y + 12} L${99.5 - left} ${y + 12} L${100 - left} ${y}`,
  shallow: (left, y) => `Q50 ${y + 5} ${100 - left} ${y}`,
};
const neckPath = (neck: string | undefined) =>
  neckPaths[neck ?? 'shallow'] ?? (neckPaths.shallow as (l: number, y: number) => string);

/** The inside of the back, seen through the neck opening. */
const inside = (fabric: Fabric, left: number, y: number) =>
  patch(
    `M${left} ${y} Q50 ${y - 4} ${100 - left} ${y} L${100 - left} ${y + 8} Q50 ${y + 30} ${left} ${y + 8}Z`,
    fabric.dark,
    fabric.dark,
  );

function sleeves(kind: string | undefined, dx = 0, dy = 0): Piece[] {
  if (kind !== 'short' && kind !== 'long') return [];
  const d = shift(kind === 'short' ? shortSleeve : longSleeve, dx, dy);
  const turn = kind === 'short' ? 28 : 14;
  return [
    { d, turn },
    { d: mirror(d), turn: -turn },
  ];
}

/** The cloth of a top: neck opening, shoulders, straight sides, hem. */
function torso(neck: string | undefined, sleeved: boolean, hem: number, half = 18.5): string {
  const side = sleeved ? 'L70 22 Q69 32 69 40' : 'L63.5 20 C61.5 29 63 36 69 41';
  const back = sleeved ? 'L31 40 Q31 32 30 22' : 'L31 41 C37 36 38.5 29 36.5 20';
  return `M41 18 ${neckPath(neck)(41, 18)} ${side} L${50 + half} ${hem} Q50 ${hem + 3} ${50 - half} ${hem} ${back}Z`;
}

const sideFolds = (fabric: Fabric, hem: number) =>
  fold(fabric, `M35 ${hem - 22} Q36 ${hem - 12} 35 ${hem - 2}`) + fold(fabric, `M65 ${hem - 24} Q64 ${hem - 12} 65.5 ${hem - 2}`);

export function drawTShirt(garment: Garment, fabric: Fabric): Drawing {
  const neck = neckPath(garment.neckline)(41, 18);
  const over = [
    sideFolds(fabric, 84),
    seam(fabric, `M41 18 ${neck}`, 1.7),
    seam(fabric, 'M32 81.5 Q50 84.5 68 81.5', 0.6),
    garment.pocket === 'yes' ? pocket(fabric, 55, 38, 10, 11.5) : '',
    garment.logo === 'yes' ? logo(fabric, garment.pocket === 'yes' ? 45 : 50, 58, 7) : '',
  ];
  const pieces = [...sleeves(garment.sleeve), { d: torso(garment.neckline, garment.sleeve !== 'none', 84) }];
  return { under: inside(fabric, 41, 18), pieces, over: over.join(''), extent: [16, 86] };
}

export function drawShirt(garment: Garment, fabric: Fabric): Drawing {
  const pointed = 'M41 15.5 L50 23 L44.5 32 L37.5 20Z';
  const band = 'M41 20 Q50 28 59 20 L59 14.5 Q50 21 41 14.5Z';
  const cuff = 'M79 75.5 L88 73.2 L88.8 78.4 L79.8 81Z';
  const collar = garment.collar === 'band' ? [band] : [pointed, mirror(pointed)];
  const over = [
    sideFolds(fabric, 86),
    seam(fabric, 'M47.6 26 L47.6 88 M52.4 26 L52.4 88', 0.6),
    ...collar.map((d) => patch(d, fabric.base, fabric.dark, 0.9)),
    buttons(fabric, 50, garment.collar === 'band' ? 28 : 32, 82, 10),
    garment.pocket === 'yes' ? pocket(fabric, 55.5, 37, 9.5, 11.5) : '',
    garment.sleeve === 'long' ? [cuff, mirror(cuff)].map((d) => patch(d, fabric.base, fabric.dark, 0.9)).join('') : '',
  ];
  const pieces = [...sleeves(garment.sleeve), { d: torso('shallow', true, 87, 19.5) }];
  return { under: inside(fabric, 41, 17), pieces, over: over.join(''), extent: [15, 89] };
}

export function drawSweater(garment: Garment, fabric: Fabric): Drawing {
  const high = garment.neckline === 'high';
  const neck = neckPath(garment.neckline)(41, 18);
  const cuff = 'M78.4 73.5 L88 71 L89 79.5 L79.6 82Z';
  const rib = 'M30 79 Q50 82 70 79 L69.5 86.5 Q50 89.5 30.5 86.5Z';
  const ribs = Array.from({ length: 12 }, (_, i) => `M${32.4 + i * 3.2} 81 L${32.4 + i * 3.2} 87`).join(' ');
  const collar = 'M42 20 C41.5 15 42 11 42.5 8.5 Q50 6.5 57.5 8.5 C58 11 58.5 15 58 20 Q50 25 42 20Z';
  const start = garment.neckline === 'v' ? 40 : garment.neckline === 'high' ? 27 : 31;
  const over = [
    fold(fabric, 'M37 45 Q40 60 37 76') + fold(fabric, 'M63 45 Q60 60 63 76'),
    ...[rib, cuff, mirror(cuff)].map((d) => patch(d, fabric.base, fabric.dark, 0.8)),
    seam(fabric, ribs, 0.5),
    high
      ? patch(collar, fabric.base, fabric.dark, 0.9) + seam(fabric, 'M42.2 14 Q50 18 57.8 14', 0.8)
      : seam(fabric, `M41 18 ${neck}`, 3.2),
    garment.buttons === 'yes' ? seam(fabric, `M50 ${start - 3} L50 87`, 0.9) + buttons(fabric, 50, start, 84, 10.5) : '',
    garment.logo === 'yes' ? logo(fabric, 59.5, 46, 5.4) : '',
  ];
  const pieces = [...sleeves('long', 0.5, 1), { d: torso(garment.neckline, true, 85, 20) }];
  return { under: high ? '' : inside(fabric, 41, 18), pieces, over: over.join(''), extent: [high ? 7 : 16, 89] };
}

export function drawJacket(garment: Garment, fabric: Fabric): Drawing {
  const hem = garment.length === 'long' ? 97 : 70;
  const lapel = 'M41.5 14.5 L50 26 L43 37 L35.5 20Z';
  const hood = 'M34 24 C31 2 69 2 66 24 Q50 34 34 24Z';
  const hollow = 'M40.5 22 C39 9 61 9 59.5 22 Q50 29 40.5 22Z';
  const low = Math.min(hem - 16, 62);
  const welt = `M56.5 ${low + 6} L64.5 ${low - 3} L66.5 ${low - 1} L58.5 ${low + 8}Z`;
  const hooded = garment.hood === 'yes';
  const zip = `<path d="M50 26 L50 ${hem + 1}" stroke="#4a4d52" stroke-width="2.6"/><path d="M50 26 L50 ${hem + 1}" stroke="#e8e9ea" stroke-width="1.5" stroke-dasharray="1 .8"/><rect x="48.7" y="29" width="2.6" height="5" rx=".8" fill="#e8e9ea" stroke="#4a4d52" stroke-width=".5"/>`;
  const over = [
    sideFolds(fabric, hem),
    garment.closure === 'zip'
      ? zip
      : seam(fabric, `M50 ${hooded ? 25 : 30} L50 ${hem + 1}`, 1) + buttons(fabric, 53.4, 40, hem - 8, 11),
    hooded ? '' : [lapel, mirror(lapel)].map((d) => patch(d, fabric.base, fabric.dark, 1)).join(''),
    garment.pocket === 'yes' ? [welt, mirror(welt)].map((d) => patch(d, fabric.trim, fabric.dark, 0.7)).join('') : '',
    seam(fabric, 'M79.5 74.5 L87.8 72.3 M20.5 74.5 L12.2 72.3', 1),
  ];
  const pieces: Piece[] = [...sleeves('long', 1.5, 0), { d: torso('shallow', true, hem, garment.length === 'long' ? 23 : 20.5) }];
  if (hooded) pieces.push({ d: hood }, { d: hollow, fill: fabric.dark });
  return { under: inside(fabric, 41, 17), pieces, over: over.join(''), extent: [hooded ? 7 : 15, Math.max(hem + 3, 80)] };
}

export function drawDress(garment: Garment, fabric: Fabric): Drawing {
  const [x, hem] = { short: [72, 71], knee: [75, 83], long: [79, 101] }[garment.length as 'short' | 'knee' | 'long'] as [
    number,
    number,
  ];
  const sleeved = garment.sleeve !== 'none';
  const side = sleeved
    ? 'L66 15 Q65 24 65 31 C63.5 36 61.5 39 61.5 44'
    : 'L61 13 C59.5 21 60.5 27 65 31 C63.5 36 61.5 39 61.5 44';
  const skirt = `C65 52 ${x - 3} ${hem - 13} ${x} ${hem}`;
  const reverse = `C${103 - x} ${hem - 13} 35 52 38.5 44`;
  const back = sleeved ? 'C38.5 39 36.5 36 35 31 Q35 24 34 15' : 'C38.5 39 36.5 36 35 31 C39.5 27 40.5 21 39 13';
  const neck = neckPath(garment.neckline)(42, 11.5);
  const d = `M42 11.5 ${neck} ${side} ${skirt} Q50 ${hem + 4.5} ${100 - x} ${hem} ${reverse} ${back}Z`;
  const over = [
    fold(fabric, `M45 50 Q43 ${(50 + hem) / 2} 40 ${hem - 1}`) + fold(fabric, `M55 50 Q57 ${(50 + hem) / 2} 61 ${hem - 1}`),
    fold(fabric, `M50 54 L50.5 ${hem}`),
    seam(fabric, 'M38.5 44 Q50 46.5 61.5 44', 0.8),
    seam(fabric, `M42 11.5 ${neck}`, 1.2),
    garment.belt === 'yes' ? belt(fabric, 38.3, 61.7, 44.5) : '',
  ];
  const pieces = [...sleeves(garment.sleeve, -4, -8), { d }];
  return { under: inside(fabric, 42, 11.5), pieces, over: over.join(''), extent: [9, hem + 3] };
}
