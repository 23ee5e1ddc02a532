/** Collects garbage now. The process must have been started with `--expose-gc`. */
export function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void };
  if (!gc) throw new Error('start Node with --expose-gc');
  gc();
}
