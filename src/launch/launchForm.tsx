/** The launch form of the side panel: made from the server's schema, planned as it changes. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IField, ILaunchSchema, ISection, missingFor } from '../api/launchSchema';
import { LaunchModel } from './launchModel';
import { hintsFor, lackingOptions, sectionLabel } from './launchWords';
import { DistributionField } from './distributionField';
import { useSignalFrames } from '../ui/hooks';
import { LaunchField } from './launchField';
import { PlanPreview } from './planPreview';
import { TargetChoice } from './targetChoice';

/** What people set most, in this order; everything else is below, by section. */
const FIRST = [
  'instance_type',
  'instance_count',
  'processes_per_node',
  'launcher',
  'distribution',
  'hyperparameters',
  'job_name'
];

interface ILaunchFormProps {
  model: LaunchModel;
  trans: TranslationBundle;
  /** The script selected in the file browser, null when there is none. */
  selectedFile: () => string | null;
  start: () => void;
  close: () => void;
}

export function LaunchForm(props: ILaunchFormProps): JSX.Element {
  const { model, trans } = props;
  useSignalFrames(model.changed);
  React.useEffect(() => {
    void model.show();
    return () => model.hide();
  }, [model]);
  return (
    <form
      className="sdt-Form"
      aria-label={trans.__('New training job')}
      onSubmit={event => {
        event.preventDefault();
        props.start();
      }}
    >
      <TargetChoice model={model} trans={trans} selectedFile={props.selectedFile} />
      {model.problem && (
        <p className="sdt-Failure" role="alert">
          {model.problem}
        </p>
      )}
      {model.schema ? (
        <Fields model={model} schema={model.schema} trans={trans} />
      ) : (
        !model.problem && <p className="sdt-Note">{trans.__('Loading')}</p>
      )}
      {model.isForKernel ? (
        <p className="sdt-Note">
          {trans.__('Only the kernel can plan this; the cell can be run as it is.')}
        </p>
      ) : (
        <PlanPreview plan={model.plan} isPlanning={model.isPlanning} trans={trans} />
      )}
      <Buttons {...props} />
    </form>
  );
}

function Buttons({ model, trans, close }: ILaunchFormProps): JSX.Element {
  return (
    <div className="sdt-Form-buttons">
      <button type="submit" className="sdt-Button sdt-mod-accept" disabled={!model.isReady}>
        {trans.__('Start')}
      </button>
      {model.target === 'cell' && (
        <button
          type="button"
          className="sdt-Button"
          disabled={model.cell === null}
          title={trans.__('Write the flags into the cell, and start nothing')}
          onClick={() => model.writeCell()}
        >
          {trans.__('Write cell')}
        </button>
      )}
      <button type="button" className="sdt-Button" onClick={close}>
        {trans.__('Back to jobs')}
      </button>
    </div>
  );
}

interface IFieldsProps {
  model: LaunchModel;
  schema: ILaunchSchema;
  trans: TranslationBundle;
}

function Fields({ model, schema, trans }: IFieldsProps): JSX.Element {
  const all = schema.sections.flatMap(section => section.fields);
  const first = FIRST.flatMap(name => all.find(field => field.name === name) ?? []);
  const hidden = [...FIRST, ...(model.target === 'file' ? ['entry_point'] : [])];
  const sections = schema.sections
    .map(section => ({
      ...section,
      fields: section.fields.filter(({ name }) => !hidden.includes(name))
    }))
    .filter(({ fields }) => fields.length > 0);
  return (
    <>
      {first.map(field => (
        <SchemaField key={field.name} {...{ model, schema, trans, field }} />
      ))}
      {sections.map(section => (
        <Section key={section.title} {...{ model, schema, trans, section }} />
      ))}
    </>
  );
}

function Section({ section, ...props }: IFieldsProps & { section: ISection }): JSX.Element {
  const { model } = props;
  const isUsed = section.fields.some(({ name }) => model.values[name] || model.faults[name]);
  const [isOpen, setOpen] = React.useState(false);
  return (
    <details
      className="sdt-Form-section"
      open={isOpen || isUsed}
      onToggle={event => setOpen(event.currentTarget.open)}
    >
      <summary>{sectionLabel(section.title, props.trans)}</summary>
      {(isOpen || isUsed) &&
        section.fields.map(field => <SchemaField key={field.name} {...props} field={field} />)}
    </details>
  );
}

function SchemaField({ model, schema, trans, field }: IFieldsProps & { field: IField }) {
  const props = {
    field,
    trans,
    value: model.values[field.name] ?? '',
    fault: model.faults[field.name],
    hints: hintsFor(schema, field, model.values, trans),
    lacking: lackingOptions(schema, field),
    onChange: (text: string) => model.set(field.name, text)
  };
  if (field.strategies.length === 0) {
    return <LaunchField {...props} />;
  }
  const lacking = field.strategies.filter(
    ({ word }) => missingFor(schema, field.name, word).length
  );
  return <DistributionField {...props} lackingStrategies={lacking.map(({ name }) => name)} />;
}
