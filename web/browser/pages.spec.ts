import { mkdir, writeFile } from 'node:fs/promises';
import { expectAccessible, expectNothingCutOff, keepScreenshot } from './checks';
import { expect, test } from './world';

const sections = ['Speed', 'Downloads', 'Queue', 'Sharing', 'Connection', 'Watch folders', 'Categories and tags', 'Access', 'Appearance'];

test('lets nobody in without the link, and the link in once', async ({ world, page, browser, problems }) => {
  expect(problems).toEqual([]);
  await page.goto(world.address);
  await expect(page.getByText('Open the one-time link')).toBeVisible();
  await expectAccessible(page, 'the login');
  await page.goto(world.link);
  await expect(page.getByRole('navigation', { name: 'Pages' })).toBeVisible();
  expect(page.url()).not.toContain('token');

  const other = await (await browser.newContext()).newPage();
  await other.goto(world.link);
  await expect(other.getByRole('alert')).toBeVisible();
  await expect(other.getByRole('navigation', { name: 'Pages' })).toBeHidden();
});

test('sets a password, which lets in after a restart', async ({ world, loggedIn: page, browser }) => {
  await page.goto(`${world.address}#/settings/access`);
  await page.locator('input[autocomplete=new-password]').fill('correct horse battery');
  await page.getByRole('button', { name: 'Set password' }).click();
  await expect(page.getByText('The password is set')).toBeVisible();
  await world.stopDaemon();
  await world.startDaemon();
  const other = await (await browser.newContext()).newPage();
  await other.goto(world.address);
  await other.locator('input[autocomplete=current-password]').fill('a wrong one');
  await other.getByRole('button', { name: 'Log in' }).click();
  await expect(other.getByRole('alert')).toBeVisible();
  await other.locator('input[autocomplete=current-password]').fill('correct horse battery');
  await other.getByRole('button', { name: 'Log in' }).click();
  await expect(other.getByRole('navigation', { name: 'Pages' })).toBeVisible();
});

test('all pages can be used by everybody', async ({ world, loggedIn: page }) => {
  await page.goto(`${world.address}#/statistics`);
  await expect(page.getByRole('heading', { name: 'Statistics' })).toBeVisible();
  await page.getByText('24 hours').click();
  await expect(page.locator('canvas')).toBeVisible();
  // What is drawn has the colours of the scheme, when that changes too.
  const curve = page.locator('.u-legend .u-series').nth(1).locator('.u-marker');
  for (const [colorScheme, color] of [
    ['dark', 'rgb(76, 195, 209)'],
    ['light', 'rgb(10, 107, 122)'],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await expect(curve).toHaveCSS('border-top-color', color);
  }
  await expectAccessible(page, 'statistics');
  await keepScreenshot(page, 'statistics');
  await page.getByRole('link', { name: 'Settings' }).click();
  for (const section of sections) {
    await page.getByRole('navigation', { name: 'Sections of the settings' }).getByRole('link', { name: section }).click();
    await expect(page.getByRole('heading', { name: section, level: 1 })).toBeVisible();
    await expectAccessible(page, section);
    await keepScreenshot(page, `settings-${section.toLowerCase().replaceAll(' ', '-')}`);
  }
});

test('changes limits, and keeps them', async ({ world, loggedIn: page }) => {
  await page.goto(`${world.address}#/settings/speed`);
  await page.getByRole('textbox', { name: 'Download limit' }).first().fill('500');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Settings saved')).toBeVisible();
  await expect(page.getByRole('contentinfo').getByText('500 KiB/s')).toBeVisible();
  await world.stopDaemon();
  await world.startDaemon();
  await page.goto(world.link);
  await page.goto(`${world.address}#/settings/speed`);
  await expect(page.getByRole('textbox', { name: 'Download limit' }).first()).toHaveValue('500 KiB/s');
});

test('shows a lost connection, and comes back by itself', async ({ world, loggedIn: page }) => {
  await expect(page.getByRole('contentinfo').getByText('Connected')).toBeVisible();
  await world.stopDaemon();
  await expect(page.getByRole('alert').filter({ hasText: 'No connection to the daemon' })).toBeVisible();
  await keepScreenshot(page, 'lost');
  await world.startDaemon();
  await expect(page.getByRole('contentinfo').getByText('Connected')).toBeVisible();
  await expect(page.getByRole('alert').filter({ hasText: 'No connection' })).toBeHidden();
});

test('creates a torrent of what was dropped into the downloads, and seeds it', async ({ world, loggedIn: page }) => {
  await mkdir(`${world.downloads}/holiday`);
  await writeFile(`${world.downloads}/holiday/one.txt`, 'one '.repeat(50_000));
  await page.keyboard.press('c');
  const dialog = page.getByRole('dialog', { name: 'Create a torrent' });
  await dialog.getByRole('textbox', { name: 'File or folder' }).fill(`${world.downloads}/holiday`);
  await dialog.getByRole('textbox', { name: 'Trackers' }).fill('http://127.0.0.1:9/announce');
  await expectAccessible(page, 'the create dialog');
  await keepScreenshot(page, 'create');
  await dialog.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(dialog.getByText('Done')).toBeVisible();
  await expect(dialog.getByRole('link', { name: 'Download .torrent' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('row').filter({ hasText: 'holiday' }).getByRole('gridcell', { name: 'Seeding' })).toBeVisible();
});

test('speaks German', async ({ world, loggedIn: page }) => {
  await page.goto(`${world.address}#/settings/appearance`);
  await page.getByLabel('Language').first().click();
  await page.getByRole('option', { name: 'Deutsch' }).click();
  await expect(page.getByRole('heading', { name: 'Darstellung' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Darstellung' })).toBeVisible();
  await page.setViewportSize({ width: 390, height: 844 });
  for (const [place, heading] of [
    ['statistics', 'Statistik'],
    ['settings/labels', 'Kategorien und Tags'],
    ['settings/sharing', 'Teilen'],
    ['settings/speed', 'Tempo'],
  ] as const) {
    await page.goto(`${world.address}#/${place}`);
    await expect(page.getByRole('heading', { name: heading, level: 1 })).toBeVisible();
    await expectNothingCutOff(page);
    await keepScreenshot(page, `german-${place.replace('/', '-')}`);
  }
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('de');
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('all pages fit', async ({ loggedIn: page }) => {
    await page.getByRole('link', { name: 'Statistics' }).tap();
    await expect(page.getByRole('heading', { name: 'Statistics' })).toBeVisible();
    await expectNothingCutOff(page);
    await keepScreenshot(page, 'phone-statistics');
    await page.getByRole('link', { name: 'Settings' }).tap();
    for (const section of sections) {
      await page.getByRole('combobox', { name: 'Sections of the settings' }).selectOption(section);
      await expect(page.getByRole('heading', { name: section, level: 1 })).toBeVisible();
      await expectNothingCutOff(page);
      await keepScreenshot(page, `phone-settings-${section.toLowerCase().replaceAll(' ', '-')}`);
    }
    await expectAccessible(page, 'settings on a phone');
    await page.getByRole('button', { name: 'Menu' }).tap();
    await page.getByRole('menuitem', { name: 'Create a torrent' }).tap();
    await expect(page.getByRole('dialog', { name: 'Create a torrent' })).toBeVisible();
    await expectNothingCutOff(page);
    await keepScreenshot(page, 'phone-create');
  });
});
