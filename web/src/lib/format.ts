const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Numbers, sizes, rates and times as a language writes them. */
export class Formatter {
  readonly locale: string;
  private readonly decimals: Intl.NumberFormat[];
  private readonly percents: Intl.NumberFormat[];
  private readonly dates: Intl.DateTimeFormat;
  private readonly moments: Intl.DateTimeFormat;
  private readonly clock: Intl.DateTimeFormat;
  private readonly relative: Intl.RelativeTimeFormat;
  private readonly units: Record<'day' | 'hour' | 'minute' | 'second', Intl.NumberFormat>;

  constructor(locale: string, timeZone?: string) {
    this.locale = locale;
    const digits = (count: number, style: 'decimal' | 'percent' = 'decimal') =>
      new Intl.NumberFormat(locale, { style, minimumFractionDigits: count, maximumFractionDigits: count });
    this.decimals = [digits(0), digits(1), digits(2)];
    this.percents = [digits(0, 'percent'), digits(1, 'percent')];
    this.dates = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone });
    this.moments = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium', timeZone });
    this.clock = new Intl.DateTimeFormat(locale, { timeStyle: 'medium', timeZone });
    // Made once: making one takes longer than thousand uses of it.
    const unit = (name: string) => new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'narrow' });
    this.units = { day: unit('day'), hour: unit('hour'), minute: unit('minute'), second: unit('second') };
    this.relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  }

  number(value: number, fractionDigits: 0 | 1 | 2 = 0): string {
    return (this.decimals[fractionDigits] as Intl.NumberFormat).format(value);
  }

  /** Three significant digits in binary units: 1.46 GiB, 23.4 MiB, 812 KiB. */
  bytes(value: number): string {
    let unit = 0;
    let scaled = Math.max(0, value);
    while (scaled >= 1023.5 && unit < byteUnits.length - 1) {
      scaled /= 1024;
      unit++;
    }
    const fractionDigits = unit === 0 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
    return `${this.number(scaled, fractionDigits)}\u00a0${byteUnits[unit]}`;
  }

  rate(bytesPerSecond: number): string {
    return `${this.bytes(bytesPerSecond)}/s`;
  }

  /** Part of a whole, 0 to 1. Rounded down, so that 100 % means all of it. */
  percent(part: number): string {
    const bounded = Math.min(1, Math.max(0, part));
    return bounded >= 1
      ? (this.percents[0] as Intl.NumberFormat).format(1)
      : (this.percents[1] as Intl.NumberFormat).format(Math.floor(bounded * 1000) / 1000);
  }

  /** The two largest units of a time span: 3d 4h, 12m 5s. */
  duration(seconds: number): string {
    const whole = Math.max(0, Math.round(seconds));
    const parts: [number, keyof typeof this.units][] = [
      [Math.floor(whole / 86400), 'day'],
      [Math.floor(whole / 3600) % 24, 'hour'],
      [Math.floor(whole / 60) % 60, 'minute'],
      [whole % 60, 'second'],
    ];
    const first = parts.findIndex(([count]) => count > 0);
    const shown = first < 0 ? parts.slice(3) : parts.slice(first, first + 2).filter(([count], index) => index === 0 || count > 0);
    return shown.map(([count, unit]) => this.units[unit].format(count)).join(' ');
  }

  date(time: Date): string {
    return this.dates.format(time);
  }

  /** To the second. */
  moment(time: Date): string {
    return this.moments.format(time);
  }

  timeOfDay(time: Date): string {
    return this.clock.format(time);
  }

  /** How far a moment is from now: "5 minutes ago", "in 20 seconds". */
  fromNow(time: Date, now: Date): string {
    const seconds = (time.getTime() - now.getTime()) / 1000;
    const size = Math.abs(seconds);
    if (size < 60) return this.relative.format(Math.round(seconds), 'second');
    if (size < 3600) return this.relative.format(Math.round(seconds / 60), 'minute');
    if (size < 86400) return this.relative.format(Math.round(seconds / 3600), 'hour');
    return this.relative.format(Math.round(seconds / 86400), 'day');
  }
}
