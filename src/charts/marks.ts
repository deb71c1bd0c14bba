/** Places on a chart's x axis where something happened, as dashed lines from top to bottom. */
import uPlot from 'uplot';
import { themeColor } from './theme';

const [DASH, WIDTH] = [3, 1];

/** Draw them over what uPlot has drawn; those out of sight are left out. */
export function drawMarks(plot: uPlot, marks: readonly number[]): void {
  const { ctx, bbox } = plot;
  const seen = marks
    .map(mark => plot.valToPos(mark, 'x', true))
    .filter(x => x >= bbox.left && x <= bbox.left + bbox.width);
  ctx.save();
  ctx.strokeStyle = themeColor('--jp-ui-font-color2', '#666');
  ctx.lineWidth = WIDTH * devicePixelRatio;
  ctx.setLineDash([DASH * devicePixelRatio, DASH * devicePixelRatio]);
  for (const x of seen) {
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
