/** How ranks are spread: a strategy, and the degrees of those that have some. */
import * as React from 'react';
import { IDistributionChoice, readDistribution, writeDistribution } from './distributionText';
import { IField, IStrategy, IValueSchema } from '../api/launchSchema';
import { strategyLabel } from './launchWords';
import { useOwnValue } from '../ui/hooks';
import { IFieldProps, LaunchField } from './launchField';

interface IDistributionProps extends IFieldProps {
  /** Names of strategies that need what is not here. */
  lackingStrategies: readonly string[];
}

export function DistributionField(props: IDistributionProps): JSX.Element {
  const { field, value, onChange, trans } = props;
  const { strategies } = field;
  const [isCustom, setCustom] = React.useState(false);
  const read = readDistribution(value, strategies);
  const choice = isCustom ? { ...read, name: 'custom' } : read;
  const strategy = strategies.find(({ name }) => name === choice.name);
  const choose = (name: string) => {
    setCustom(name === 'custom');
    onChange(
      name === 'custom'
        ? dictionary(value, strategy)
        : writeDistribution({ name, parameters: {} }, strategies)
    );
  };
  const selected: IField = {
    ...field,
    kind: 'text',
    options: [...strategies.map(({ name }) => name), 'custom']
  };
  return (
    <>
      <StrategyField {...props} field={selected} value={choice.name} onChange={choose} />
      {choice.name === 'custom' && (
        <LaunchField
          {...props}
          field={{ ...field, kind: 'json', title: trans.__('dictionary'), strategies: [] }}
          fault={undefined}
          hints={[]}
          onChange={text => {
            setCustom(true);
            onChange(text);
          }}
        />
      )}
      {strategy && <Parameters {...props} strategy={strategy} choice={choice} />}
    </>
  );
}

/** The choice by title; its options say what is not here. */
function StrategyField(props: IDistributionProps): JSX.Element {
  const { field, fault, hints, lackingStrategies, trans } = props;
  const [value, onChange] = useOwnValue(props.value, props.onChange);
  const id = React.useId();
  const titleOf = (name: string) => {
    const strategy = field.strategies.find(known => known.name === name);
    const shown = strategy ? strategyLabel(strategy, trans) : trans.__('another dictionary');
    return lackingStrategies.includes(name) ? trans.__('%1 (not here)', shown) : shown;
  };
  return (
    <div className="sdt-Field" data-field={field.name}>
      <label htmlFor={id}>{field.title}</label>
      <select
        id={id}
        className="sdt-Input"
        value={value}
        aria-invalid={!!fault}
        aria-describedby={`${id}-told`}
        onChange={event => onChange(event.target.value)}
      >
        <option value="">{trans.__('default')}</option>
        {field.options.map(name => (
          <option key={name} value={name}>
            {titleOf(name)}
          </option>
        ))}
      </select>
      <div id={`${id}-told`} className="sdt-Field-told">
        {fault && (
          <p className="sdt-Field-fault" role="alert">
            {fault.message}
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

interface IParametersProps extends IDistributionProps {
  strategy: IStrategy;
  choice: IDistributionChoice;
}

function Parameters({ field, strategy, choice, onChange, trans }: IParametersProps) {
  const set = (name: string, text: string) => {
    const parameters = { ...choice.parameters, [name]: text };
    onChange(writeDistribution({ name: choice.name, parameters }, field.strategies));
  };
  return (
    <>
      {Object.entries(strategy.parameters).map(([name, schema]) => (
        <LaunchField
          key={name}
          field={parameterField(name, schema)}
          value={choice.parameters[name] ?? ''}
          hints={[]}
          lacking={[]}
          onChange={text => set(name, text)}
          trans={trans}
        />
      ))}
    </>
  );
}

function parameterField(name: string, schema: IValueSchema): IField {
  const kind =
    schema.type === 'boolean' ? 'on' : schema.type === 'integer' ? 'integer' : 'text';
  return {
    name,
    kind,
    title: schema.title ?? name,
    description: schema.description ?? '',
    flag: '',
    entryFlag: '',
    options: schema.enum ?? [],
    suggestions: [],
    fallback: '',
    minimum: schema.minimum ?? null,
    strategies: []
  };
}

/** What a word stands for, to be changed by hand. */
function dictionary(value: string, strategy: IStrategy | undefined): string {
  return value.startsWith('{') || !strategy ? value : JSON.stringify(strategy.value);
}
