import { assert } from '../core/index.ts';
import type { Engine, Session } from '../engine/index.ts';
import type { Program } from '../tensor/index.ts';

/** The numbers of a model by name, in the order of its parameters. */
export type ParameterArrays = ReadonlyMap<string, Float32Array>;

/**
 * Programs of one model, each loaded when it is first wanted, all with the same parameters. A session holds a copy of the
 * parameters, so only those last used are kept.
 */
export class SessionPool {
  private readonly engine: Engine;
  private readonly maxSessions: number;
  private parameters: ParameterArrays | undefined;
  /** By key, the one longest unused first. */
  private readonly sessions = new Map<string, Promise<Session>>();
  private isClosed = false;

  /** @param maxSessions how many sessions live at once */
  constructor(engine: Engine, maxSessions: number) {
    this.engine = engine;
    this.maxSessions = maxSessions;
  }

  /** Gives all sessions these parameters. The arrays are kept for sessions yet to come and must not change meanwhile. */
  async load(parameters: ParameterArrays): Promise<void> {
    this.parameters = parameters;
    for (const session of this.sessions.values()) await fill(await session, parameters);
  }

  /**
   * The session of a Program.
   *
   * @param key tells the Programs of this pool apart
   * @param trace makes the Program, where it is not loaded
   */
  async session(key: string, trace: () => Program): Promise<Session> {
    assert(!this.isClosed, 'a closed pool of sessions was asked for one');
    const { parameters } = this;
    assert(parameters !== undefined, 'a session was asked for before parameters were loaded');
    const known = this.sessions.get(key);
    if (known !== undefined) {
      this.sessions.delete(key);
      this.sessions.set(key, known);
      return known;
    }
    while (this.sessions.size >= this.maxSessions) await this.closeOldest();
    const opening = this.engine.load(trace()).then(async (session) => {
      await fill(session, parameters);
      return session;
    });
    this.sessions.set(key, opening);
    try {
      return await opening;
    } catch (error) {
      this.sessions.delete(key);
      throw error;
    }
  }

  /** Closes all sessions. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.parameters = undefined;
    while (this.sessions.size > 0) await this.closeOldest();
  }

  private async closeOldest(): Promise<void> {
    for (const [key, opening] of this.sessions) {
      this.sessions.delete(key);
      await (await opening).close();
      return;
    }
  }
}

async function fill(session: Session, parameters: ParameterArrays): Promise<void> {
  for (const [name, { kind }] of Object.entries(session.program.state)) {
    if (kind !== 'parameter') continue;
    const data = parameters.get(name);
    assert(data !== undefined, `the parameters hold no ${name}`);
    await session.set(name, data);
  }
}

/** The smallest power of two that is at least `length` and `least`, but no more than `most`. */
export function bucketOf(length: number, least: number, most: number): number {
  assert(length <= most, `a length of ${length} where ${most} is the most`);
  return Math.min(Math.max(2 ** Math.ceil(Math.log2(Math.max(length, 1))), least), most);
}
