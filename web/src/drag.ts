/** Taking files out of the page: by a download, or by dragging a sound to where it is wanted. */

import type { Part } from "./state/questions.ts";

/** What a drag of a stretch of a recording carries. */
export const PART_TYPE = "application/x-tonotopy-part";

const PLAYED = /\.(wav|mp3|flac|ogg|oga|opus|m4a|aac|mp4|webm)$/i;

/** Offer a file to whatever the drag ends on: browsers built on Chromium then download it there. */
export function offerSound(event: DragEvent, name: string, url: string): void {
  if (event.dataTransfer === null) return;
  // What browsers do not play, the server gives as WAV.
  const kept = PLAYED.test(name) ? name : `${name}.wav`;
  const type = "application/octet-stream";
  event.dataTransfer.effectAllowed = "copy";
  event.dataTransfer.setData("DownloadURL", `${type}:${safe(kept)}:${url}`);
  event.dataTransfer.setData("text/uri-list", url);
  event.dataTransfer.setData("text/plain", url);
}

/** Colons part the fields of a download, and slashes the folders of a path. */
function safe(name: string): string {
  return name.replace(/[:/\\]/g, "_");
}

/** The name of a stretch as a file of its own. */
export function stretchName({
  name,
  start_s,
  end_s,
}: {
  name: string;
  start_s: number;
  end_s: number;
}): string {
  return `${name.replace(/\.[^.]*$/, "")} ${start_s.toFixed(2)}-${end_s.toFixed(2)} s.wav`;
}

/** The stretch that a drag carries, or null. */
export function readPart(transfer: DataTransfer | null): Part | null {
  const text = transfer?.getData(PART_TYPE) ?? "";
  return text === "" ? null : (JSON.parse(text) as Part);
}

/** Have the browser keep what is at an address. */
export function download(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}
