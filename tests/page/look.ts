import type { Browser, Page } from 'playwright-core';

/** What a browser makes of a page. */
export interface Look {
  /** Addresses that were asked for, beyond the page itself. */
  readonly requests: readonly string[];
  /** What the browser complained about, such as breaches of the content security policy. */
  readonly complaints: readonly string[];
  readonly pageWidth: number;
  /** Texts of plots that reach over the edge of the page, or into each other. */
  readonly clipped: readonly string[];
  readonly overlapping: readonly string[];
}

/** Opens a page in a window of this width; `use` can look further before it is closed. */
export async function look(
  browser: Browser,
  html: string,
  options: { readonly width: number; readonly colorScheme?: 'light' | 'dark'; readonly javaScriptEnabled?: boolean },
  use: (page: Page) => Promise<void> = async () => {},
): Promise<Look> {
  const { width, ...rest } = options;
  const context = await browser.newContext({ viewport: { width, height: 800 }, ...rest });
  try {
    const page = await context.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    const address = 'http://report.invalid/report.html';
    await page.route('**/*', async (route) => {
      if (route.request().url() === address) return route.fulfill({ contentType: 'text/html', body: html });
      requests.push(route.request().url());
      return route.abort();
    });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(address);
    const seen = await page.evaluate(() => {
      const clipped: string[] = [];
      const overlapping: string[] = [];
      const pageWidth = document.documentElement.scrollWidth;
      for (const plot of document.querySelectorAll('svg.plot')) {
        const texts = [...plot.querySelectorAll('text')]
          .map((text) => ({ box: text.getBoundingClientRect(), name: text.textContent }))
          .filter(({ box }) => box.width > 0);
        texts.forEach(({ box, name }, index) => {
          if (box.left < 0 || box.right > window.innerWidth) clipped.push(name);
          for (const other of texts.slice(0, index)) {
            const wide = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
            const high = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
            if (wide > 0.5 && high > 3) overlapping.push(`${name} and ${other.name}`);
          }
        });
      }
      return { pageWidth, clipped, overlapping };
    });
    await use(page);
    return { ...seen, requests, complaints };
  } finally {
    await context.close();
  }
}
