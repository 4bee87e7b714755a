import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test as base, expect, type Page } from '@playwright/test';
import { freePort, Program } from './program';

/** A name as strangers write it: it is to be seen as this text, not as the characters that HTML would make of it. */
export const contentName = 'Sample &amp; &lt;b&gt;bold';
/** The first file, of whole pieces: no piece of it reaches into the next. */
export const bigFile = 'a video.bin';
const mebibyte = 1 << 20;

/** A daemon with its tracker and a seeder, in a folder of its own. */
export class World {
  readonly folder: string;
  readonly downloads: string;
  readonly torrentFile: string;
  magnet = '';
  address = '';
  private token = '';
  private readonly programs: Program[] = [];
  private daemon: Program | null = null;
  private daemonPort = 0;
  private announce = '';

  private constructor(folder: string) {
    this.folder = folder;
    this.downloads = join(folder, 'downloads');
    this.torrentFile = join(folder, 'sample.torrent');
  }

  static async create(): Promise<World> {
    const world = new World(await mkdtemp(join(tmpdir(), 'spate-browser-')));
    await mkdir(world.downloads);
    world.daemonPort = await freePort();
    await world.startDaemon();
    return world;
  }

  /** Starts the daemon, again after `stopDaemon` too, and takes its one-time link. */
  async startDaemon(): Promise<void> {
    const folders = ['--state', join(this.folder, 'state'), '--downloads', this.downloads];
    // No packet leaves this machine.
    const alone = ['--peer-listen', '127.0.0.1:0', '--no-dht', '--no-lsd'];
    this.daemon = Program.spate(['serve', '--port', String(this.daemonPort), ...folders, ...alone]);
    const [, link = ''] = await this.daemon.until(/(https?:\/\/\S*token=\S+)/);
    const url = new URL(link);
    this.address = `${url.origin}${url.pathname}`;
    this.token = link;
  }

  async stopDaemon(): Promise<void> {
    await this.daemon?.stop();
    this.daemon = null;
  }

  /** The one-time link as the daemon printed it. */
  get link(): string {
    return this.token;
  }

  /** Makes content, a tracker for it, and a transmission-daemon that seeds it: as fast as it can, or at some rate in KiB/s. */
  async seed(rate?: number): Promise<void> {
    const tracker = Program.spate(['tracker', '--listen', '127.0.0.1', '--port', '0', '--interval', '1']);
    this.programs.push(tracker);
    [this.announce = ''] = await tracker.until(/http:\/\/\S+\/announce/);
    const content = join(this.folder, 'content', contentName);
    await this.write(join(content, bigFile), 4 * mebibyte);
    await this.write(join(content, 'extras', 'poster.bin'), mebibyte);
    await this.write(join(content, 'extras', 'readme.txt'), 1000);
    await Program.spate(['create', content, '-t', this.announce, '-o', this.torrentFile]).result();
    const magnet = await Program.spate(['magnet', this.torrentFile]).result();
    this.magnet = magnet.match(/magnet:\S+/)?.[0] ?? '';
    await this.startSeeder(rate);
  }

  private async startSeeder(rate?: number): Promise<void> {
    const home = join(this.folder, 'transmission');
    const watched = join(this.folder, 'watched');
    await mkdir(home, { recursive: true });
    await mkdir(watched, { recursive: true });
    const port = await freePort();
    const settings = {
      'download-dir': join(this.folder, 'content'),
      'watch-dir': watched,
      'watch-dir-enabled': true,
      'bind-address-ipv4': '127.0.0.1',
      'peer-port': port,
      'rpc-enabled': false,
      'dht-enabled': false,
      'lpd-enabled': false,
      'utp-enabled': false,
      'port-forwarding-enabled': false,
      'idle-seeding-limit-enabled': false,
      'ratio-limit-enabled': false,
      'speed-limit-up': rate ?? 0,
      'speed-limit-up-enabled': rate !== undefined,
    };
    await writeFile(join(home, 'settings.json'), JSON.stringify(settings));
    await writeFile(join(watched, 'sample.torrent'), await readFile(this.torrentFile));
    this.programs.push(new Program('transmission-daemon', ['--foreground', '--config-dir', home], { TRANSMISSION_HOME: home }));
    // It is there when it has told the tracker: one that has everything.
    const hash = this.magnet.match(/btih:([0-9a-f]{40})/)?.[1] ?? '';
    const scrape = `${this.announce.replace('/announce', '/scrape')}?info_hash=${hash.replace(/../g, '%$&')}`;
    await expect.poll(async () => (await fetch(scrape)).text(), { timeout: 60_000 }).toContain('8:completei1e');
  }

  /** Bytes that differ everywhere, the same in each run. */
  private async write(path: string, length: number): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const bytes = Buffer.alloc(length);
    let state = length >>> 0;
    for (let index = 0; index + 4 <= length; index += 4) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      bytes.writeUInt32LE(state, index);
    }
    await writeFile(path, bytes);
  }

  /** All files that were downloaded, below the download folder. */
  async downloaded(): Promise<string[]> {
    const entries = await readdir(this.downloads, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(this.downloads.length + 1));
  }

  async close(): Promise<void> {
    await this.daemon?.stop();
    await Promise.all(this.programs.map((program) => program.stop()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** What the page complained of: nothing may be refused by the content security policy, and nothing may fail. */
export function watchProblems(page: Page): string[] {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    // A refused request is said by the browser itself; tests that cause one look at its effect.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) problems.push(message.text());
  });
  page.on('dialog', (dialog) => {
    problems.push(`a dialog of the browser: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return problems;
}

/** A test with a world of its own, and a page that is logged in by the one-time link. */
export const test = base.extend<{ world: World; problems: string[]; loggedIn: Page }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads what a fixture needs from this pattern.
  world: async ({}, use) => {
    const world = await World.create();
    await use(world);
    await world.close();
  },
  problems: async ({ page }, use) => {
    const problems = watchProblems(page);
    await use(problems);
    expect(problems).toEqual([]);
  },
  loggedIn: async ({ page, world, problems }, use) => {
    expect(problems).toEqual([]);
    await page.goto(world.link);
    await expect(page.getByRole('navigation', { name: 'Pages' })).toBeVisible();
    await use(page);
  },
});

export { expect };

/** Lets go of a file over the page, as a person who drags it there. */
export async function drop(page: Page, path: string): Promise<void> {
  const bytes = [...(await readFile(path))];
  const data = await page.evaluateHandle((content) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(content)], 'sample.torrent', { type: 'application/x-bittorrent' }));
    return transfer;
  }, bytes);
  for (const type of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent('body', type, { dataTransfer: data });
}
