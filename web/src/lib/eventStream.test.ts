import { afterEach, describe, expect, it, vi } from 'vitest';
import { FakeStream } from '@/test/events';
import { EventStreamParser, openEventStream, type StreamEvent } from './eventStream';

const parse = (...chunks: string[]): StreamEvent[] => {
  const events: StreamEvent[] = [];
  const parser = new EventStreamParser((event) => events.push(event));
  for (const chunk of chunks) parser.push(chunk);
  return events;
};

describe('EventStreamParser', () => {
  it('reads fields, several lines of data, and leaves comments out', () => {
    expect(parse(': hello\nid: 7\nevent: patch\ndata: {"a":1,\ndata:  "b":2}\n\n')).toEqual([
      { id: '7', type: 'patch', data: '{"a":1,\n "b":2}' },
    ]);
  });

  it('gives the same events however the text is cut', () => {
    const text = 'id: 1\r\nevent: a\r\ndata: x\r\n\r\ndata: y\rdata: z\r\r: c\n\nid: 2\ndata: w\n\n';
    const whole = parse(text);
    expect(whole.map(({ data }) => data)).toEqual(['x', 'y\nz', 'w']);
    for (let cut = 1; cut < text.length; cut++) expect(parse(text.slice(0, cut), text.slice(cut))).toEqual(whole);
    expect(parse(...text)).toEqual(whole);
  });

  it('keeps the last id for events without one, and gives no event without data', () => {
    expect(parse('id: 5\ndata: a\n\ndata: b\n\nevent: c\n\n')).toEqual([
      { id: '5', type: 'message', data: 'a' },
      { id: '5', type: 'message', data: 'b' },
    ]);
  });
});

describe('openEventStream', () => {
  let close = () => {};
  afterEach(() => close());

  const open = (stream: FakeStream, silenceMs?: number) => {
    const events: string[] = [];
    const states: string[] = [];
    close = openEventStream({
      url: '/events',
      onEvent: ({ data }) => events.push(data),
      onState: (state) => states.push(state),
      fetch: stream.fetch as typeof fetch,
      retryMs: [1],
      silenceMs,
    });
    return { events, states };
  };

  it('connects again after a break, and asks for what came after the last event', async () => {
    const stream = new FakeStream();
    stream.willOpen();
    const { events, states } = open(stream);
    await vi.waitFor(() => expect(states).toContain('open'));
    stream.send('id: 41\ndata: one\n\nid: 42\ndata: two\n\n');
    await vi.waitFor(() => expect(events).toEqual(['one', 'two']));
    stream.willAnswer(503);
    stream.willOpen();
    stream.end();
    await vi.waitFor(() => expect(states.filter((state) => state === 'open')).toHaveLength(2));
    expect(states).toEqual(['connecting', 'open', 'lost', 'lost', 'open']);
    expect(stream.requests.map(({ lastEventId }) => lastEventId)).toEqual([null, '42', '42']);
  });

  it('counts a silent connection as lost', async () => {
    const stream = new FakeStream();
    stream.willOpen();
    stream.willOpen();
    const { states } = open(stream, 20);
    await vi.waitFor(() => expect(states.filter((state) => state === 'open')).toHaveLength(2));
    expect(states).toContain('lost');
  });

  it('stops when the login has ended', async () => {
    const stream = new FakeStream();
    stream.willAnswer(401);
    const { states } = open(stream);
    await vi.waitFor(() => expect(states).toEqual(['connecting', 'unauthorized']));
    expect(stream.requests).toHaveLength(1);
  });
});
