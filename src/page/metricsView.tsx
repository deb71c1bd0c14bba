/** Every metric of a job as a chart, and how they are drawn. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { JobFeed } from '../jobs/jobFeed';
import { IChartChoice, IMetricLines, metricLines, metricNames } from '../charts/pageLines';
import { curveSummary, curveTitle } from '../jobs/words';
import { ChartView } from '../charts/chartView';
import { useSignalFrames } from '../ui/hooks';
import { useKept } from '../ui/kept';
import { ChartControls } from '../charts/chartControls';
import { MANY_METRICS, MetricChooser } from '../charts/metricChooser';

interface IMetricsProps {
  feed: JobFeed;
  trans: TranslationBundle;
  /** How curves are drawn at first. */
  choice: Partial<IChartChoice>;
  showPoints: boolean;
}

const INITIAL: IChartChoice = { x: 'step', smoothing: 0, logarithmic: false, byRank: false };

export function MetricsView({ feed, trans, showPoints, ...props }: IMetricsProps): JSX.Element {
  const frames = useSignalFrames(feed.changed);
  const [choice, setChoice] = useKept('choice', { ...INITIAL, ...props.choice });
  const [hidden, setHidden] = useKept<ReadonlySet<string>>('hidden', new Set());
  const names = React.useMemo(() => metricNames(feed.table), [feed, frames]);
  const metrics = React.useMemo(
    () => metricLines(feed.table, choice, hidden),
    [feed, choice, hidden, frames]
  );
  return (
    <>
      <ChartControls choice={choice} onChange={setChoice} trans={trans} />
      {names.length > MANY_METRICS && (
        <MetricChooser {...{ names, hidden, trans }} onChange={setHidden} />
      )}
      <div className="sdt-Page-charts">
        {metrics.map(metric => (
          <MetricChart key={metric.name} {...{ metric, choice, trans, showPoints }} />
        ))}
      </div>
      {names.length === 0 && (
        <p className="sdt-Note">
          {feed.phase === 'following'
            ? trans.__('Waiting for the first step')
            : trans.__('Nothing was recorded.')}
        </p>
      )}
    </>
  );
}

interface IMetricChartProps {
  metric: IMetricLines;
  choice: IChartChoice;
  trans: TranslationBundle;
  showPoints: boolean;
}

function MetricChart({ metric, choice, trans, showPoints }: IMetricChartProps): JSX.Element {
  const { name, combined: series, lines, marks } = metric;
  const named = choice.byRank
    ? lines.map(line => ({ ...line, label: trans.__('rank %1', line.label) }))
    : lines;
  return (
    <ChartView
      title={curveTitle({ name, series })}
      summary={curveSummary({ name, series, marks }, trans)}
      xLabel={choice.x === 'step' ? trans.__('step') : trans.__('seconds')}
      lines={named}
      marks={marks}
      trans={trans}
      height={210}
      logarithmic={choice.logarithmic}
      showPoints={showPoints}
    />
  );
}
