import { type ConnectionState, openEventStream, type StreamEvent } from './eventStream';

export interface LiveOptions<State> {
  /** The state before the first snapshot. */
  initial: State;
  /** What an event makes of the state. */
  reduce: (state: State, event: StreamEvent) => State;
  onConnection: (state: ConnectionState) => void;
  fetch?: typeof fetch;
  /** Runs a function when the screen is next drawn; events that came until then are shown together. */
  schedule?: (draw: () => void) => void;
}

/**
 * A state that an event stream keeps up to date. Changing the address opens another stream and keeps what is there until its snapshot
 * comes. While nobody watches, or the page is hidden, no stream is open.
 */
export class Live<State> {
  private state: State;
  private shown: State;
  private url: string | null = null;
  private close: (() => void) | null = null;
  private readonly listeners = new Set<() => void>();
  private scheduled = false;
  private isHidden = false;
  private readonly options: LiveOptions<State>;

  constructor(options: LiveOptions<State>) {
    this.options = options;
    this.state = options.initial;
    this.shown = options.initial;
  }

  get = (): State => this.shown;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    this.update();
    return () => {
      this.listeners.delete(listener);
      this.update();
    };
  };

  /** Reads from here from now on; null closes the stream. */
  open(url: string | null): void {
    if (url === this.url) return;
    this.url = url;
    this.close?.();
    this.close = null;
    this.update();
  }

  /** Nobody sees the page: browsers allow only few connections to one server, and each open stream takes one. */
  hide(isHidden: boolean): void {
    this.isHidden = isHidden;
    this.update();
  }

  /** Changes the state by hand, such as to the initial one. */
  set(state: State): void {
    this.state = state;
    this.show();
  }

  private update(): void {
    const wanted = this.url !== null && this.listeners.size > 0 && !this.isHidden;
    if (!wanted) {
      this.close?.();
      this.close = null;
    } else if (!this.close && this.url !== null) {
      this.close = openEventStream({
        url: this.url,
        onEvent: (event) => {
          this.state = this.options.reduce(this.state, event);
          this.show();
        },
        onState: this.options.onConnection,
        fetch: this.options.fetch,
      });
    }
  }

  private show(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    (this.options.schedule ?? requestAnimationFrame)(() => {
      this.scheduled = false;
      if (this.shown === this.state) return;
      this.shown = this.state;
      for (const listener of this.listeners) listener();
    });
  }
}
