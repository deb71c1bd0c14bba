/** The flags of a magic line as words, quoted as a shell would. Pure. */

/** One flag; `text` is null for a switch. */
export interface IFlagWord {
  flag: string;
  text: string | null;
}

/** Quotes that do not come in pairs. */
class MagicLineError extends Error {}

const SAFE = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** The words of a line, as Python's `shlex.split` cuts them. Throws MagicLineError. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let place = 0; place < line.length; place++) {
    const sign = line[place];
    const escapes =
      sign === '\\' && (quote === '' || (quote === '"' && isEscaped(line, place)));
    if (escapes) {
      word = (word ?? '') + (line[++place] ?? '');
    } else if (quote) {
      word = sign === quote ? word : (word ?? '') + sign;
      quote = sign === quote ? '' : quote;
    } else if (sign === '"' || sign === "'") {
      quote = sign;
      word = word ?? '';
    } else if (/\s/.test(sign)) {
      words.push(...(word === null ? [] : [word]));
      word = null;
    } else {
      word = (word ?? '') + sign;
    }
  }
  if (quote) {
    throw new MagicLineError('quotes must come in pairs');
  }
  return word === null ? words : [...words, word];
}

/** A word that `splitWords` gives back, as Python's `shlex.quote` writes it. */
export function quoteWord(text: string): string {
  return SAFE.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** The flags of a line; `isSwitch` tells those that take no value. Throws MagicLineError. */
export function readFlags(line: string, isSwitch: (flag: string) => boolean): IFlagWord[] {
  const words = splitWords(line);
  const flags: IFlagWord[] = [];
  while (words.length > 0) {
    const [flag, ...rest] = words.shift()!.split('=');
    if (rest.length > 0) {
      flags.push({ flag, text: rest.join('=') });
    } else if (isSwitch(flag) || !flag.startsWith('--')) {
      flags.push({ flag, text: null });
    } else {
      flags.push({ flag, text: words.shift() ?? null });
    }
  }
  return flags;
}

/** The line of these flags. */
export function writeFlags(flags: readonly IFlagWord[]): string {
  const words = flags.map(({ flag, text }) =>
    text === null ? flag : `${flag} ${quoteWord(text)}`
  );
  return words.join(' ');
}

/** Within double quotes a backslash means itself, but before these two. */
function isEscaped(line: string, place: number): boolean {
  return ['"', '\\'].includes(line[place + 1]);
}
