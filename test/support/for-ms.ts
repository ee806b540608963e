import { setTimeout as delay } from 'node:timers/promises';

/** How long something is done to the service, such as a fault. Never a way to wait for it: that is `eventually`. */
export async function forMs(ms: number): Promise<void> {
  await delay(ms);
}
