/** Following work that the server does in the background. */

import { type Api, type Job, ServerGone } from "./api.ts";

const POLL_MS = 400;
const RETRY_MS = 2000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether a job still has something to do. */
export const isUnderWay = ({ state }: Job): boolean => state === "waiting" || state === "running";

/**
 * Ask how a job stands until it is over; `onChange` is told each time.
 *
 * A server that does not answer is asked again: if it comes back it says that it has no such job.
 */
export async function follow(api: Api, job: Job, onChange: (job: Job) => void): Promise<Job> {
  let now = job;
  onChange(now);
  while (isUnderWay(now)) {
    await sleep(POLL_MS);
    try {
      now = await api.getJob(now.id);
      onChange(now);
    } catch (error) {
      if (!(error instanceof ServerGone)) throw error;
      await sleep(RETRY_MS);
    }
  }
  return now;
}
