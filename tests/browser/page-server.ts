import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, extname, join } from 'node:path';
import { build, type Metafile } from 'esbuild';

const types: { readonly [extension: string]: string } = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};
const runtimeFolder = 'node_modules/onnxruntime-web/dist';

/** The test page as a bundler makes it for a browser, from the sources. */
export async function bundlePage(): Promise<{ files: Map<string, Uint8Array>; metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    entryPoints: ['tests/browser/page.ts'],
    outdir: '/',
    bundle: true,
    platform: 'browser',
    format: 'esm',
    splitting: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  return { files: new Map(outputFiles.map(({ path, contents }) => [`/${basename(path)}`, contents])), metafile };
}

/**
 * Serves the page, and the files of onnxruntime-web under /runtime/, on this machine only.
 *
 * @param isIsolated with the headers under which a page may share memory between threads
 */
export async function servePage(
  files: ReadonlyMap<string, Uint8Array>,
  isIsolated: boolean,
): Promise<{ url: string; server: Server }> {
  const isolation = isIsolated
    ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
    : {};
  const contents = async (path: string): Promise<Uint8Array | undefined> => {
    if (path === '/') return new TextEncoder().encode('<!doctype html><script type="module" src="/page.js"></script>');
    if (!path.startsWith('/runtime/')) return files.get(path);
    return readFile(join(runtimeFolder, basename(path))).catch(() => undefined);
  };
  const server = createServer(async ({ url = '/' }, response) => {
    const path = new URL(url, 'http://localhost').pathname;
    const found = await contents(path);
    const type = types[path === '/' ? '.html' : extname(path)] ?? 'application/octet-stream';
    response.writeHead(found ? 200 : 404, { 'Content-Type': type, ...isolation });
    response.end(found);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}
