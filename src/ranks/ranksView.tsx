/** Every rank of a job: where it is, how fast, and what it uses. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IRank } from '../api/models';
import { JobFeed } from '../jobs/jobFeed';
import { useSignalFrames } from '../ui/hooks';
import { isNotable, meansByRank, stepGrid, straggler } from './heatMap';
import { HeatMapView } from './heatMapView';
import { RanksTable } from './ranksTable';
import { ResourcesView } from './resourcesView';

interface IRanksProps {
  feed: JobFeed;
  ranks: readonly IRank[];
  trans: TranslationBundle;
}

export function RanksView({ feed, ranks, trans }: IRanksProps): JSX.Element {
  const frames = useSignalFrames(feed.changed);
  const grid = React.useMemo(() => stepGrid(feed.table), [feed, frames]);
  const found = grid && straggler(grid);
  const slowest = found && isNotable(found) ? found.rank : null;
  const work = React.useMemo(() => (grid?.isWork ? meansByRank(grid) : null), [grid]);
  return (
    <>
      <RanksTable {...{ ranks, slowest, work, trans }} />
      {grid ? (
        <HeatMapView {...{ grid, slowest, trans }} />
      ) : (
        <p className="sdt-Note">{trans.__('No step times were recorded yet.')}</p>
      )}
      <ResourcesView feed={feed} trans={trans} />
    </>
  );
}
