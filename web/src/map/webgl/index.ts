/**
 * The part of regl's interface that regl-scatterplot draws with, without generating code.
 *
 * regl turns every draw command into a string of JavaScript and evaluates it, which a page that
 * allows only its own scripts cannot do. A flat picture needs little of regl: commands with
 * blending, float textures and framebuffers; there is no depth, stencil or culling here.
 */

import { type Command, type CommandOptions, createCommand } from "./command.ts";
import {
  type Gl,
  Target,
  createBuffer,
  createElements,
  createFramebuffer,
  createTexture,
} from "./resources.ts";

interface ContextOptions {
  gl: Gl;
  extensions?: readonly string[];
}

interface ClearOptions {
  color?: readonly [number, number, number, number];
}

type Rest<Creator> = Creator extends (gl: Gl, ...rest: infer Parameters) => infer Result
  ? (...rest: Parameters) => Result
  : never;

export interface Regl {
  (options: CommandOptions): Command;
  buffer: Rest<typeof createBuffer>;
  elements: Rest<typeof createElements>;
  texture: Rest<typeof createTexture>;
  framebuffer(
    options: Parameters<typeof createFramebuffer>[2],
  ): ReturnType<typeof createFramebuffer>;
  clear(options: ClearOptions): void;
  frame(callback: () => void): { cancel(): void };
  poll(): void;
  hasExtension(name: string): boolean;
  destroy(): void;
}

function everyFrame(callback: () => void): { cancel(): void } {
  let request = requestAnimationFrame(function next() {
    request = requestAnimationFrame(next);
    callback();
  });
  return { cancel: () => cancelAnimationFrame(request) };
}

export default function createRegl({ gl, extensions = [] }: ContextOptions): Regl {
  const target = new Target(gl);
  const enabled = new Set(extensions.filter((name) => gl.getExtension(name) !== null));
  const frames: Array<{ cancel(): void }> = [];
  gl.disable(gl.DEPTH_TEST);
  return Object.assign((options: CommandOptions) => createCommand(gl, target, options), {
    buffer: createBuffer.bind(null, gl),
    elements: createElements.bind(null, gl),
    texture: createTexture.bind(null, gl),
    framebuffer: createFramebuffer.bind(null, gl, target),
    clear({ color = [0, 0, 0, 0] }: ClearOptions) {
      gl.clearColor(...color);
      gl.clear(gl.COLOR_BUFFER_BIT);
    },
    frame(callback: () => void) {
      const frame = everyFrame(callback);
      frames.push(frame);
      return frame;
    },
    poll: () => target.bind(),
    hasExtension: (name: string) => enabled.has(name),
    destroy() {
      for (const frame of frames) frame.cancel();
      gl.getExtension("WEBGL_lose_context")?.loseContext(); // frees everything, now
    },
  });
}
