/** One event of a `text/event-stream`. */
export interface StreamEvent {
  id: string;
  type: string;
  data: string;
}

/** Reads a `text/event-stream` from chunks of text, however they are cut. */
export class EventStreamParser {
  private rest = '';
  private type = '';
  private data: string[] = [];
  private id = '';
  private readonly onEvent: (event: StreamEvent) => void;

  constructor(onEvent: (event: StreamEvent) => void) {
    this.onEvent = onEvent;
  }

  push(chunk: string): void {
    let text = this.rest + chunk;
    // A CR at the very end may be the first half of a CRLF.
    const heldBack = text.endsWith('\r') ? '\r' : '';
    if (heldBack) text = text.slice(0, -1);
    const lines = text.split(/\r\n|\n|\r/);
    this.rest = (lines.pop() ?? '') + heldBack;
    for (const line of lines) this.readLine(line);
  }

  private readLine(line: string): void {
    if (line === '') {
      if (this.data.length > 0) this.onEvent({ id: this.id, type: this.type || 'message', data: this.data.join('\n') });
      this.type = '';
      this.data = [];
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment, which servers send to keep the connection open
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.type = value;
    else if (field === 'data') this.data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.id = value;
  }
}

export type ConnectionState = 'connecting' | 'open' | 'lost' | 'unauthorized';

export interface EventStreamOptions {
  url: string;
  onEvent: (event: StreamEvent) => void;
  onState: (state: ConnectionState) => void;
  /** Silence after which the connection counts as lost, in milliseconds; the server sends a comment more often than that. */
  silenceMs?: number;
  fetch?: typeof fetch;
  /** Waits before it connects again, in milliseconds; the last one repeats. */
  retryMs?: number[];
}

/** Keeps an event stream open: connects again when it breaks, and asks for what came after the last event it has. Returns what ends it. */
export function openEventStream(options: EventStreamOptions): () => void {
  const retryMs = options.retryMs ?? [250, 1000, 2000, 5000];
  const silenceMs = options.silenceMs ?? 45_000;
  const load = options.fetch ?? fetch;
  const ended = new AbortController();
  let lastId = '';
  let failures = 0;

  const readOnce = async (): Promise<'again' | 'unauthorized'> => {
    const attempt = new AbortController();
    const abort = () => attempt.abort();
    ended.signal.addEventListener('abort', abort);
    let silence = setTimeout(abort, silenceMs);
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream' };
      if (lastId) headers['Last-Event-ID'] = lastId;
      const response = await load(options.url, { headers, signal: attempt.signal, cache: 'no-store', credentials: 'same-origin' });
      if (response.status === 401 || response.status === 403) return 'unauthorized';
      if (!response.ok || !response.body) return 'again';
      options.onState('open');
      const parser = new EventStreamParser((event) => {
        options.onEvent(event);
        lastId = event.id || lastId;
        failures = 0;
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return 'again';
        clearTimeout(silence);
        silence = setTimeout(abort, silenceMs);
        parser.push(value);
      }
    } catch {
      return 'again'; // the network, or the silence's abort
    } finally {
      clearTimeout(silence);
      ended.signal.removeEventListener('abort', abort);
    }
  };

  const run = async () => {
    options.onState('connecting');
    while (!ended.signal.aborted) {
      const outcome = await readOnce();
      if (ended.signal.aborted) return;
      if (outcome === 'unauthorized') {
        options.onState('unauthorized');
        return;
      }
      options.onState('lost');
      const wait = retryMs[Math.min(failures++, retryMs.length - 1)] ?? 5000;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        ended.signal.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  };
  void run();
  return () => ended.abort();
}
