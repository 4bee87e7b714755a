import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

async function inBothSchemes(page: Page, look: (scheme: 'light' | 'dark') => Promise<void>): Promise<void> {
  for (const scheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', scheme);
    // Colours are measured when nothing moves.
    await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))));
    await look(scheme);
  }
}

/** No rule of WCAG A and AA, or of good practice, is broken; in dark and in light colours. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  await inBothSchemes(page, async (scheme) => {
    // What is in the page is the same in both; the colours are not.
    const axe = new AxeBuilder({ page });
    const { violations } = await (scheme === 'light' ? axe : axe.withRules(['color-contrast', 'link-in-text-block'])).analyze();
    const found = violations.map(
      ({ id, nodes }) => `${what}, ${scheme}: ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
    );
    expect(found).toEqual([]);
  });
}

/** The page is not wider than the screen: nobody has to scroll it sideways. */
export async function expectNothingCutOff(page: Page): Promise<void> {
  const { wide, screen } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, screen: window.innerWidth }));
  expect(wide).toBeLessThanOrEqual(screen);
}

/** Kept as the test's output, to be looked at. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  await inBothSchemes(page, async (scheme) => {
    await page.screenshot({ path: `test-results/screens/${name}-${scheme}.png` });
  });
}

/** Presses Tab until the control with this name has the focus. */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let press = 0; press < 40; press++) {
    await page.keyboard.press('Tab');
    const names = await page.evaluate(() => {
      const focused = document.activeElement as HTMLElement | null;
      const labels = focused instanceof HTMLInputElement ? [...(focused.labels ?? [])].map(({ textContent }) => textContent ?? '') : [];
      return [focused?.getAttribute('aria-label') ?? '', focused?.textContent ?? '', ...labels];
    });
    if (names.some((one) => one.trim() === name)) return;
  }
  throw new Error(`no control called "${name}" can be reached by Tab`);
}
