/** Skirt and trousers from the front, sneaker and boot from the side, and the bag. */
import type { Garment } from './attributes.js';
import type { Fabric } from './fabric.js';
import { belt, buttons, type Drawing, fold, type Piece, patch, pocket, seam } from './shapes.js';

export function drawSkirt(garment: Garment, fabric: Fabric): Drawing {
  const [x, hem] = { short: [72, 50], knee: [76, 70], long: [80, 95] }[garment.length as 'short' | 'knee' | 'long'] as [
    number,
    number,
  ];
  const d = `M37 16 Q50 18 63 16 C66 28 ${x - 3} ${hem - 14} ${x} ${hem} Q50 ${hem + 6} ${100 - x} ${hem} C${103 - x} ${hem - 14} 34 28 37 16Z`;
  const over = [
    fold(fabric, `M44 24 Q42 ${hem - 14} 38 ${hem}`) + fold(fabric, `M56 24 Q58 ${hem - 14} 63 ${hem}`),
    garment.buttons === 'yes' ? seam(fabric, `M50 23 L50 ${hem + 2.5}`, 0.9) : fold(fabric, `M50 26 L50 ${hem}`),
    patch('M37 14 Q50 16 63 14 L64 20.5 Q50 23 36 20.5Z', fabric.base, fabric.dark, 0.9),
    garment.buttons === 'yes' ? buttons(fabric, 50, 27, hem - 4, 9) : '',
    garment.belt === 'yes' ? belt(fabric, 36.2, 63.8, 17.8) : '',
  ];
  return { pieces: [{ d }], over: over.join(''), extent: [13, hem + 4] };
}

export function drawTrousers(garment: Garment, fabric: Fabric): Drawing {
  const hem = { short: 47, cropped: 73, long: 96 }[garment.length as 'short' | 'cropped' | 'long'] as number;
  const wide = garment.cut === 'wide';
  const outer = (wide ? 70 : 66.5) + (wide ? 0.17 : -0.05) * (hem - 47);
  const inner = wide ? 52.5 : 52 + 0.03 * (hem - 47);
  const leg = `L50 38 L${100 - inner} ${hem} Q${(200 - inner - outer) / 2} ${hem + 1.6} ${100 - outer} ${hem}`;
  const d = `M36 9 Q50 11 64 9 C66 20 67.5 28 68 36 L${outer} ${hem} Q${(inner + outer) / 2} ${hem + 1.6} ${inner} ${hem} ${leg} L32 36 C32.5 28 34 20 36 9Z`;
  const crease = (inner + outer) / 2;
  const over = [
    fold(fabric, `M59.5 40 L${crease} ${hem - 2} M40.5 40 L${100 - crease} ${hem - 2}`),
    seam(fabric, 'M50 14 L50 38 M50 28 Q54 26 54 15', 0.8),
    seam(fabric, 'M59 15 Q61 21 66 23 M41 15 Q39 21 34 23', 0.9),
    patch('M36 8 Q50 10 64 8 L65 14 Q50 16 35 14Z', fabric.base, fabric.dark, 0.9),
    garment.belt === 'yes' ? belt(fabric, 35.4, 64.6, 11.4) : '',
  ];
  return { pieces: [{ d }], over: over.join(''), extent: [7, Math.max(hem + 2, 52)] };
}

export function drawSneaker(garment: Garment, fabric: Fabric): Drawing {
  const high = garment.shaft === 'high';
  const collar = high ? 'C12 48 14 36 14.5 23 Q26 26 38 22 C38.5 31 40 36 43 40' : 'C12 56 12 49 14 41 C21 47 30 46 38 38';
  const upper = `M14 67 ${collar} L62 54 C72 57 86 57 88 68Z`;
  const sole = garment.sole === 'black' ? '#26272b' : '#fdfcf9';
  const lace = (i: number) => {
    const [x, y] = [44.5 + i * 5, 44 + i * 3.6];
    return `M${x - 3} ${y + 4.5} L${x + 3.2} ${y - 2.6}`;
  };
  const laces = Array.from({ length: 4 }, (_, i) => lace(i)).join(' ');
  const panel = 'M41 47 L47 42.5 L57.5 50.5 L51 57Z';
  const over = [
    seam(fabric, 'M70 56.5 C66 60 65 64 65.5 67', 1),
    seam(fabric, high ? 'M14.6 30 Q26 33 38.4 29' : 'M14.3 47 C20 51 26 51 31 48', 1),
    patch('M14 67 C13 62 13 58 13.4 53 L20 54 L21 67Z', fabric.dark, fabric.dark),
    garment.laces === 'yes'
      ? `<path d="${laces}" stroke="#55585e" stroke-width="3" stroke-linecap="round"/><path d="${laces}" stroke="#ffffff" stroke-width="2" stroke-linecap="round"/>`
      : patch(panel, fabric.dark, '#1b1c20', 0.5) +
        `<path d="M43.5 48 L52 54.5 M46 46 L54.5 52.5" stroke="#fff" stroke-opacity=".45" stroke-width=".7"/>`,
  ];
  const base = 'M12.5 66 C30 68 70 68 88.5 66.5 C91 71 90 76.5 85 77 L17 77 C12 77 11 71 12.5 66Z';
  const front = `${patch(base, sole, '#6b6e74', 0.7)}<path d="M13 72.5 L88.5 72.5" stroke="#8b8e94" stroke-width=".7"/>`;
  return { pieces: [{ d: upper }], over: over.join('') + front, extent: [high ? 21 : 37, 78] };
}

export function drawBoot(garment: Garment, fabric: Fabric): Drawing {
  const top = garment.shaft === 'knee' ? 8 : 40;
  const high = garment.heel === 'high';
  const shaft = `M30 ${top} Q43 ${top + 2.5} 56 ${top}`;
  const foot = high
    ? 'C56 52 56 60 61 65 C71 71 83 76 88 87 L67 87 C57 84 46 79 31 77'
    : 'C56 54 57 62 61 67 C72 69 86 72 88 84 L30 84';
  const upper = `${shaft} ${foot} C28 66 30 54 30 ${top}Z`;
  const leather = '#2c221c';
  const soles = high
    ? [
        'M66 86.5 L88.5 86.5 L88.5 90 L66 90 C56 88 48 83.5 42.5 80.5 L43 79Z',
        'M30.5 76.5 L44 80 C40 84 39 87 38.5 90.5 L32 90.5Z',
      ]
    : ['M29 83.5 L88.8 83.5 Q90 89.5 86 89.5 L52 89.5 L50 87.5 L46 87.5 L46 90 L29.5 90Z'];
  const start = top + 7;
  const count = garment.shaft === 'knee' ? 8 : 4;
  const rows = Array.from({ length: count }, (_, i) => start + (i * (64 - start)) / (count - 1));
  const crossed = rows
    .slice(0, -1)
    .map((y, i) => `M46 ${y} L55 ${rows[i + 1]} M55 ${y} L46 ${rows[i + 1]}`)
    .join(' ');
  const over = [
    seam(fabric, `M30 ${top + 5} Q43 ${top + 7.5} 56 ${top + 5}`, 1),
    fold(fabric, 'M34 62 Q44 66 55 60') + fold(fabric, 'M36 68 Q46 72 58 66'),
    seam(fabric, 'M72 71.5 C69 75 68.5 79 69.5 83', 0.9),
    garment.laces === 'yes'
      ? `<path d="${crossed}" stroke="#5a5148" stroke-width="2.2" stroke-linecap="round"/><path d="${crossed}" stroke="#f6f1e4" stroke-width="1.4" stroke-linecap="round"/>`
      : '',
    ...soles.map((d) => patch(d, leather, '#15110e', 0.6)),
  ];
  return { pieces: [{ d: upper }], over: over.join(''), extent: [top - 1, 91] };
}

export function drawBag(garment: Garment, fabric: Fabric): Drawing {
  const body: Piece = { d: 'M21 45 Q50 43 79 45 L85 86 Q84 90 80 90 L20 90 Q16 90 15 86Z' };
  const handle = (d: string, width: number) =>
    `<path d="${d}" fill="none" stroke="#1d1713" stroke-width="${width + 1.2}"/><path d="${d}" fill="none" stroke="${fabric.trim}" stroke-width="${width}"/>`;
  const strap = garment.carry === 'strap';
  const loop = strap ? handle('M21 50 C12 -8 88 -8 79 50', 2) : handle('M35 50 C35 18 65 18 65 50', 3.4);
  const flap = 'M50 41.5 L54 43.5 L54 56 L50 59 L46 56 L46 43.5Z';
  const tabs = strap ? '' : [37.8, 67.8].map((x) => `<circle cx="${x - 2.8}" cy="50" r="2" fill="#e3bd62"/>`).join('');
  const over = [
    seam(fabric, 'M20.4 49 Q50 47 79.6 49', 0.8),
    fold(fabric, 'M24 55 L20 84') + fold(fabric, 'M76 55 L80 84'),
    garment.pocket === 'yes' ? pocket(fabric, 33, 64, 34, 20) : '',
    garment.buckle === 'yes'
      ? `${patch(flap, fabric.trim, '#1d1713', 0.6)}<rect x="46.4" y="50.4" width="7.2" height="5.2" rx="1" fill="none" stroke="#e3bd62" stroke-width="1.5"/>`
      : '',
    tabs,
  ];
  return { under: loop, pieces: [body], over: over.join(''), extent: [strap ? 6 : 24, 91] };
}
