import { describe, expect, it } from 'vitest';
import { fromPoints } from './curves';
import { picture } from './picture';

function parsed(text: string): Document {
  return new DOMParser().parseFromString(text, 'image/svg+xml');
}

describe('the picture of a job', () => {
  it('has a line for each curve, and words', () => {
    const curves = [
      fromPoints('loss', [
        [0, 3],
        [1, 1]
      ]),
      fromPoints('samples/s', [[0, 10]])
    ];
    const drawn = parsed(picture(curves, 'falling'));
    expect(drawn.querySelectorAll('polyline')).toHaveLength(2);
    // A line of one point would be nothing.
    expect(drawn.querySelectorAll('circle')).toHaveLength(1);
    expect(drawn.documentElement.getAttribute('aria-label')).toBe('falling');
    expect(drawn.querySelector('parsererror')).toBeNull();
  });

  it('takes names as text, never as markup', () => {
    const name = '<script>alert(1)</script>"&';
    const drawn = parsed(picture([fromPoints(name, [[0, 1]])], name));
    expect(drawn.querySelector('script')).toBeNull();
    expect(drawn.documentElement.textContent).toContain(name);
  });

  it('marks where ranks were started anew', () => {
    const curve = fromPoints('loss', [
      [0, 3],
      [10, 1]
    ]);
    const drawn = parsed(picture([{ ...curve, marks: [5, 50] }], ''));
    const dashed = [...drawn.querySelectorAll('path[stroke-dasharray]')];
    expect(dashed.map(path => path.getAttribute('d'))).toEqual(['M190 28V146']);
  });

  it('bears curves without points', () => {
    expect(parsed(picture([fromPoints('loss', [])], '')).querySelector('polyline')).toBeNull();
  });
});
