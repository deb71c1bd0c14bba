/** What a chart draws, whoever has made it. */

/** One line of a chart, x rising. */
export interface ILine {
  label: string;
  xs: readonly number[];
  ys: readonly (number | null)[];
  /** Behind another line: thin and pale. */
  faint?: boolean;
  /** A line that is not measured, such as an ideal. */
  dashed?: boolean;
  /** Few points, each of them worth a mark. */
  marked?: boolean;
  /** Place in the palette; -1 for a line that is only there to compare with. */
  color: number;
}
