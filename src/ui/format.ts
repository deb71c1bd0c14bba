/** Numbers as people read them. */

const fourDigits = new Intl.NumberFormat('en-US', {
  maximumSignificantDigits: 4,
  useGrouping: false
});

/** A number in about six characters: 0.0313, 5,210, 3.2e+7. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000 && size < 1e7) {
    return Math.round(value).toLocaleString('en-US');
  }
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) {
    return value.toExponential(2);
  }
  return String(Number(value.toPrecision(3)));
}

/** The same, or a dash where there is no number. */
export function shortOrNone(value: number | null): string {
  return value === null ? '–' : short(value);
}

/** Seconds as milliseconds, without their unit. */
export function milliseconds(seconds: number): string {
  return short(1000 * seconds);
}

/** A part of 1 in percent; small parts with a digit more. */
export function percent(part: number): string {
  return `${(100 * part).toFixed(part > 0 && part < 0.1 ? 1 : 0)} %`;
}

/** What an error says. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Seconds as 4.2 s, 3:05 or 2:03:05. */
export function duration(seconds: number): string {
  if (seconds < 60) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.floor(seconds);
  const pad = (part: number) => String(part).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = `${pad(whole % 60)}`;
  return hours ? `${hours}:${pad(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** Seconds as people plan with them: 90 s, 12.5 min or 24 h. */
export function span(seconds: number): string {
  if (seconds < 120) {
    return `${Math.round(seconds)} s`;
  }
  return seconds < 7200 ? `${short(seconds / 60)} min` : `${short(seconds / 3600)} h`;
}

/** Money as 1,234.50 USD; of small sums four digits, since an hour may cost less than one. */
export function dollars(amount: number): string {
  const cents = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  const text = amount >= 10 ? amount.toLocaleString('en-US', cents) : fourDigits.format(amount);
  return `${text} USD`;
}

/** Whole seconds that count down: 59 s, 1:00. */
export function countdown(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : duration(seconds);
}

/** Bytes as 0 B, 1 KiB, 9.45 MiB. */
export function byteSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [size, place] = [bytes, 0];
  while (size >= 1024 && place < units.length - 1) {
    size /= 1024;
    place += 1;
  }
  return `${short(size)} ${units[place]}`;
}
