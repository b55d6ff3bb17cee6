/** What is dropped on the page or picked: files, each with the name of the folder that held it. */

export interface Given {
  file: File;
  /** The folder that held the file; empty where it was given by itself. */
  group: string;
}

/** A file that is not sent, and why. */
export interface Refusal {
  name: string;
  reason: string;
}

export interface Limits {
  max_bytes: number;
  max_files: number;
  endings: readonly string[];
}

/** List the files of a drop, folders with all that is in them. */
export async function filesOf(dropped: DataTransfer): Promise<Given[]> {
  // After the event is over nothing can be read from it any more: entries are taken at once.
  const items = Array.from(dropped.items).filter(({ kind }) => kind === "file");
  const taken = items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const lists = await Promise.all(
    taken.map(({ entry, file }) => {
      if (entry?.isDirectory === true) return walk(entry as FileSystemDirectoryEntry);
      return file === null ? [] : [{ file, group: "" }];
    }),
  );
  return lists.flat();
}

/** List the files that were picked; those of a folder tell where in it they were. */
export function picked(files: Iterable<File>): Given[] {
  return Array.from(files, (file) => ({
    file,
    group: file.webkitRelativePath.split("/").at(-2) ?? "",
  })).filter(({ file }) => !file.name.startsWith("."));
}

async function walk(folder: FileSystemDirectoryEntry): Promise<Given[]> {
  const found: Given[] = [];
  for (const entry of await entriesOf(folder)) {
    if (entry.name.startsWith(".") || entry.name === "__MACOSX") continue;
    if (entry.isDirectory) found.push(...(await walk(entry as FileSystemDirectoryEntry)));
    else found.push({ file: await fileOf(entry as FileSystemFileEntry), group: folder.name });
  }
  return found;
}

/** A browser gives the entries of a folder a hundred at a time. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** Say why a file is too large to be sent, or null. */
export function tooLarge({ size }: File, maxBytes: number): string | null {
  if (size <= maxBytes) return null;
  return `has ${megabytes(size)}, and ${megabytes(maxBytes)} can be sent; cut it shorter, or serve with a larger --max-upload`;
}

const megabytes = (bytes: number): string =>
  bytes < 1e9 ? `${Number((bytes / 1e6).toPrecision(3))} MB` : `${(bytes / 1e9).toFixed(1)} GB`;

/** Tell files that can be sent from those that cannot; what else a folder holds is passed over. */
export function sift(
  given: readonly Given[],
  limits: Limits,
): { sent: Given[]; refused: Refusal[] } {
  const sent: Given[] = [];
  const refused: Refusal[] = [];
  for (const each of given) {
    const { file, group } = each;
    const ending = /\.[^.]*$/.exec(file.name)?.[0].toLowerCase() ?? "";
    const isSound = limits.endings.includes(ending);
    if (!isSound && group !== "") continue;
    const reason = isSound ? tooLarge(file, limits.max_bytes) : "is not named like a sound";
    if (reason !== null) refused.push({ name: file.name, reason });
    else if (file.size === 0) refused.push({ name: file.name, reason: "is empty" });
    else if (sent.length < limits.max_files) sent.push(each);
    else {
      const reason = `is beyond the ${limits.max_files} files that can be sent at a time`;
      refused.push({ name: file.name, reason });
    }
  }
  return { sent, refused };
}
