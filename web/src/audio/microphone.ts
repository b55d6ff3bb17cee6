/** The microphone: what it hears in blocks, or why it cannot be heard. */

/** Something that hears until it is stopped. */
export interface Listening {
  sampleRate: number;
  stop: () => void;
}

export type Listen = (onBlock: (block: Float32Array) => void) => Promise<Listening>;

/** Sound as it is: what browsers do for calls takes away what makes sounds differ. */
const UNTOUCHED = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

/** Say in words why there is no sound, and what to do. */
export function explain(error: unknown): Error {
  const name = error instanceof DOMException ? error.name : "";
  const reasons: Record<string, string> = {
    NotAllowedError:
      "This page may not use the microphone. Allow it in the browser's site settings (the icon beside the address), then try again.",
    NotFoundError: "There is no microphone. Plug one in, or drop a sound file instead.",
    NotReadableError:
      "The microphone does not answer. Another program may be using it: close that, then try again.",
  };
  const reason = reasons[name];
  if (reason !== undefined) return new Error(reason);
  return error instanceof Error ? error : new Error(String(error));
}

/** Hear the microphone until stopped. */
export const listen: Listen = async (onBlock) => {
  // Browsers hide it from pages that others on the way could have changed.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) {
    throw new Error(
      "Browsers lend the microphone to pages at localhost or behind https only. Open tonotopy there, or drop a sound file instead.",
    );
  }
  const stream = await devices.getUserMedia({ audio: UNTOUCHED }).catch((error: unknown) => {
    throw explain(error);
  });
  const context = new AudioContext();
  const stop = (): void => {
    for (const track of stream.getTracks()) track.stop();
    void context.close();
  };
  try {
    await context.audioWorklet.addModule(new URL("microphone.js", document.baseURI));
    const node = new AudioWorkletNode(context, "microphone", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }: MessageEvent<Float32Array>) => onBlock(data);
    context.createMediaStreamSource(stream).connect(node);
    await context.resume();
  } catch (error) {
    stop();
    throw explain(error);
  }
  return { sampleRate: context.sampleRate, stop };
};
