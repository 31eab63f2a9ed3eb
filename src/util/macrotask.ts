interface Immediate {
  readonly setImmediate?: (callback: () => void) => unknown;
}

/** Resolves in a later macrotask: promises alone never let finalizers, timers or rendering run. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    const { setImmediate } = globalThis as Immediate;
    if (setImmediate !== undefined) {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
