/** Runs tasks one after the other, each when the one before has ended, however it ended. */
export class TaskQueue {
  private last: Promise<unknown> = Promise.resolve();

  /** Adds a task; the promise is that of its result. */
  add<T>(task: () => T | Promise<T>): Promise<T> {
    const result = this.last.then(task);
    // Whoever asked for the task hears of its failure; the next one only waits for its end.
    const ended = () => undefined;
    this.last = result.then(ended, ended);
    return result;
  }
}
