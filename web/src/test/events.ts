import type { StreamEvent } from '@/lib/eventStream';

/** An event as the stream brings it. */
export const event = (type: string, data: unknown, id = '1'): StreamEvent => ({ type, data: JSON.stringify(data), id });

/** A daemon of one address: each call of `fetch` gets the next answer, and keeps it open until the test ends it. */
export class FakeStream {
  readonly requests: { url: string; lastEventId: string | null }[] = [];
  private readonly answers: (() => Response)[] = [];
  private controller: ReadableStreamDefaultController<Uint8Array> | null = null;

  readonly fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    this.requests.push({ url: String(url), lastEventId: new Headers(init?.headers).get('Last-Event-ID') });
    const answer = this.answers.shift();
    if (!answer) throw new TypeError('nobody listens');
    init?.signal?.addEventListener('abort', () => this.controller?.error(new DOMException('aborted', 'AbortError')), { once: true });
    return answer();
  };

  /** The next request gets a stream. */
  willOpen(): void {
    this.answers.push(
      () =>
        new Response(
          new ReadableStream<Uint8Array>({
            start: (controller) => {
              this.controller = controller;
            },
          }),
          { headers: { 'Content-Type': 'text/event-stream' } },
        ),
    );
  }

  willAnswer(status: number): void {
    this.answers.push(() => new Response(null, { status }));
  }

  send(text: string): void {
    this.controller?.enqueue(new TextEncoder().encode(text));
  }

  end(): void {
    this.controller?.close();
  }
}
