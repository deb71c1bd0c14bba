/** One field of the launch form: label, control, what is wrong with it, what it would need. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IField } from '../api/launchSchema';
import { IFieldFault } from './launchFaults';
import { problemText } from './launchWords';
import { useOwnValue } from '../ui/hooks';

export interface IFieldProps {
  field: IField;
  value: string;
  fault?: IFieldFault;
  /** What the machine lacks for this value. */
  hints: readonly string[];
  /** Options that need something that is not here. */
  lacking: readonly string[];
  onChange: (text: string) => void;
  trans: TranslationBundle;
}

export function LaunchField(props: IFieldProps): JSX.Element {
  const { field, fault, hints, trans } = props;
  const [value, onChange] = useOwnValue(props.value, props.onChange);
  const id = React.useId();
  const told = fault ? fault.message || problemText(fault.problem, field, trans) : '';
  return (
    <div className="sdt-Field" data-field={field.name}>
      <label htmlFor={id} title={field.description}>
        {field.title}
      </label>
      <Control
        {...props}
        value={value}
        onChange={onChange}
        control={{
          id,
          className: 'sdt-Input',
          'aria-invalid': !!told,
          'aria-describedby': `${id}-told`,
          title: field.description
        }}
      />
      <div id={`${id}-told`} className="sdt-Field-told">
        {told && (
          <p className="sdt-Field-fault" role="alert">
            {told}
          </p>
        )}
        {hints.map(hint => (
          <p key={hint} className="sdt-Field-hint">
            {hint}
          </p>
        ))}
      </div>
    </div>
  );
}

interface IControlProps extends IFieldProps {
  control: React.AriaAttributes & { id: string; className: string; title: string };
}

function Control(props: IControlProps): JSX.Element {
  const { field, value, control, onChange } = props;
  const { kind } = field;
  if (kind === 'on') {
    return (
      <input
        {...control}
        className=""
        type="checkbox"
        checked={value === 'on'}
        onChange={event => onChange(event.target.checked ? 'on' : '')}
      />
    );
  }
  if (field.options.length > 0) {
    return <Choice {...props} />;
  }
  if (['json', 'setting', 'variable', 'metric'].includes(kind)) {
    const lines = Math.min(8, Math.max(2, value.split('\n').length));
    const placeholder = kind === 'json' ? '' : PLACEHOLDERS[field.name];
    return (
      <textarea
        {...control}
        rows={lines}
        value={value}
        placeholder={placeholder}
        spellCheck={false}
        onChange={event => onChange(event.target.value)}
      />
    );
  }
  return <Line {...props} />;
}

/** What a line of the field looks like; code, not language. */
const PLACEHOLDERS: { [name: string]: string } = {
  hyperparameters: 'lr=0.1',
  environment: 'OMP_NUM_THREADS=2',
  inputs: 'training=./digits',
  metric_definitions: 'loss=loss: ([0-9.]+)'
};

function Choice({ field, value, lacking, control, onChange, trans }: IControlProps) {
  const label = (option: string) =>
    lacking.includes(option) ? trans.__('%1 (not here)', option) : option;
  return (
    <select {...control} value={value} onChange={event => onChange(event.target.value)}>
      <option value="">{field.fallback || trans.__('default')}</option>
      {field.options.map(option => (
        <option key={option} value={option}>
          {label(option)}
        </option>
      ))}
    </select>
  );
}

function Line({ field, value, control, onChange }: IControlProps): JSX.Element {
  const isNumber = field.kind === 'integer' || field.kind === 'seconds';
  return (
    <>
      <input
        {...control}
        type="text"
        inputMode={isNumber ? 'numeric' : undefined}
        list={field.suggestions.length > 0 ? `${control.id}-list` : undefined}
        value={value}
        placeholder={field.fallback}
        spellCheck={false}
        onChange={event => onChange(event.target.value)}
      />
      {field.suggestions.length > 0 && (
        <datalist id={`${control.id}-list`}>
          {field.suggestions.map(text => (
            <option key={text} value={text} />
          ))}
        </datalist>
      )}
    </>
  );
}
