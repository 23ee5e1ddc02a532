/** Where code reads the time, so that a test can hand in its own. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes backwards. */
  monotonicMs(): number;
}

/** The clock of the machine. */
export const systemClock: Clock = { monotonicMs: () => performance.now() };
