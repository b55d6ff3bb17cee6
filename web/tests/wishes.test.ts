import { expect, test } from "vitest";
import { type Wish, Wishes } from "../src/map/wishes.ts";

function record(): { done: Wish[]; finish: () => Promise<void>; wishes: Wishes } {
  const done: Wish[] = [];
  let finishOne: () => void = () => undefined;
  const wishes = new Wishes((wish) => {
    done.push(wish);
    return new Promise((resolve) => (finishOne = resolve));
  });
  const finish = async (): Promise<void> => {
    finishOne();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { done, finish, wishes };
}

test("wishes made at once are fulfilled by one picture", async () => {
  const { done, finish, wishes } = record();
  wishes.add({ redraw: true, moved: true, glide: true });
  wishes.add({ redraw: true });
  await finish();
  expect(done).toEqual([{ redraw: true, moved: true, glide: true, fit: null, look: null }]);
});

test("wishes made during a picture wait for the next one and are merged", async () => {
  const { done, finish, wishes } = record();
  wishes.add({ redraw: true });
  await finish();
  await finish();
  wishes.add({ redraw: true });
  await Promise.resolve();
  wishes.add({ moved: true });
  wishes.add({ glide: true });
  expect(wishes.willMove).toBe(true);
  expect(done).toHaveLength(2);
  await finish();
  expect(done.at(-1)).toEqual({ redraw: false, moved: true, glide: true, fit: null, look: null });
  expect(wishes.willMove).toBe(false);
});

test("the last view asked for counts", async () => {
  const { done, finish, wishes } = record();
  const margins = { top: 1, right: 1, bottom: 1, left: 1 };
  wishes.add({ fit: { margins, animate: true } });
  wishes.add({ fit: { margins, animate: false } });
  await finish();
  expect(done[0]?.fit?.animate).toBe(false);
});

test("a reset forgets what was wished and what never finished", async () => {
  const { done, finish, wishes } = record();
  wishes.add({ redraw: true });
  await Promise.resolve();
  wishes.add({ moved: true });
  wishes.reset();
  expect(wishes.willMove).toBe(false);
  wishes.add({ glide: true });
  await finish();
  expect(done.map(({ glide }) => glide)).toEqual([false, true]);
});

test("of showing everything and showing a part, what was wished last holds", async () => {
  const { done, finish, wishes } = record();
  const camera = { x: 0, y: 0, height: 1 };
  const margins = { top: 0, right: 0, bottom: 0, left: 0 };
  wishes.add({ fit: { margins, animate: false } });
  wishes.add({ look: { camera, animate: false } });
  wishes.add({ redraw: true });
  await finish();
  expect(done.at(-1)).toMatchObject({ fit: null, look: { camera } });
  wishes.add({ look: { camera, animate: false } });
  wishes.add({ fit: { margins, animate: true } });
  await finish();
  expect(done.at(-1)).toMatchObject({ fit: { animate: true }, look: null });
});
