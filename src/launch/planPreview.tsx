/** What would start: which rank sits where, and the exact plan. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Axis, ILayoutGrid, INodeRow, layoutGrid, placeLabel, usedAxes } from './layoutGrid';
import { axisLabel, layoutText } from './launchWords';
import { IEstimate } from '../api/costModels';
import { IPlanReply } from '../api/replies';
import { estimateFacts } from '../jobs/costs';
import { Facts } from '../ui/facts';

interface IPreviewProps {
  plan: IPlanReply | null;
  isPlanning: boolean;
  trans: TranslationBundle;
}

export function PlanPreview({ plan, isPlanning, trans }: IPreviewProps): JSX.Element {
  return (
    <section
      className="sdt-Preview"
      aria-label={trans.__('What would start')}
      aria-busy={isPlanning}
    >
      <h3>{trans.__('What would start')}</h3>
      {plan ? (
        <>
          <LayoutTable grid={layoutGrid(plan.layout)} trans={trans} />
          {plan.estimate && <Estimate estimate={plan.estimate} trans={trans} />}
          {plan.messages.map(message => (
            <p key={message} className="sdt-Field-hint">
              {message}
            </p>
          ))}
          <details open>
            <summary>{trans.__('Plan')}</summary>
            <pre tabIndex={0}>{plan.page}</pre>
          </details>
        </>
      ) : (
        <p className="sdt-Note">
          {isPlanning
            ? trans.__('Planning')
            : trans.__('Nothing can be started like this yet.')}
        </p>
      )}
    </section>
  );
}

function Estimate(props: { estimate: IEstimate; trans: TranslationBundle }): JSX.Element {
  const { estimate, trans } = props;
  return (
    <section className="sdt-Preview-cost">
      <h4>{trans.__('What it may cost')}</h4>
      <Facts facts={estimateFacts(estimate, trans)} />
      <p className="sdt-Note">{estimate.sources.join('; ')}</p>
    </section>
  );
}

interface ILayoutProps {
  grid: ILayoutGrid;
  trans: TranslationBundle;
}

function LayoutTable({ grid, trans }: ILayoutProps): JSX.Element {
  const axes = usedAxes(grid);
  const legend = axes.map(axis => `${axis[0].toUpperCase()} ${axisLabel(axis, trans)}`);
  return (
    <figure className="sdt-Layout">
      <figcaption>{layoutText(grid, axes, trans)}</figcaption>
      <table>
        <tbody>
          {grid.nodes.map(row => (
            <NodeRow key={row.node} row={row} axes={axes} trans={trans} />
          ))}
        </tbody>
      </table>
      <small>
        {legend.join(', ')}
        {grid.hiddenNodes > 0 &&
          ` · ${trans._n('%1 more node', '%1 more nodes', grid.hiddenNodes)}`}
      </small>
    </figure>
  );
}

interface INodeProps {
  row: INodeRow;
  axes: readonly Axis[];
  trans: TranslationBundle;
}

function NodeRow({ row, axes, trans }: INodeProps): JSX.Element {
  return (
    <tr>
      <th scope="row">{row.node}</th>
      <td>
        <ul>
          {row.places.map(place => (
            <li
              key={place.rank}
              data-stage={place.pipeline_rank % 6}
              title={trans.__('rank %1, local rank %2', place.rank, place.local_rank)}
            >
              <b>{place.rank}</b> <span>{placeLabel(place, axes)}</span>
            </li>
          ))}
          {row.hidden > 0 && <li>{trans._n('%1 more', '%1 more', row.hidden)}</li>}
        </ul>
      </td>
    </tr>
  );
}
