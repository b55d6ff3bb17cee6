"use strict";

// A map of sounds without a server: points, colours and neighbours come from data.js, sounds from
// the files beside it.

const DWELL_MS = 90;
const REACH = 12; // pixels at which a point is meant
const COLORS = [
  "#3385ff", "#e0470a", "#66a35a", "#b064c8", "#c8920a", "#e05ca3",
  "#008f85", "#8f6f52", "#708fb8", "#c2001f", "#8a8f2a", "#7a5cff",
];
const OTHER = "#7d8593";

const { name, space, items, points, n_neighbors, ...packed } = window.TONOTOPY;

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
const coordinates = new Float32Array(bytesOf(packed.coordinates));
const neighbors = new Uint32Array(bytesOf(packed.neighbors));

const find = (id) => document.getElementById(id);
const canvas = find("map");
const context = canvas.getContext("2d");
const voice = new Audio();

const groups = groupByLabel();
const hidden = new Set();
const view = { x: 0, y: 0, scale: 1 };
let hovered = null;
let chosen = null;
let dwell = 0;
let waiting = false;

function groupByLabel() {
  const counts = new Map();
  for (const { label } of points) counts.set(label, (counts.get(label) ?? 0) + 1);
  const named = [...counts].filter(([label]) => label !== "");
  named.sort((left, right) => right[1] - left[1] || left[0].localeCompare(right[0]));
  const colors = new Map(named.map(([label], place) => [label, COLORS[place] ?? OTHER]));
  return { named, colorOf: (label) => colors.get(label) ?? OTHER };
}

function resetView() {
  view.x = 0;
  view.y = 0;
  view.scale = 0.42 * Math.min(innerWidth - 320, innerHeight - 20);
}

/** Where a point is, in CSS pixels. */
function place(index) {
  const middle = (innerWidth - 292) / 2;
  return [
    middle + (coordinates[2 * index] - view.x) * view.scale,
    innerHeight / 2 - (coordinates[2 * index + 1] - view.y) * view.scale,
  ];
}

function draw() {
  waiting = false;
  const sharp = devicePixelRatio || 1;
  canvas.width = innerWidth * sharp;
  canvas.height = innerHeight * sharp;
  context.setTransform(sharp, 0, 0, sharp, 0, 0);
  const radius = points.length > 5000 ? 2.5 : 5;
  const near = chosen === null ? null : new Set([chosen, ...neighborsOf(chosen)]);
  points.forEach(({ label }, index) => {
    const [x, y] = place(index);
    const back = hidden.has(label) || (near !== null && !near.has(index));
    context.globalAlpha = back ? 0.15 : 0.9;
    context.fillStyle = groups.colorOf(label);
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  });
  context.globalAlpha = 1;
  context.strokeStyle = getComputedStyle(document.body).color;
  context.lineWidth = 2;
  for (const index of [hovered, chosen]) {
    if (index === null) continue;
    const [x, y] = place(index);
    context.beginPath();
    context.arc(x, y, radius + 5, 0, 2 * Math.PI);
    context.stroke();
  }
}

function redraw() {
  if (!waiting) requestAnimationFrame(draw);
  waiting = true;
}

function neighborsOf(index) {
  return [...neighbors.subarray(index * n_neighbors, (index + 1) * n_neighbors)];
}

function pointAt(x, y) {
  let best = null;
  let least = REACH;
  points.forEach(({ label }, index) => {
    if (hidden.has(label)) return;
    const [left, top] = place(index);
    const away = Math.hypot(left - x, top - y);
    if (away < least) [best, least] = [index, away];
  });
  return best;
}

function play(index) {
  const { sound } = points[index];
  voice.pause();
  if (sound === "") return;
  voice.src = sound;
  // A browser that wants a click first says so by refusing; the next click then plays.
  voice.play().catch((error) => {
    if (error.name !== "NotAllowedError" && error.name !== "AbortError") throw error;
  });
}

function textOf({ name, folder, start_s, end_s, sound }) {
  const times = items === "windows" ? ` · ${start_s.toFixed(2)} – ${end_s.toFixed(2)} s` : "";
  return `${folder === "" ? name : `${folder} / ${name}`}${times}${sound === "" ? " · the file is gone" : ""}`;
}

function hover(index, x, y) {
  const tip = find("tip");
  tip.hidden = index === null;
  if (index !== null) {
    tip.textContent = textOf(points[index]) + (points[index].label && ` · ${points[index].label}`);
    tip.style.left = `${Math.min(x + 14, innerWidth - 310)}px`;
    tip.style.top = `${Math.min(y + 14, innerHeight - 60)}px`;
  }
  if (index === hovered) return;
  hovered = index;
  clearTimeout(dwell);
  if (index === null) voice.pause();
  else dwell = setTimeout(() => play(index), DWELL_MS);
  redraw();
}

function choose(index) {
  chosen = index;
  find("chosen").textContent = index === null ? "Rest on a point to hear it" : points[index].name;
  find("place").textContent =
    index === null
      ? "Click it to see what truly sounds most alike. Drag and turn the wheel to move."
      : textOf(points[index]);
  const rows = (index === null ? [] : neighborsOf(index)).map((neighbor) => {
    const row = document.createElement("li");
    const button = document.createElement("button");
    button.textContent = points[neighbor].name;
    button.onclick = () => {
      choose(neighbor);
      play(neighbor);
    };
    row.append(button);
    return row;
  });
  find("neighbors").replaceChildren(...rows);
  redraw();
}

function listen() {
  let pressed = null;
  canvas.onpointerdown = (event) => {
    pressed = { x: event.clientX, y: event.clientY, moved: false };
    canvas.setPointerCapture(event.pointerId);
  };
  canvas.onpointermove = (event) => {
    const { clientX: x, clientY: y } = event;
    if (pressed === null) {
      hover(pointAt(x, y), x, y);
      return;
    }
    pressed.moved ||= Math.hypot(x - pressed.x, y - pressed.y) > 4;
    if (!pressed.moved) return;
    view.x -= event.movementX / view.scale;
    view.y += event.movementY / view.scale;
    redraw();
  };
  canvas.onpointerup = ({ clientX, clientY }) => {
    if (pressed?.moved === false) {
      const index = pointAt(clientX, clientY);
      choose(index);
      if (index !== null) play(index);
    }
    pressed = null;
  };
  canvas.onpointerleave = () => hover(null, 0, 0);
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      view.scale *= 2 ** (-event.deltaY / 300);
      redraw();
    },
    { passive: false },
  );
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape") choose(null);
    if (key === "0") resetView();
    redraw();
  });
  addEventListener("resize", redraw);
}

function showLegend() {
  const lines = groups.named.slice(0, 40).map(([label, n]) => {
    const line = document.createElement("li");
    const button = document.createElement("button");
    const dot = document.createElement("i");
    dot.style.background = groups.colorOf(label);
    button.append(dot, `${label} (${n})`);
    button.ariaPressed = "true";
    button.onclick = () => {
      if (!hidden.delete(label)) hidden.add(label);
      button.ariaPressed = String(!hidden.has(label));
      redraw();
    };
    line.append(button);
    return line;
  });
  find("legend").replaceChildren(...lines);
}

document.title = `${name} · a map of sounds`;
find("title").textContent = name;
find("about").textContent = `${points.length.toLocaleString("en")} ${items}, by ${space}`;
resetView();
showLegend();
listen();
draw();
