/** What lives on the graphics card: buffers, index buffers, textures and framebuffers. */

export type Gl = WebGLRenderingContext;
export type Numbers = ArrayLike<number> | ArrayLike<ArrayLike<number>>;

interface BufferOptions {
  data?: Numbers;
  /** Bytes to reserve when there is no data yet. */
  length?: number;
  usage?: "static" | "dynamic" | "stream";
}

interface ElementsOptions {
  data?: Numbers;
  type?: "uint16" | "uint32";
}

interface TextureOptions {
  data: Float32Array | Uint8Array;
  /** Width, height, channels; the channels are always four. */
  shape: readonly [number, number, number];
  type?: "float" | "uint8";
}

interface FramebufferOptions {
  /** Draw into this texture; without it the framebuffer makes its own of floats. */
  color?: Texture;
  width?: number;
  height?: number;
}

export interface GpuBuffer {
  (options: BufferOptions): GpuBuffer;
  readonly kind: "buffer";
  readonly handle: WebGLBuffer;
  subdata(data: Numbers, offsetBytes?: number): void;
  destroy(): void;
}

export interface Elements {
  (options: ElementsOptions): Elements;
  readonly kind: "elements";
  readonly handle: WebGLBuffer;
  readonly count: number;
  readonly type: number;
  destroy(): void;
}

export interface Texture {
  readonly kind: "texture";
  readonly handle: WebGLTexture;
  readonly width: number;
  readonly height: number;
  destroy(): void;
}

export interface Framebuffer {
  readonly kind: "framebuffer";
  readonly handle: WebGLFramebuffer;
  readonly color: Texture;
  /** Send everything that `draw` draws into this framebuffer. */
  use(draw: () => void): void;
  resize(width: number, height: number): void;
  destroy(): void;
}

/** Lay numbers, or rows of numbers, out flat. */
export function flatten(data: Numbers): Float32Array {
  if (data instanceof Float32Array) return data;
  const first = data[0];
  if (first === undefined || typeof first === "number") {
    return Float32Array.from(data as ArrayLike<number>);
  }
  return Float32Array.from(
    Array.from(data as ArrayLike<ArrayLike<number>>, (row) => [...Array.from(row)]).flat(),
  );
}

export function createBuffer(gl: Gl, initial: BufferOptions = {}): GpuBuffer {
  const handle = gl.createBuffer();
  const usages = { static: gl.STATIC_DRAW, dynamic: gl.DYNAMIC_DRAW, stream: gl.STREAM_DRAW };
  const fill = ({ data, length = 0, usage = "static" }: BufferOptions): GpuBuffer => {
    gl.bindBuffer(gl.ARRAY_BUFFER, handle);
    if (data === undefined) gl.bufferData(gl.ARRAY_BUFFER, length, usages[usage]);
    else gl.bufferData(gl.ARRAY_BUFFER, flatten(data), usages[usage]);
    return buffer;
  };
  const buffer: GpuBuffer = Object.assign(fill, {
    kind: "buffer" as const,
    handle,
    subdata(data: Numbers, offsetBytes = 0) {
      gl.bindBuffer(gl.ARRAY_BUFFER, handle);
      gl.bufferSubData(gl.ARRAY_BUFFER, offsetBytes, flatten(data));
    },
    destroy: () => gl.deleteBuffer(handle),
  });
  return fill(initial);
}

export function createElements(gl: Gl, initial: ElementsOptions = {}): Elements {
  const handle = gl.createBuffer();
  let count = 0;
  let type: number = gl.UNSIGNED_SHORT;
  const fill = (options: ElementsOptions): Elements => {
    const indices = flatten(options.data ?? []);
    const wide = options.type === "uint32";
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, handle);
    const array = wide ? Uint32Array.from(indices) : Uint16Array.from(indices);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, array, gl.DYNAMIC_DRAW);
    count = indices.length;
    type = wide ? gl.UNSIGNED_INT : gl.UNSIGNED_SHORT;
    return elements;
  };
  const elements: Elements = Object.defineProperties(
    Object.assign(fill, {
      kind: "elements" as const,
      handle,
      count,
      type,
      destroy: () => gl.deleteBuffer(handle),
    }),
    { count: { get: () => count }, type: { get: () => type } },
  );
  return fill(initial);
}

export function createTexture(gl: Gl, { data, shape, type }: TextureOptions): Texture {
  const handle = gl.createTexture();
  const [width, height] = shape;
  const kind = type === "float" ? gl.FLOAT : gl.UNSIGNED_BYTE;
  gl.bindTexture(gl.TEXTURE_2D, handle);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, width, height, 0, gl.RGBA, kind, data);
  setNearest(gl);
  return {
    kind: "texture",
    handle,
    width,
    height,
    destroy: () => gl.deleteTexture(handle),
  };
}

/** Float textures cannot be filtered everywhere, and one texel here is one point or one colour. */
function setNearest(gl: Gl): void {
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
}

/** Where drawing goes: the canvas, or the innermost framebuffer in use. */
export class Target {
  readonly #gl: Gl;
  readonly #stack: Array<{ handle: WebGLFramebuffer; color: Texture }> = [];

  constructor(gl: Gl) {
    this.#gl = gl;
  }

  get size(): readonly [number, number] {
    const top = this.#stack.at(-1);
    if (top !== undefined) return [top.color.width, top.color.height];
    return [this.#gl.drawingBufferWidth, this.#gl.drawingBufferHeight];
  }

  /** Bind the current target and cover it with the viewport. */
  bind(): void {
    const gl = this.#gl;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.#stack.at(-1)?.handle ?? null);
    gl.viewport(0, 0, ...this.size);
  }

  within(framebuffer: { handle: WebGLFramebuffer; color: Texture }, draw: () => void): void {
    this.#stack.push(framebuffer);
    this.bind();
    try {
      draw();
    } finally {
      this.#stack.pop();
      this.bind();
    }
  }
}

export function createFramebuffer(
  gl: Gl,
  target: Target,
  options: FramebufferOptions,
): Framebuffer {
  const handle = gl.createFramebuffer();
  const owned = options.color === undefined;
  const makeColor = (width: number, height: number): Texture =>
    createTexture(gl, {
      data: new Float32Array(width * height * 4),
      shape: [width, height, 4],
      type: "float",
    });
  let color = options.color ?? makeColor(options.width ?? 1, options.height ?? 1);
  const attach = (): void => {
    gl.bindFramebuffer(gl.FRAMEBUFFER, handle);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, color.handle, 0);
    target.bind();
  };
  attach();
  return {
    kind: "framebuffer",
    handle,
    get color() {
      return color;
    },
    use(draw) {
      target.within({ handle, color }, draw);
    },
    resize(width, height) {
      if (!owned) throw new Error("a framebuffer over a given texture has that texture's size");
      color.destroy();
      color = makeColor(width, height);
      attach();
    },
    destroy() {
      if (owned) color.destroy();
      gl.deleteFramebuffer(handle);
    },
  };
}
