import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addAll, type Small } from './small';
import { expect, test } from './world';

const count = 10_000;
const atATime = 100;
/** Seconds in which nothing happens; a minute when figures for bench/README.md are wanted. */
const idleSeconds = Number(process.env.SPATE_IDLE_SECONDS ?? 10);

const small = (index: number): Small => ({
  name: `torrent number ${index} of many.bin`,
  content: Buffer.alloc(16, String(index)),
  tracker: `http://tracker${index % 5}.invalid/announce`,
});

// A trace writes down the whole document at each step, which takes longer than what is measured.
test.use({ trace: 'off' });

test('shows ten thousand torrents', async ({ world, loggedIn: page, browser }) => {
  // Ten thousand are added, which takes minutes where others want the processor too.
  test.setTimeout(600_000);
  // Half of them paused, half seeding; their trackers can't be found.
  await page.evaluate(() =>
    fetch('api/v1/settings', {
      method: 'PATCH',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ queue: { enabled: false } }),
    }),
  );
  for (let from = 0; from < count; from += atATime) {
    const torrents = Array.from({ length: atATime }, (_, at) => small(from + at));
    const isPaused = (from / atATime) % 2 === 0;
    if (!isPaused) await Promise.all(torrents.map(({ name, content }) => writeFile(join(world.downloads, name), content)));
    await addAll(page, torrents, { paused: isPaused, skipCheck: true, category: `category ${from % 7}`, tags: [`tag ${from % 3}`] });
  }

  // A browser that has nothing yet, as after the first start.
  const context = await browser.newContext({ storageState: await page.context().storageState() });
  const fresh = await context.newPage();
  const devtools = await context.newCDPSession(fresh);
  await devtools.send('Network.enable');
  let received = 0;
  // Event streams as they come; all else as it was on the wire.
  const streams = new Set<string>();
  devtools.on('Network.responseReceived', ({ requestId, response }) => {
    if (response.mimeType === 'text/event-stream') streams.add(requestId);
  });
  devtools.on('Network.dataReceived', ({ requestId, dataLength }) => {
    if (streams.has(requestId)) received += dataLength;
  });
  devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (!streams.has(requestId)) received += encodedDataLength;
  });
  await fresh.addInitScript(() => {
    const tasks: number[] = [];
    Object.assign(window, { longTasks: tasks, firstRowsMs: 0 });
    new MutationObserver((_, observer) => {
      if (!document.querySelector('[role=row][data-row]')) return;
      observer.disconnect();
      // After the frame that shows them.
      requestAnimationFrame(() => setTimeout(() => Object.assign(window, { firstRowsMs: performance.now() })));
    }).observe(document, { subtree: true, childList: true });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration);
    }).observe({ type: 'longtask', buffered: true });
  });
  await fresh.goto(world.address);
  const grid = fresh.getByRole('grid', { name: 'Torrents' });
  await expect(grid.getByRole('row').filter({ hasText: 'torrent number' }).first()).toBeVisible();
  await expect(grid).toHaveAttribute('aria-rowcount', String(count + 1));
  const loaded = received;
  const firstRowsMs = await fresh.evaluate(() => (window as unknown as { firstRowsMs: number }).firstRowsMs);

  await fresh.waitForTimeout(1000);
  await fresh.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks.splice(0));
  await grid.hover();
  for (let step = 0; step < 100; step++) {
    await fresh.mouse.wheel(0, 600);
    await fresh.waitForTimeout(16);
  }
  const longTasks = await fresh.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks.splice(0));
  const scrolled = received;
  // Only what is in view is in the document, and what was scrolled to comes.
  expect(await grid.getByRole('row').count()).toBeLessThan(80);
  await expect(grid.locator('[aria-busy]')).toHaveCount(0);
  await grid.locator('[data-row]').first().focus();
  await fresh.keyboard.press('End');
  await expect(grid.locator(`[aria-rowindex="${count + 1}"]`)).toBeFocused();
  await fresh.keyboard.press('Control+a');
  await expect(fresh.getByText('10,000 chosen')).toBeVisible();

  // The list as a whole never travels: going to its end and choosing all of it takes what is in view there.
  expect(received - scrolled).toBeLessThan(1_000_000);
  await fresh.waitForTimeout(2000);
  const before = received;
  await fresh.waitForTimeout(idleSeconds * 1000);
  const idleBytes = received - before;
  expect(idleBytes).toBeLessThan((200_000 * idleSeconds) / 60);

  await devtools.send('HeapProfiler.enable');
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  expect(usedSize).toBeLessThan(250_000_000);
  const figures = {
    firstRowsMs: Math.round(firstRowsMs),
    loadedBytes: loaded,
    longTasksWhileScrolling: longTasks.map(Math.round),
    scrolledBytes: scrolled - loaded,
    idleSeconds,
    idleBytes,
    heapBytes: usedSize,
  };
  await writeFile('test-results/many.json', JSON.stringify(figures, null, 2));
  await context.close();
});
