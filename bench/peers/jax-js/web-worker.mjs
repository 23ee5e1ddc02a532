// The web's Worker over Node's worker_threads, as much of it as jax-js asks for.
//
// jax-js computes on several threads only where it finds a global Worker, which Node lacks. This shim is ours: a
// row of a table that rests on it must say so. It has to be in place before jax-js is imported, which then builds
// its pool at once.

import { resolveObjectURL } from 'node:buffer';
import { Worker as ThreadWorker } from 'node:worker_threads';

// What a worker's script finds around it on the web.
const SURROUNDINGS = `
const { parentPort } = require('node:worker_threads');
globalThis.self = globalThis;
globalThis.postMessage = (message) => parentPort.postMessage(message);
parentPort.on('message', (data) => self.onmessage({ data }));
`;

class WebWorker {
  /** @type {(event: { data: unknown }) => void} */
  onmessage = () => {};
  /** @type {(error: Error) => void} */
  onerror = (error) => {
    throw error;
  };
  #thread;

  constructor(blobUrl) {
    // The script is read asynchronously; messages sent meanwhile wait for it, in their order.
    this.#thread = resolveObjectURL(blobUrl)
      .text()
      .then((script) => {
        const thread = new ThreadWorker(SURROUNDINGS + script, { eval: true });
        thread.on('message', (data) => this.onmessage({ data }));
        thread.on('error', (error) => this.onerror(error));
        this.#thread = thread;
        return thread;
      });
  }

  postMessage(message) {
    if (this.#thread instanceof ThreadWorker) this.#thread.postMessage(message);
    else this.#thread.then((thread) => thread.postMessage(message));
  }
}

/** Makes jax-js, imported after this call, compute on `threads` threads; with one it stays on the main thread. */
export function provideWorkers(threads) {
  if (threads === 1) {
    // Should a later Node have a Worker of its own, one thread must still mean one.
    delete globalThis.Worker;
    return;
  }
  globalThis.Worker = WebWorker;
  // jax-js starts as many workers as this says.
  Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency: threads }, configurable: true });
}
