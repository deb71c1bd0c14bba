/** What shall be trained: the active cell, or a script. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { splitCell } from './cellText';
import { LaunchModel } from './launchModel';
import { useOwnValue } from '../ui/hooks';

interface ITargetProps {
  model: LaunchModel;
  trans: TranslationBundle;
  selectedFile: () => string | null;
}

export function TargetChoice({ model, trans, selectedFile }: ITargetProps): JSX.Element {
  const name = React.useId();
  const [chosen, choose] = useOwnValue(model.target, target =>
    model.choose(target, model.path || selectedFile() || '')
  );
  const choice = (target: 'cell' | 'file', label: string) => (
    <label>
      <input
        type="radio"
        name={name}
        checked={chosen === target}
        onChange={() => choose(target)}
      />
      {label}
    </label>
  );
  return (
    <fieldset className="sdt-Target">
      <legend>{trans.__('What to train')}</legend>
      {choice('cell', trans.__('Active cell'))}
      {choice('file', trans.__('File'))}
      {model.target === 'cell' ? (
        <CellAtHand model={model} trans={trans} />
      ) : (
        <FileField model={model} trans={trans} selectedFile={selectedFile} />
      )}
    </fieldset>
  );
}

function CellAtHand({ model, trans }: { model: LaunchModel; trans: TranslationBundle }) {
  const { cell } = model;
  const body = cell ? splitCell(cell.source).body.trim() : '';
  return cell ? (
    <code className="sdt-Target-cell">
      {body.split('\n', 1)[0] || trans.__('An empty cell')}
    </code>
  ) : (
    <p className="sdt-Note">{trans.__('Select a code cell in a notebook.')}</p>
  );
}

function FileField({ model, trans, selectedFile }: ITargetProps): JSX.Element {
  const [path, setPath] = useOwnValue(model.path, text => model.choose('file', text));
  return (
    <span className="sdt-Target-file">
      <input
        className="sdt-Input"
        value={path}
        spellCheck={false}
        placeholder={trans.__('%1 or %2', 'train.py', 'train.sh')}
        aria-label={trans.__('Path of the script')}
        onChange={event => setPath(event.target.value)}
      />
      <button
        type="button"
        className="sdt-Button"
        title={trans.__('Take the file that is selected in the file browser')}
        onClick={() => model.choose('file', selectedFile() ?? model.path)}
      >
        {trans.__('Selected file')}
      </button>
    </span>
  );
}
