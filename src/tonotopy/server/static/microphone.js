/* Runs where sound is processed: hands what the microphone hears to the page, channels mixed. */

const BLOCK = 2048;

class Microphone extends AudioWorkletProcessor {
  block = new Float32Array(BLOCK);
  filled = 0;

  process([channels]) {
    const n = channels[0]?.length ?? 0;
    for (let at = 0; at < n; at += 1) {
      let sum = 0;
      for (const channel of channels) sum += channel[at];
      this.block[this.filled] = sum / channels.length;
      this.filled += 1;
      if (this.filled === BLOCK) {
        this.port.postMessage(this.block.slice());
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("microphone", Microphone);
