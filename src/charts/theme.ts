/** The theme's colours as they are now, each read once per theme: reading makes the page lay out. */

/** Theme variables, told apart by hue and by lightness, in order of use. */
const PALETTE: [variable: string, fallback: string][] = [
  ['--jp-brand-color1', '#1976d2'],
  ['--jp-warn-color1', '#e65100'],
  ['--jp-success-color1', '#2e7d32'],
  ['--md-purple-400', '#ab47bc'],
  ['--jp-error-color1', '#c62828'],
  ['--md-cyan-700', '#0097a7']
];

const known = new Map<string, string>();
let knownOf = '';

/** A theme variable as it is now. */
export function themeColor(variable: string, fallback: string): string {
  const theme = currentTheme();
  if (theme !== knownOf) {
    known.clear();
    knownOf = theme;
  }
  const before = known.get(variable);
  if (before !== undefined) {
    return before || fallback;
  }
  const value = getComputedStyle(document.body).getPropertyValue(variable).trim();
  if (theme) {
    known.set(variable, value);
  }
  return value || fallback;
}

/** The colour of a place in the palette; a quiet one below 0. */
export function lineColor(place: number): string {
  if (place < 0) {
    return themeColor('--jp-ui-font-color2', '#757575');
  }
  return themeColor(...PALETTE[place % PALETTE.length]);
}

/** The theme's name and what the user has overridden of it; empty while none is loaded. */
function currentTheme(): string {
  const name = document.body.getAttribute('data-jp-theme-name');
  return name ? `${name} ${document.documentElement.getAttribute('style') ?? ''}` : '';
}
