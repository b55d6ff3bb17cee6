/** How far apart colours look, with full colour vision and without. */

type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

/** Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB. */
const DEFICIENCIES: readonly Matrix[] = [
  [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
];

/** Ottosson 2020: linear RGB to cone responses, and their cube roots to OKLab. */
const TO_CONES: Matrix = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const TO_LAB: Matrix = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];

const apply = (matrix: Matrix, [a, b, c]: Triple): Triple => {
  const [x, y, z] = matrix.map(([p, q, r]) => p * a + q * b + r * c);
  return [x ?? 0, y ?? 0, z ?? 0];
};

function linear(hex: string): Triple {
  const [r, g, b] = [1, 3, 5].map((start) => {
    const value = parseInt(hex.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return [r ?? 0, g ?? 0, b ?? 0];
}

function lab(rgb: Triple): Triple {
  const [l, m, s] = apply(TO_CONES, rgb).map((cone) => Math.cbrt(Math.max(0, cone)));
  return apply(TO_LAB, [l ?? 0, m ?? 0, s ?? 0]);
}

const clip = ([r, g, b]: Triple): Triple => {
  const [x, y, z] = [r, g, b].map((value) => Math.min(1, Math.max(0, value)));
  return [x ?? 0, y ?? 0, z ?? 0];
};

function smallest(points: readonly Triple[]): number {
  let least = Infinity;
  points.forEach((left, index) => {
    for (const right of points.slice(index + 1)) {
      least = Math.min(least, Math.hypot(...left.map((value, axis) => value - (right[axis] ?? 0))));
    }
  });
  return least;
}

/** The smallest OKLab distance between any two colours: seen fully, and for the worst deficiency. */
export function smallestDifference(colors: readonly string[]): { normal: number; anyone: number } {
  const light = colors.map(linear);
  const normal = smallest(light.map(lab));
  const impaired = DEFICIENCIES.map((matrix) =>
    smallest(light.map((rgb) => lab(clip(apply(matrix, rgb))))),
  );
  return { normal, anyone: Math.min(normal, ...impaired) };
}

/** The contrast of WCAG 2: from 1 to 21. */
export function contrast(left: string, right: string): number {
  const luminance = (hex: string): number => {
    const [r, g, b] = linear(hex);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [low, high] = [luminance(left), luminance(right)].sort((a, b) => a - b);
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
}
