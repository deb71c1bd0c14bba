/** Icons of this extension; colours come from the theme's classes. */
import { LabIcon } from '@jupyterlab/ui-components';

const TRAINING = `
<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M3 3h2v16h16v2H3z"/>
    <path d="M7 5.5c2.5 0 3 3 4.6 5.6S16 15 21 15.2v2c-6.200-.2-9.200-2.200-11.100-5.100C8.300 9.600 8.200 7.500 7 7.500z"/>
    <circle cx="15" cy="6" r="2"/><circle cx="20" cy="6" r="2"/>
  </g>
</svg>`;

/** Axes with a falling curve, and two ranks. */
export const trainingIcon = new LabIcon({ name: 'jupyter-sdt:training', svgstr: TRAINING });
