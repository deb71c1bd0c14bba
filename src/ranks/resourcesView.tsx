/** What each rank uses of its machine, as charts over time. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { ILine } from '../charts/lines';
import { short } from '../ui/format';
import { JobFeed } from '../jobs/jobFeed';
import { lastValue, thinned } from '../charts/series';
import { SeriesTable } from '../charts/seriesTable';
import { ChartView } from '../charts/chartView';

const DRAWN_POINTS = 600;
const GIBIBYTE = 2 ** 30;

interface IResource {
  name: string;
  title: string;
  scale: number;
}

export function ResourcesView(props: { feed: JobFeed; trans: TranslationBundle }): JSX.Element {
  const { feed, trans } = props;
  const known: IResource[] = [
    { name: 'cpu_percent', title: trans.__('CPU (% of a core)'), scale: 1 },
    { name: 'memory_bytes', title: trans.__('Memory (GiB)'), scale: GIBIBYTE },
    { name: 'gpu_percent', title: trans.__('GPU (%)'), scale: 1 },
    { name: 'gpu_memory_bytes', title: trans.__('GPU memory (GiB)'), scale: GIBIBYTE }
  ];
  const names = feed.resources.names();
  const shown = known.filter(({ name }) => names.includes(name));
  if (shown.length === 0) {
    return (
      <p className="sdt-Note">
        {trans.__(
          'Processor and memory are looked at once a second, from the first second on.'
        )}
      </p>
    );
  }
  return (
    <div className="sdt-Page-charts">
      {shown.map(resource => (
        <ResourceChart key={resource.name} {...{ resource, trans }} table={feed.resources} />
      ))}
    </div>
  );
}

interface IResourceChartProps {
  resource: IResource;
  table: SeriesTable;
  trans: TranslationBundle;
}

function ResourceChart({ resource, table, trans }: IResourceChartProps): JSX.Element {
  const { name, title, scale } = resource;
  const lines = resourceLines(table, resource, trans);
  const now = [...table.byRank(name)].map(([rank, { values }]) =>
    trans.__('rank %1: %2', rank, short((lastValue(values) ?? 0) / scale))
  );
  return (
    <ChartView
      title={title}
      summary={`${title}: ${now.join(', ')}`}
      xLabel={trans.__('seconds')}
      lines={lines}
      trans={trans}
      height={180}
      fromZero
    />
  );
}

function resourceLines(
  table: SeriesTable,
  { name, scale }: IResource,
  trans: TranslationBundle
): ILine[] {
  const ranks = [...table.byRank(name)];
  const start = Math.min(...ranks.map(([, { times }]) => times[0]));
  return ranks.map(([rank, series]) => {
    const { times, values } = thinned(series, DRAWN_POINTS);
    return {
      label: trans.__('rank %1', rank),
      color: rank,
      xs: times.map(time => time - start),
      ys: values.map(value => (value === null ? null : value / scale))
    };
  });
}
