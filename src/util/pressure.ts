/**
 * The engine's collector sees that an array object is small and not that it holds megabytes on a device, so in a
 * training loop it would not run before the device is full. Announcing the same number of bytes as host memory that is
 * dropped at once (never touched, so it costs no pages) lets it run in time.
 */
const announceBytes = 1 << 26;
let unannounced = 0;

/** Tells the collector that an object holding `bytes` outside its heap was made. */
export function notePressure(bytes: number): void {
  unannounced += bytes;
  if (unannounced < announceBytes) return;
  unannounced = 0;
  new ArrayBuffer(announceBytes);
}

/** Tells that an object's `bytes` have been given back, or to another object, without the collector. */
export function noteRelief(bytes: number): void {
  unannounced = Math.max(0, unannounced - bytes);
}
