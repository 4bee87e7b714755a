import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { expect, test } from './world';

const count = 10_000;
const atATime = 100;
/** Seconds in which nothing happens; a minute when figures for bench/README.md are wanted. */
const idleSeconds = Number(process.env.SPATE_IDLE_SECONDS ?? 15);

/** The smallest torrent there is: one file of one piece. */
function metainfo(index: number): string {
  const name = `torrent number ${index} of many.bin`;
  const pieces = createHash('sha1').update(String(index)).digest();
  const head = Buffer.from(`d4:infod6:lengthi${1000 + index}e4:name${name.length}:${name}12:piece lengthi16384e6:pieces20:`);
  return Buffer.concat([head, pieces, Buffer.from('ee')]).toString('base64');
}

test('shows ten thousand torrents', async ({ world, loggedIn: page, browser }) => {
  await page.evaluate(
    async ({ batches }) => {
      for (const metainfo of batches) {
        const answer = await fetch('api/v1/torrents', {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ metainfo, options: { paused: true } }),
        });
        if (!answer.ok) throw new Error(await answer.text());
      }
    },
    {
      batches: Array.from({ length: count / atATime }, (_, batch) =>
        Array.from({ length: atATime }, (__, index) => metainfo(batch * atATime + index)),
      ),
    },
  );

  // A browser that has nothing yet, as after the first start.
  const context = await browser.newContext({ storageState: await page.context().storageState() });
  const fresh = await context.newPage();
  const devtools = await context.newCDPSession(fresh);
  await devtools.send('Network.enable');
  let received = 0;
  devtools.on('Network.dataReceived', ({ dataLength }) => {
    received += dataLength;
  });
  await fresh.addInitScript(() => {
    const tasks: number[] = [];
    Object.assign(window, { longTasks: tasks });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration);
    }).observe({ type: 'longtask', buffered: true });
  });
  await fresh.goto(world.address);
  const grid = fresh.getByRole('grid', { name: 'Torrents' });
  await expect(grid.getByRole('row').filter({ hasText: 'torrent number' }).first()).toBeVisible();
  const firstRowsMs = await fresh.evaluate(() => performance.now());
  await expect(grid).toHaveAttribute('aria-rowcount', String(count + 1));
  const loaded = received;

  await fresh.waitForTimeout(1000);
  await fresh.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks.splice(0));
  await grid.hover();
  for (let step = 0; step < 100; step++) {
    await fresh.mouse.wheel(0, 600);
    await fresh.waitForTimeout(16);
  }
  const longTasks = await fresh.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks.splice(0));
  // Only what is in view is in the document, and what was scrolled to comes.
  expect(await grid.getByRole('row').count()).toBeLessThan(80);
  await fresh.locator('[role=grid] [role=row]').nth(1).focus();
  await fresh.keyboard.press('End');
  await expect(grid.locator(`[aria-rowindex="${count + 1}"]`)).toBeFocused();
  await fresh.keyboard.press('Control+a');
  await expect(fresh.getByText('10,000 chosen')).toBeVisible();

  // The list as a whole never travels, whatever is looked at.
  expect(received - loaded).toBeLessThan(4_000_000);
  await fresh.waitForTimeout(2000);
  const before = received;
  await fresh.waitForTimeout(idleSeconds * 1000);
  const idleBytes = received - before;
  expect(idleBytes).toBeLessThan((200_000 * idleSeconds) / 60);

  await devtools.send('HeapProfiler.enable');
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  const figures = {
    firstRowsMs: Math.round(firstRowsMs),
    loadedBytes: loaded,
    longTasksWhileScrolling: longTasks.map(Math.round),
    idleSeconds,
    idleBytes,
    heapBytes: usedSize,
  };
  await writeFile('test-results/many.json', JSON.stringify(figures, null, 2));
  await context.close();
});
