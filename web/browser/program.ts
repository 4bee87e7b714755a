import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const cli = process.env.SPATE_CLI ?? fileURLToPath(new URL('../../src/Spate.Cli/bin/Release/net10.0/Spate.Cli.dll', import.meta.url));

/** A program that a test started, and what it wrote. */
export class Program {
  output = '';
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;

  constructor(command: string, args: string[], environment: Record<string, string> = {}) {
    this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
    const read = (chunk: Buffer) => {
      this.output += chunk.toString();
    };
    this.child.stdout?.on('data', read);
    this.child.stderr?.on('data', read);
    this.ended = new Promise((resolve) => {
      this.child.on('exit', () => resolve());
      this.child.on('error', (error) => {
        this.output += error.message;
        resolve();
      });
    });
  }

  static spate(args: string[], environment?: Record<string, string>): Program {
    return new Program('dotnet', [cli, ...args], environment);
  }

  /** Waits until the output matches; tells what was written when the program ended before. */
  async until(pattern: RegExp): Promise<RegExpMatchArray> {
    let isOver = false;
    void this.ended.then(() => {
      isOver = true;
    });
    for (let waited = 0; waited < 60_000; waited += 50) {
      const match = this.output.match(pattern);
      if (match) return match;
      if (isOver) throw new Error(`it ended before it wrote ${pattern}:\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`it did not write ${pattern} in a minute:\n${this.output}`);
  }

  /** Waits for its end, and returns what it wrote. */
  async result(): Promise<string> {
    await this.ended;
    if (this.child.exitCode !== 0) throw new Error(`it ended with ${this.child.exitCode}:\n${this.output}`);
    return this.output;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode === null) this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 20_000);
    await this.ended;
    clearTimeout(timer);
  }
}

/** A TCP port of loopback that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
