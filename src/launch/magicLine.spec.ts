import { describe, expect, it } from 'vitest';
import { quoteWord, readFlags, splitWords, writeFlags } from './magicLine';

describe('a line', () => {
  it.each([
    ['--a 1  --b', ['--a', '1', '--b']],
    [`--hp 'a b' "c d"e`, ['--hp', 'a b', 'c de']],
    [String.raw`a\ b "c\"d" 'e\f' "g\h"`, ['a b', 'c"d', String.raw`e\f`, String.raw`g\h`]],
    [`''`, ['']],
    ['', []]
  ])('%s is cut as a shell would', (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });

  it.each(['a', 'a b', "it's", '"', '', 'a\\b', '{"a": 1}', '$x', 'lr=0.1'])(
    'gives %s back',
    word => {
      expect(splitWords(`--x ${quoteWord(word)} y`)).toEqual(['--x', word, 'y']);
    }
  );

  it('is quoted only where it must be', () => {
    expect(quoteWord('lr=0.1,./a:b')).toBe('lr=0.1,./a:b');
    expect(quoteWord("it's")).toBe(`'it'"'"'s'`);
  });

  it('needs quotes in pairs', () => {
    expect(() => splitWords("--hp 'a")).toThrow('pairs');
  });

  it('is read into flags and written again', () => {
    const flags = readFlags('--processes=2 --no-wait --hp a=b=c --name x', flag =>
      ['--no-wait'].includes(flag)
    );
    expect(flags).toEqual([
      { flag: '--processes', text: '2' },
      { flag: '--no-wait', text: null },
      { flag: '--hp', text: 'a=b=c' },
      { flag: '--name', text: 'x' }
    ]);
    expect(writeFlags(flags)).toBe('--processes 2 --no-wait --hp a=b=c --name x');
  });

  it('that ends too early is kept for the server to refuse', () => {
    expect(readFlags('stray --name', () => false)).toEqual([
      { flag: 'stray', text: null },
      { flag: '--name', text: null }
    ]);
  });
});
