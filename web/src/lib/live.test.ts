import { describe, expect, it, vi } from 'vitest';
import { FakeStream } from '@/test/events';
import { Live } from './live';

const make = (stream: FakeStream, schedule: (draw: () => void) => void = (draw) => draw()) =>
  new Live<readonly string[]>({
    initial: [],
    reduce: (state, { data }) => [...state, data],
    onConnection: () => {},
    fetch: stream.fetch as typeof fetch,
    schedule,
  });

describe('Live', () => {
  it('is open only while somebody watches and the page is seen', async () => {
    const stream = new FakeStream();
    const live = make(stream);
    live.open('/events?offset=0');
    expect(stream.requests).toHaveLength(0);
    stream.willOpen();
    const unsubscribe = live.subscribe(() => {});
    await vi.waitFor(() => expect(stream.requests).toHaveLength(1));
    live.hide(true);
    stream.willOpen();
    live.hide(false);
    await vi.waitFor(() => expect(stream.requests).toHaveLength(2));
    unsubscribe();
    live.open('/events?offset=100');
    expect(stream.requests).toHaveLength(2);
  });

  it('shows events that come together once', async () => {
    const stream = new FakeStream();
    const draws: (() => void)[] = [];
    const live = make(stream, (draw) => draws.push(draw));
    let renders = 0;
    live.open('/events');
    stream.willOpen();
    const unsubscribe = live.subscribe(() => renders++);
    await vi.waitFor(() => expect(stream.requests).toHaveLength(1));
    await vi.waitFor(() => {
      stream.send('data: a\n\ndata: b\n\n');
      expect(draws).toHaveLength(1);
    });
    expect(live.get()).toEqual([]);
    draws[0]?.();
    expect(live.get().slice(0, 2)).toEqual(['a', 'b']);
    expect(renders).toBe(1);
    unsubscribe();
  });
});
