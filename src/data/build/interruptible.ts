/**
 * A stream that ends with an error as soon as a signal comes, also while it waits: standard input may never say anything.
 *
 * @param stopped makes the error
 */
export async function* interruptible<Item>(
  stream: AsyncIterable<Item>,
  signal: AbortSignal | undefined,
  stopped: () => Error,
): AsyncGenerator<Item> {
  if (signal?.aborted) throw stopped();
  let stop: () => void = () => undefined;
  const stopping = new Promise<never>((_, reject) => {
    stop = () => reject(stopped());
  });
  // Without anybody waiting for it, its rejection is no fault.
  stopping.catch(() => undefined);
  signal?.addEventListener('abort', stop);
  const iterator = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const result = await Promise.race([iterator.next(), stopping]);
      if (result.done) return;
      yield result.value;
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    // A source that waits for its input would not answer; its end is not waited for.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}
