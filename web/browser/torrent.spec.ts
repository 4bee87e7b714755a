import type { Page } from '@playwright/test';
import { expectAccessible, expectNothingCutOff, keepScreenshot, tabTo } from './checks';
import { bigFile, contentName, drop, expect, test, type World } from './world';

const tabs = ['Overview', 'Files', 'Peers', 'Trackers', 'Speed', 'Log'];

const row = (page: Page) => page.getByRole('grid', { name: 'Torrents' }).getByRole('row').filter({ hasText: contentName });

async function expectComplete(page: Page, world: World, files: string[], below = ''): Promise<void> {
  await expect(row(page).getByRole('progressbar')).toHaveAttribute('aria-valuenow', '100', { timeout: 120_000 });
  await expect.poll(async () => (await world.downloaded()).sort()).toEqual(files.map((file) => `${below}${contentName}/${file}`).sort());
}

test('drops a torrent, chooses files, watches it, looks everywhere, and removes it with its files', async ({ world, loggedIn: page }) => {
  // Slow enough to be looked at on the way.
  await world.seed(400);
  await expect(page.getByText('No torrents yet')).toBeVisible();
  await expectAccessible(page, 'the empty list');

  await drop(page, world.torrentFile);
  const dialog = page.getByRole('dialog', { name: 'Add torrents' });
  await expect(dialog.getByText('3 of 3 files wanted')).toBeVisible();
  // Its own folder is open; the folder in it is left out.
  await expect(dialog.getByText(bigFile)).toBeVisible();
  await dialog.getByRole('checkbox', { name: 'extras' }).uncheck();
  await expect(dialog.getByText('1 of 3 files wanted')).toBeVisible();
  await expectAccessible(page, 'the add dialog');
  await keepScreenshot(page, 'add');
  await dialog.getByRole('button', { name: 'Add torrent' }).click();
  await expect(dialog).toBeHidden();

  await expect(row(page)).toBeVisible();
  await row(page).dblclick();
  const panel = page.getByRole('region', { name: 'Details' });
  for (const tab of tabs) {
    await panel.getByRole('tab', { name: tab }).click();
    await expect(panel.getByRole('tabpanel')).toBeVisible();
    if (tab === 'Overview') await expect(panel.getByRole('img', { name: /pieces are here, [1-9]\d* are not wanted/ })).toBeVisible();
    if (tab === 'Files') {
      await panel.getByRole('row', { name: 'extras' }).click();
      await page.keyboard.press('ArrowRight');
      await expect(panel.getByRole('row', { name: 'poster.bin' })).toBeVisible();
    }
    if (tab === 'Trackers') await expect(panel.getByText(/127\.0\.0\.1.*announce/)).toBeVisible();
    if (tab === 'Speed') await expect(panel.locator('canvas')).toBeVisible();
    if (tab === 'Log') await expect(panel.getByRole('heading', { name: 'What happened' })).toBeVisible();
    await expectAccessible(page, tab);
    await keepScreenshot(page, tab.toLowerCase());
  }
  await expectComplete(page, world, [bigFile]);
  // Said to those who do not see it.
  await expect(page.getByRole('status').filter({ hasText: `${contentName} is complete` })).toHaveCount(1);

  await row(page).click();
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  // What is complete and stands still is called complete.
  await expect(row(page).getByRole('gridcell', { name: 'Complete' })).toBeVisible();

  await row(page).click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Remove…' }).click();
  const question = page.getByRole('dialog', { name: 'Remove torrents?' });
  await expect(question.getByText(contentName)).toBeVisible();
  await question.getByRole('checkbox').check();
  await expectAccessible(page, 'the question');
  await keepScreenshot(page, 'remove');
  await question.getByRole('button', { name: 'Remove and delete files' }).click();
  await expect(page.getByText('No torrents yet')).toBeVisible();
  await expect.poll(() => world.downloaded()).toEqual([]);
});

test('pastes a magnet link, sees its files, and gets them', async ({ world, loggedIn: page }) => {
  await world.seed();
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.setData('text', text);
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, world.magnet);
  const dialog = page.getByRole('dialog', { name: 'Add torrents' });
  // The description comes from the seeder.
  await expect(dialog.getByText('3 of 3 files wanted')).toBeVisible({ timeout: 120_000 });
  await expect(dialog.getByText(bigFile)).toBeVisible();
  // A URL that the daemon must not fetch is refused, with what to do; the others go on.
  await dialog.getByRole('textbox', { name: 'Magnet links, URLs or info-hashes' }).fill('http://127.0.0.1:9/a.torrent');
  await dialog.getByRole('button', { name: 'Look up' }).click();
  await expect(dialog.getByText('--allow-private-urls')).toBeVisible();
  await dialog.getByRole('button', { name: /^Leave out http/ }).click();
  await dialog
    .getByRole('textbox', { name: 'Category' })
    .or(dialog.getByRole('combobox', { name: 'Category' }))
    .fill('films');
  await dialog
    .getByRole('textbox', { name: 'Save in' })
    .or(dialog.getByRole('combobox', { name: 'Save in' }))
    .fill(`${world.downloads}/inner`);
  await expectAccessible(page, 'the add dialog with a category');
  await dialog.getByRole('button', { name: 'Add torrent' }).click();
  await expect(row(page).getByRole('gridcell', { name: 'films' })).toBeVisible();
  await expectComplete(page, world, [bigFile, 'extras/poster.bin', 'extras/readme.txt'], 'inner/');

  // A file gets another name on disk, by key; and one that can't be had is refused in the dialog.
  await row(page).dblclick();
  const panel = page.getByRole('region', { name: 'Details' });
  await panel.getByRole('tab', { name: 'Files' }).click();
  await panel.getByRole('row', { name: bigFile }).click();
  await page.keyboard.press('F2');
  const question = page.getByRole('dialog', { name: 'Rename' });
  await question.getByRole('textbox', { name: 'New name' }).fill('extras');
  await page.keyboard.press('Enter');
  await expect(question.getByRole('textbox', { name: 'New name' })).toHaveAttribute('aria-invalid', 'true');
  await expectAccessible(page, 'a name that is taken');
  await question.getByRole('textbox', { name: 'New name' }).fill('renamed.bin');
  await page.keyboard.press('Enter');
  await expect(question).toBeHidden();
  await expect(panel.getByRole('row', { name: 'renamed.bin' })).toBeVisible();
  await panel.getByRole('row', { name: 'extras' }).click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Rename…' }).click();
  await question.getByRole('textbox', { name: 'New name' }).fill('more');
  await page.keyboard.press('Enter');
  await expect(question).toBeHidden();
  await expectComplete(page, world, ['renamed.bin', 'more/poster.bin', 'more/readme.txt'], 'inner/');
});

test('does all of it with the keyboard alone', async ({ world, loggedIn: page }) => {
  await world.seed();
  await page.keyboard.press('n');
  const dialog = page.getByRole('dialog', { name: 'Add torrents' });
  await expect(dialog.getByRole('textbox', { name: 'Magnet links, URLs or info-hashes' })).toBeFocused();
  await page.keyboard.insertText(world.magnet);
  await page.keyboard.press('Enter');
  await expect(dialog.getByText('3 of 3 files wanted')).toBeVisible({ timeout: 120_000 });
  await tabTo(page, 'None');
  await page.keyboard.press('Enter');
  await tabTo(page, bigFile);
  await page.keyboard.press(' ');
  await expect(dialog.getByText('1 of 3 files wanted')).toBeVisible();
  await tabTo(page, 'Add torrent');
  await page.keyboard.press('Enter');
  await expect(dialog).toBeHidden();
  await expectComplete(page, world, [bigFile]);

  await page.keyboard.press('g');
  await page.keyboard.press('ArrowDown');
  await expect(row(page)).toHaveAttribute('aria-selected', 'true');
  await expect(row(page)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'Details' })).toBeVisible();
  await page.keyboard.press('d');
  await expect(page.getByRole('region', { name: 'Details' })).toBeHidden();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeVisible();
  await expectAccessible(page, 'the keys');
  await keepScreenshot(page, 'keys');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();

  await page.keyboard.press('g');
  await page.keyboard.press('Delete');
  const question = page.getByRole('dialog', { name: 'Remove torrents?' });
  await expect(question.getByRole('button', { name: 'Remove', exact: true })).toBeFocused();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press(' ');
  await tabTo(page, 'Remove and delete files');
  await page.keyboard.press('Enter');
  await expect(page.getByText('No torrents yet')).toBeVisible();
  await expect.poll(() => world.downloaded()).toEqual([]);
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('adds a magnet link, looks at it, and removes it', async ({ world, loggedIn: page }) => {
    await world.seed();
    await expectAccessible(page, 'the empty list');
    await page.getByRole('button', { name: 'Add torrent' }).first().tap();
    const dialog = page.getByRole('dialog', { name: 'Add torrents' });
    await dialog.getByRole('textbox', { name: 'Magnet links, URLs or info-hashes' }).fill(world.magnet);
    await dialog.getByRole('button', { name: 'Look up' }).tap();
    await expect(dialog.getByText('3 of 3 files wanted')).toBeVisible({ timeout: 120_000 });
    await expectNothingCutOff(page);
    await keepScreenshot(page, 'phone-add');
    await dialog.getByRole('button', { name: 'Add torrent' }).tap();
    const card = page.getByRole('article').filter({ hasText: contentName });
    await expect(card.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '100', { timeout: 120_000 });
    await expectAccessible(page, 'the cards');
    await expectNothingCutOff(page);
    await keepScreenshot(page, 'phone-list');
    await page.getByRole('button', { name: 'Filters and order' }).tap();
    const drawer = page.getByRole('dialog', { name: 'Filters and order' });
    await drawer.getByRole('combobox', { name: 'Order' }).selectOption('Name');
    await expectAccessible(page, 'the filters');
    await keepScreenshot(page, 'phone-filters');
    await drawer.getByRole('button', { name: 'Close' }).tap();
    await expect(drawer).toBeHidden();
    await card.getByRole('button').first().tap();
    for (const tab of tabs) {
      await page.getByRole('tab', { name: tab }).tap();
      await expect(page.getByRole('tabpanel')).toBeVisible();
      await expectNothingCutOff(page);
      await expectAccessible(page, tab);
      await keepScreenshot(page, `phone-${tab.toLowerCase()}`);
    }
    await page.getByRole('button', { name: 'Remove', exact: true }).tap();
    await page.getByRole('dialog').getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Remove and delete files' }).tap();
    await expect(page.getByText('No torrents yet')).toBeVisible();
    await expect.poll(() => world.downloaded()).toEqual([]);
  });
});
