/** Draw commands: a program, its inputs, and the state it is drawn with. */

import {
  type Elements,
  type Framebuffer,
  type Gl,
  type GpuBuffer,
  type Numbers,
  type Target,
  type Texture,
  createBuffer,
  createElements,
} from "./resources.ts";

export interface Context {
  drawingBufferWidth: number;
  drawingBufferHeight: number;
  viewportWidth: number;
  viewportHeight: number;
  pixelRatio: number;
}

export type Props = Record<string, unknown>;
type Dynamic<Value> = Value | ((context: Context, props: Props) => Value);

interface Attribute {
  buffer: Dynamic<GpuBuffer>;
  size?: number;
  offset?: number;
  stride?: number;
}

type UniformValue = number | boolean | ArrayLike<number> | Texture | Framebuffer;
type BlendFactor = "zero" | "one" | "src alpha" | "one minus src alpha";

export interface CommandOptions {
  vert: string;
  frag: string;
  attributes: Record<
    string,
    Attribute | Numbers | ((context: Context, props: Props) => GpuBuffer | Numbers)
  >;
  uniforms?: Record<string, Dynamic<UniformValue>>;
  count?: Dynamic<number>;
  elements?: Dynamic<Elements | Numbers>;
  primitive?: "points" | "triangles";
  blend?: {
    enable: boolean;
    func?: Record<"srcRGB" | "srcAlpha" | "dstRGB" | "dstAlpha", BlendFactor>;
  };
  framebuffer?: Dynamic<Framebuffer>;
}

export type Command = (props?: Props) => void;

/** A call per draw that puts one input in place. */
type Binder = (context: Context, props: Props) => void;

function evaluate<Value>(value: Dynamic<Value>, context: Context, props: Props): Value {
  return typeof value === "function" && !("kind" in value)
    ? (value as (context: Context, props: Props) => Value)(context, props)
    : (value as Value);
}

function compileShader(gl: Gl, type: number, source: string): WebGLShader {
  const shader = gl.createShader(type);
  if (shader === null) throw new Error("the browser lost its graphics context");
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) {
    throw new Error(`a shader does not compile: ${gl.getShaderInfoLog(shader)}`);
  }
  return shader;
}

/** Link a program; its attributes get the locations 0, 1, ... in the order of `attributes`. */
function linkProgram(gl: Gl, { vert, frag, attributes }: CommandOptions): WebGLProgram {
  const program = gl.createProgram();
  Object.keys(attributes).forEach((name, location) => {
    gl.bindAttribLocation(program, location, name);
  });
  gl.attachShader(program, compileShader(gl, gl.VERTEX_SHADER, vert));
  gl.attachShader(program, compileShader(gl, gl.FRAGMENT_SHADER, frag));
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`a shader program does not link: ${gl.getProgramInfoLog(program)}`);
  }
  return program;
}

function componentsOf(gl: Gl, type: number): number {
  const sizes = new Map<number, number>([
    [gl.FLOAT, 1],
    [gl.FLOAT_VEC2, 2],
    [gl.FLOAT_VEC3, 3],
    [gl.FLOAT_VEC4, 4],
  ]);
  const size = sizes.get(type);
  if (size === undefined) throw new Error(`attributes of GLSL type ${type} are not supported`);
  return size;
}

function isBuffer(value: unknown): value is GpuBuffer {
  return typeof value === "function" && "kind" in value && value.kind === "buffer";
}

function bindAttributes(gl: Gl, program: WebGLProgram, options: CommandOptions): Binder[] {
  const n_active = gl.getProgramParameter(program, gl.ACTIVE_ATTRIBUTES) as number;
  return Array.from({ length: n_active }, (_, index) => {
    const info = gl.getActiveAttrib(program, index);
    const given = info === null ? undefined : options.attributes[info.name];
    if (info === null || given === undefined) {
      throw new Error(`the command gives no attribute '${info?.name}', which its shader reads`);
    }
    const location = Object.keys(options.attributes).indexOf(info.name);
    const described = typeof given === "object" && "buffer" in given ? given : null;
    const size = described?.size ?? componentsOf(gl, info.type);
    const source = described?.buffer ?? (given as Dynamic<GpuBuffer | Numbers>);
    const constant = typeof source === "function" ? null : createBuffer(gl, { data: source });
    let stream: GpuBuffer | null = null;
    return (context, props) => {
      const value = constant ?? evaluate(source, context, props);
      if (!isBuffer(value)) stream = (stream ?? createBuffer(gl))({ data: value, usage: "stream" });
      gl.bindBuffer(gl.ARRAY_BUFFER, isBuffer(value) ? value.handle : (stream?.handle ?? null));
      gl.enableVertexAttribArray(location);
      const { stride = 0, offset = 0 } = described ?? {};
      gl.vertexAttribPointer(location, size, gl.FLOAT, false, stride, offset);
    };
  });
}

function isSampled(value: unknown): value is Texture | Framebuffer {
  return typeof value === "object" && value !== null && "kind" in value;
}

function setUniform(
  gl: Gl,
  type: number,
  location: WebGLUniformLocation,
  value: UniformValue,
): void {
  if (typeof value === "number" || typeof value === "boolean") {
    if (type === gl.FLOAT) gl.uniform1f(location, Number(value));
    else gl.uniform1i(location, Number(value));
    return;
  }
  const list = Float32Array.from(value as ArrayLike<number>);
  if (type === gl.FLOAT_MAT4) gl.uniformMatrix4fv(location, false, list);
  else if (type === gl.FLOAT_VEC4) gl.uniform4fv(location, list);
  else if (type === gl.FLOAT_VEC3) gl.uniform3fv(location, list);
  else if (type === gl.FLOAT_VEC2) gl.uniform2fv(location, list);
  else throw new Error(`uniforms of GLSL type ${type} are not supported`);
}

function bindUniforms(gl: Gl, program: WebGLProgram, options: CommandOptions): Binder[] {
  const n_active = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS) as number;
  let n_units = 0;
  return Array.from({ length: n_active }, (_, index) => {
    const info = gl.getActiveUniform(program, index);
    const location = info === null ? null : gl.getUniformLocation(program, info.name);
    const given = info === null ? undefined : options.uniforms?.[info.name];
    if (info === null || location === null || given === undefined) {
      throw new Error(`the command gives no uniform '${info?.name}', which its shader reads`);
    }
    const unit = info.type === gl.SAMPLER_2D ? n_units++ : -1;
    return (context, props) => {
      const value = evaluate(given, context, props);
      if (unit < 0) {
        setUniform(gl, info.type, location, value);
      } else if (isSampled(value)) {
        gl.activeTexture(gl.TEXTURE0 + unit);
        const texture = value.kind === "framebuffer" ? value.color : value;
        gl.bindTexture(gl.TEXTURE_2D, texture.handle);
        gl.uniform1i(location, unit);
      }
    };
  });
}

function applyBlend(gl: Gl, blend: CommandOptions["blend"]): void {
  if (blend?.enable !== true) {
    gl.disable(gl.BLEND);
    return;
  }
  gl.enable(gl.BLEND);
  if (blend.func === undefined) return;
  const factors: Record<BlendFactor, number> = {
    zero: gl.ZERO,
    one: gl.ONE,
    "src alpha": gl.SRC_ALPHA,
    "one minus src alpha": gl.ONE_MINUS_SRC_ALPHA,
  };
  const { srcRGB, dstRGB, srcAlpha, dstAlpha } = blend.func;
  gl.blendFuncSeparate(factors[srcRGB], factors[dstRGB], factors[srcAlpha], factors[dstAlpha]);
}

function describeContext(gl: Gl, target: Target): Context {
  const { drawingBufferWidth, drawingBufferHeight } = gl;
  const [viewportWidth, viewportHeight] = target.size;
  const pixelRatio = window.devicePixelRatio;
  return { drawingBufferWidth, drawingBufferHeight, viewportWidth, viewportHeight, pixelRatio };
}

/** Prepare a command; shaders compile when it is first drawn. */
export function createCommand(gl: Gl, target: Target, options: CommandOptions): Command {
  let prepared: { program: WebGLProgram; binders: Binder[] } | null = null;
  let streamed: Elements | null = null;

  const prepare = (): { program: WebGLProgram; binders: Binder[] } => {
    const program = linkProgram(gl, options);
    return {
      program,
      binders: [...bindAttributes(gl, program, options), ...bindUniforms(gl, program, options)],
    };
  };
  const drawVertices = (context: Context, props: Props): void => {
    const mode = options.primitive === "points" ? gl.POINTS : gl.TRIANGLES;
    if (options.elements === undefined) {
      gl.drawArrays(mode, 0, evaluate(options.count ?? 0, context, props));
      return;
    }
    const given = evaluate(options.elements, context, props);
    const elements =
      typeof given === "function"
        ? given
        : (streamed = (streamed ?? createElements(gl))({ data: given }));
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, elements.handle);
    gl.drawElements(mode, elements.count, elements.type, 0);
  };
  const run = (props: Props): void => {
    if (gl.isContextLost()) return;
    const { program, binders } = (prepared ??= prepare());
    const context = describeContext(gl, target);
    target.bind();
    gl.useProgram(program);
    applyBlend(gl, options.blend);
    for (const bind of binders) bind(context, props);
    drawVertices(context, props);
    Object.keys(options.attributes).forEach((_, location) => gl.disableVertexAttribArray(location));
  };
  return (props = {}) => {
    if (options.framebuffer === undefined) run(props);
    else evaluate(options.framebuffer, describeContext(gl, target), props).use(() => run(props));
  };
}
