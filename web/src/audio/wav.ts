/** Sound as a file. */

const HEADER = 44;
const BYTES = 2;

/** Write mono sound in [-1, 1] as a WAV file of 16 bits. */
export function encodeWav(blocks: readonly Float32Array[], sampleRate: number): ArrayBuffer {
  const n = blocks.reduce((total, block) => total + block.length, 0);
  const view = new DataView(new ArrayBuffer(HEADER + BYTES * n));
  const name = (at: number, text: string): void => {
    [...text].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  };
  name(0, "RIFF");
  view.setUint32(4, HEADER - 8 + BYTES * n, true);
  name(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, BYTES * sampleRate, true);
  view.setUint16(32, BYTES, true);
  view.setUint16(34, 8 * BYTES, true);
  name(36, "data");
  view.setUint32(40, BYTES * n, true);
  let at = HEADER;
  for (const block of blocks) {
    for (const sample of block) {
      view.setInt16(at, Math.round(32767 * Math.min(1, Math.max(-1, sample))), true);
      at += BYTES;
    }
  }
  return view.buffer;
}

/** How loud sound is, as root mean square, dBFS; -120 for silence. */
export function levelOf(block: Float32Array): number {
  const power = block.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, block.length);
  return Math.max(-120, 10 * Math.log10(power));
}
