/** The colours of one theme, as `#rrggbb`. */
export interface Theme {
  readonly background: string;
  /** Behind samples, code and the bands of tables. */
  readonly surface: string;
  readonly text: string;
  /** Captions, labels of axes. */
  readonly quietText: string;
  readonly rule: string;
  readonly accent: string;
  /**
   * Colours of series, in order. Each stands out from the background (contrast 3 : 1 or more) and from every other one for
   * eyes with protanopia, deuteranopia and tritanopia too: found by a search that made the least distance in OKLab, under
   * the simulations of Machado, Oliveira and Fernandes (2009), as large as it gets.
   */
  readonly series: readonly string[];
}

export const lightTheme: Theme = {
  background: '#ffffff',
  surface: '#f5f7f9',
  text: '#1b2228',
  quietText: '#56616b',
  rule: '#dde2e7',
  accent: '#2463b5',
  series: ['#2463b5', '#e56600', '#1da47a', '#b1007d', '#685400', '#27353c'],
};

export const darkTheme: Theme = {
  background: '#14171c',
  surface: '#1d2229',
  text: '#e4e8ec',
  quietText: '#9aa5b0',
  rule: '#323a44',
  accent: '#6cb4f2',
  series: ['#6cb4f2', '#d4701b', '#439c76', '#ff6cb4', '#e3c34a', '#bbe8d8'],
};

/** A theme as custom properties of CSS. */
export function themeProperties(theme: Theme): string {
  const { series, ...named } = theme;
  const properties = Object.entries(named).map(([name, colour]) => `--${name}:${colour};`);
  return [...properties, ...series.map((colour, index) => `--series${index}:${colour};`)].join('');
}
