import { inflateSync } from 'node:zlib';

/** A picture without transparency, as Chromium makes it: 8 bits of red, green and blue, and perhaps alpha. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Returns the colour there: `#rrggbb`. */
  readonly at: (x: number, y: number) => string;
}

const [signature, colourTypes] = [8, { 2: 3, 6: 4 } as Readonly<Record<number, number>>] as const;

/** Reads a PNG. [RFC 2083] */
export function readPng(png: Buffer): Picture {
  const data: Buffer[] = [];
  let [width, height, step] = [0, 0, 0];
  for (let at = signature; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const [type, body] = [png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + png.readUInt32BE(at))];
    if (type === 'IHDR') [width, height, step] = [body.readUInt32BE(0), body.readUInt32BE(4), colourTypes[body[9] ?? 0] ?? 0];
    if (type === 'IDAT') data.push(body);
  }
  const pixels = unfiltered(inflateSync(Buffer.concat(data)), width * step, height, step);
  const at = (x: number, y: number): string => {
    const start = (Math.round(y) * width + Math.round(x)) * step;
    return `#${pixels.toString('hex', start, start + 3)}`;
  };
  return { width, height, at };
}

/** Returns how bright a colour is, from 0 to 255. */
export function brightness(colour: string): number {
  const [red = 0, green = 0, blue = 0] = Buffer.from(colour.slice(1), 'hex');
  return 0.3 * red + 0.59 * green + 0.11 * blue;
}

/** Undoes the prediction of each line, which says how it was predicted from the octets to the left, above, and both. [RFC 2083, 6] */
function unfiltered(lines: Buffer, length: number, height: number, step: number): Buffer {
  const pixels = Buffer.alloc(length * height);
  for (let y = 0; y < height; y++) {
    const filter = lines[y * (length + 1)];
    for (let x = 0; x < length; x++) {
      const at = y * length + x;
      const left = x >= step ? (pixels[at - step] ?? 0) : 0;
      const above = y > 0 ? (pixels[at - length] ?? 0) : 0;
      const corner = x >= step && y > 0 ? (pixels[at - length - step] ?? 0) : 0;
      pixels[at] = (lines[y * (length + 1) + 1 + x] ?? 0) + predicted(filter, left, above, corner);
    }
  }
  return pixels;
}

function predicted(filter: number | undefined, left: number, above: number, corner: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return (left + above) >> 1;
    case 4:
      return nearest(left, above, corner);
    default:
      return 0;
  }
}

function nearest(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [toLeft, toAbove, toCorner] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)] as const;
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
