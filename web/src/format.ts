/** Numbers and times as people read them. */

const counts = new Intl.NumberFormat("en");

export function formatCount(n: number, singular: string, plural = `${singular}s`): string {
  return `${counts.format(n)} ${n === 1 ? singular : plural}`;
}

export function formatNumber(n: number): string {
  return counts.format(n);
}

/** A length of sound in its two largest units: "0.42 s", "12 s", "3 min 20 s", "5 h 12 min". */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0
    ? `${counts.format(hours)} h`
    : `${counts.format(hours)} h ${minutes % 60} min`;
}

/** A moment in a recording: "4.80", "1:04.80", "2:01:04". */
export function formatMoment(seconds: number): string {
  if (seconds < 60) return seconds.toFixed(2);
  const pad = (value: number, width: number, digits = 0): string =>
    value.toFixed(digits).padStart(width, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  if (hours === 0) return `${minutes}:${pad(seconds % 60, 5, 2)}`;
  return `${hours}:${pad(minutes, 2)}:${pad(Math.floor(seconds % 60), 2)}`;
}

/** A stretch of a recording: "4.80 – 5.76 s". */
export function formatInterval(start: number, end: number): string {
  const unit = end < 60 ? " s" : "";
  return `${formatMoment(start)} – ${formatMoment(end)}${unit}`;
}
