/** A scaling study below its cell. */
import * as React from 'react';
import { Point } from '../api/models';
import { asSavedStudy, ISavedStudy, IStudyTable } from '../api/studyModels';
import { fromPoints } from '../charts/curves';
import { picture } from '../charts/picture';
import { StudyFeed } from '../study/studyFeed';
import { IOutputKind } from './outputRenderer';
import { StudyOutput } from './studyOutput';

/** The mimetype is what jupyter_sdt/notebook/study_output.py displays. */
export const studyKind: IOutputKind<ISavedStudy, StudyFeed> = {
  mimetype: 'application/vnd.jupyter-sdt.study+json',
  read: asSavedStudy,
  nameOf: saved => (saved.live ? saved.study_name : null),
  follow: (saved, { manager }) =>
    new StudyFeed(manager, saved.study_name, saved.world_sizes.length * saved.repeats),
  completed: (saved, { phase, study }) =>
    phase === 'ended' && study
      ? {
          ...saved,
          live: false,
          job_names: study.jobs.map(job => job.job_name),
          table: study.table
        }
      : null,
  picture: ({ table, study_name: name }) =>
    table.rows.length > 0 ? studyPicture(table, name) : '',
  view: (saved, feed, { manager, trans, actions, showPoints }) => (
    <StudyOutput {...{ saved, feed, manager, trans, actions }} showPoints={showPoints()} />
  )
};

function studyPicture({ rows, advice }: IStudyTable, name: string): string {
  const points = (key: 'throughput' | 'speedup' | 'efficiency') =>
    rows.map((row): Point => [row.world_size, row[key]]);
  const curves = [
    fromPoints('samples/s', points('throughput')),
    fromPoints('speedup', points('speedup')),
    fromPoints('efficiency', points('efficiency'))
  ];
  return picture(curves, `${name}: ${advice}`);
}
