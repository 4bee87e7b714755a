import type { Locator, Page } from '@playwright/test';
import { expectAccessible, keepScreenshot } from './checks';
import { addAll, type Small } from './small';
import { expect, test } from './world';

/** A name that would run as a program if it were taken for HTML. */
const markup = '<img src=x onerror=alert(1)>';

const small = (name: string, size: number, host: string): Small => ({
  name,
  content: Buffer.alloc(size, name),
  tracker: `http://${host}.invalid/announce`,
});

/** Six paused torrents; what they are called, how large they are and where they belong differs. */
async function addSix(page: Page): Promise<void> {
  await addAll(page, [small('alpha.bin', 1000, 'one'), small('bravo.bin', 3000, 'one')], {
    paused: true,
    category: 'films',
    tags: ['keep'],
  });
  await addAll(page, [small('charlie.bin', 2000, 'two'), small('delta.bin', 5000, 'two')], { paused: true, category: 'linux' });
  await addAll(page, [small('echo.bin', 4000, 'two'), small('foxtrot.bin', 6000, 'three')], { paused: true, tags: ['keep', 'iso'] });
  await expect(grid(page)).toHaveAttribute('aria-rowcount', '7');
}

const grid = (page: Page): Locator => page.getByRole('grid', { name: 'Torrents' });
const row = (page: Page, name: string): Locator => grid(page).getByRole('row').filter({ hasText: name });
const header = (page: Page, name: string): Locator => grid(page).getByRole('columnheader', { name, exact: true });
const names = (page: Page) => grid(page).locator('[role=row][data-row] [role=gridcell]:first-child').allTextContents();

test('sorts, and lets columns be chosen, ordered and resized, for good', async ({ loggedIn: page }) => {
  await addSix(page);
  await header(page, 'Name').click();
  await expect(header(page, 'Name')).toHaveAttribute('aria-sort', 'ascending');
  await expect.poll(() => names(page)).toEqual(['alpha.bin', 'bravo.bin', 'charlie.bin', 'delta.bin', 'echo.bin', 'foxtrot.bin']);
  await header(page, 'Size').click();
  await expect.poll(() => names(page)).toEqual(['foxtrot.bin', 'delta.bin', 'echo.bin', 'bravo.bin', 'charlie.bin', 'alpha.bin']);
  await header(page, 'Size').press('Enter');
  await expect(header(page, 'Size')).toHaveAttribute('aria-sort', 'ascending');
  await expect.poll(() => names(page)).toEqual(['alpha.bin', 'charlie.bin', 'bravo.bin', 'echo.bin', 'delta.bin', 'foxtrot.bin']);

  await page.getByRole('button', { name: 'Columns' }).click();
  const chooser = page.getByRole('dialog', { name: 'Columns' });
  await chooser.getByRole('checkbox', { name: 'Tracker' }).check();
  await chooser.getByRole('checkbox', { name: 'Ratio' }).uncheck();
  await expectAccessible(page, 'the columns');
  await keepScreenshot(page, 'columns');
  await page.keyboard.press('Escape');
  await expect(header(page, 'Ratio')).toBeHidden();
  await expect(row(page, 'alpha.bin').getByText('one.invalid')).toHaveCount(1);

  const width = async (name: string) => Math.round((await header(page, name).boundingBox())?.width ?? 0);
  const before = await width('Size');
  await header(page, 'Size').press('Alt+ArrowRight');
  await expect.poll(() => width('Size')).toBe(before + 16);
  const box = await header(page, 'Size').boundingBox();
  if (!box) throw new Error('the header has no place');
  await page.mouse.move(box.x + box.width, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width + 40, box.y + box.height / 2, { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => width('Size')).toBe(before + 56);
  await header(page, 'Size').press('Alt+Shift+ArrowRight');
  await expect(grid(page).getByRole('columnheader').nth(2)).toHaveText('Size');
  await header(page, 'State').dragTo(header(page, 'Name'));
  await expect(grid(page).getByRole('columnheader').first()).toHaveText('State');

  await page.reload();
  await expect(grid(page).getByRole('columnheader').first()).toHaveText('State');
  expect(await width('Size')).toBe(before + 56);
  await expect(header(page, 'Ratio')).toBeHidden();
  await expect(header(page, 'Size')).toHaveAttribute('aria-sort', 'ascending');
});

test('filters by state, category, tag, tracker and text', async ({ loggedIn: page }) => {
  await addSix(page);
  const filters = page.getByRole('complementary', { name: 'Filters' });
  const choose = (group: string, name: string) => filters.getByRole('region', { name: `Filters: ${group}` }).getByRole('button', { name });
  const rows = async (...expected: string[]) => expect.poll(async () => (await names(page)).sort()).toEqual(expected.sort());

  await choose('Categories', 'films').click();
  await rows('alpha.bin', 'bravo.bin');
  await choose('Categories', 'No category').click();
  await rows('echo.bin', 'foxtrot.bin');
  await choose('Tags', 'iso').click();
  await rows('echo.bin', 'foxtrot.bin');
  await choose('Trackers', 'three.invalid').click();
  await rows('foxtrot.bin');
  // It holds while another page is looked at.
  await page.getByRole('link', { name: 'Statistics' }).click();
  await page.getByRole('link', { name: 'Torrents' }).click();
  await rows('foxtrot.bin');
  await page.keyboard.press('/');
  await page.keyboard.type('nothing of this name');
  await expect(page.getByText('No torrent matches')).toBeVisible();
  await page.getByRole('button', { name: 'Show all' }).click();
  await page.getByRole('searchbox', { name: 'Search' }).fill('DELTA');
  await rows('delta.bin');
  await page.getByRole('searchbox', { name: 'Search' }).press('Escape');
  await choose('State', 'Paused').click();
  await expect(grid(page)).toHaveAttribute('aria-rowcount', '7');
  await choose('State', 'Seeding').click();
  await expect(page.getByText('No torrent matches')).toBeVisible();
});

test('does things to many torrents at once, and shows names as text', async ({ loggedIn: page }) => {
  await addSix(page);
  await header(page, 'Name').click();
  await expect.poll(() => names(page)).toEqual(['alpha.bin', 'bravo.bin', 'charlie.bin', 'delta.bin', 'echo.bin', 'foxtrot.bin']);
  await row(page, 'alpha.bin').click();
  await row(page, 'charlie.bin').click({ modifiers: ['Shift'] });
  await expect(page.getByText('3 chosen')).toBeVisible();
  await row(page, 'bravo.bin').click({ modifiers: ['ControlOrMeta'] });
  await expect(page.getByText('2 chosen')).toBeVisible();

  // By the keyboard's menu; it is for the chosen rows when it is opened on one of them.
  await page.keyboard.press('Control+ArrowDown');
  await expect(row(page, 'charlie.bin')).toBeFocused();
  await page.keyboard.press('Shift+F10');
  await page.getByRole('menuitem', { name: 'Category and tags…' }).click();
  const labels = page.getByRole('dialog', { name: 'Category and tags' });
  await labels
    .getByRole('textbox', { name: 'Category' })
    .or(labels.getByRole('combobox', { name: 'Category' }))
    .fill('music');
  await expectAccessible(page, 'category and tags');
  await keepScreenshot(page, 'labels');
  await labels.getByRole('button', { name: 'Save' }).click();
  await expect(labels).toBeHidden();
  await expect(row(page, 'alpha.bin').getByText('music')).toBeVisible();
  await expect(row(page, 'charlie.bin').getByText('music')).toBeVisible();
  await expect(row(page, 'bravo.bin').getByText('films')).toBeVisible();

  // A limit that is set for many leaves their other limits as they are.
  const limits = page.getByRole('dialog', { name: 'Limits' });
  const openLimits = async (name: string) => {
    await row(page, name).click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Limits…' }).click();
  };
  const save = async () => {
    await limits.getByRole('button', { name: 'Save' }).click();
    await expect(limits).toBeHidden();
  };
  await row(page, 'alpha.bin').click();
  await openLimits('alpha.bin');
  await limits.getByRole('textbox', { name: 'Download limit' }).fill('700');
  await save();
  await row(page, 'charlie.bin').click({ modifiers: ['ControlOrMeta'] });
  await openLimits('charlie.bin');
  await limits.getByRole('textbox', { name: 'Upload limit' }).fill('50');
  await expectAccessible(page, 'limits of many');
  await keepScreenshot(page, 'limits');
  await save();
  await row(page, 'alpha.bin').click();
  await openLimits('alpha.bin');
  await expect(limits.getByRole('textbox', { name: 'Download limit' })).toHaveValue('700 KiB/s');
  await expect(limits.getByRole('textbox', { name: 'Upload limit' })).toHaveValue('50 KiB/s');
  await page.keyboard.press('Escape');
  await expect(limits).toBeHidden();

  const download = page.waitForEvent('download');
  await row(page, 'echo.bin').click({ button: 'right' });
  await expect(page.getByRole('menuitem', { name: 'Remove…' })).toBeInViewport({ ratio: 1 });
  await expectAccessible(page, 'the menu');
  await keepScreenshot(page, 'menu');
  await page.getByRole('menuitem', { name: 'Download .torrent' }).click();
  expect((await download).suggestedFilename()).toBe('echo.bin.torrent');

  await row(page, 'foxtrot.bin').click();
  await page.keyboard.press('F2');
  const rename = page.getByRole('dialog', { name: 'Rename' });
  await rename.getByRole('textbox', { name: 'Name' }).fill(markup);
  await rename.getByRole('button', { name: 'Save' }).click();
  await expect(row(page, markup)).toBeVisible();

  await page.keyboard.press('Control+a');
  await expect(page.getByText('6 chosen')).toBeVisible();
  await page.keyboard.press('Delete');
  const question = page.getByRole('dialog', { name: 'Remove torrents?' });
  await expect(question.getByText('Remove 6 torrents from the list?')).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByText('No torrents yet')).toBeVisible();
});
