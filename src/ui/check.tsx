/** A box with its label. */
import * as React from 'react';

interface ICheckProps {
  label: string;
  value: boolean;
  onChange: (value: boolean) => void;
}

export function Check({ label, value, onChange }: ICheckProps): JSX.Element {
  return (
    <label>
      <input
        type="checkbox"
        checked={value}
        onChange={event => onChange(event.target.checked)}
      />
      {label}
    </label>
  );
}
