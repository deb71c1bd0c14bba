"use strict";(self.rspackChunkjupyter_sdt=self.rspackChunkjupyter_sdt||[]).push([["style_index_js"],{"./node_modules/css-loader/dist/cjs.js!./node_modules/uplot/dist/uPlot.min.css"(t,o,e){var r=e("./node_modules/css-loader/dist/runtime/noSourceMaps.js"),a=e.n(r),n=e("./node_modules/css-loader/dist/runtime/api.js"),s=(e.n(n))()(a());s.push([t.id,'.uplot, .uplot *, .uplot *::before, .uplot *::after {box-sizing: border-box;}.uplot {font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji";line-height: 1.5;width: min-content;}.u-title {text-align: center;font-size: 18px;font-weight: bold;}.u-wrap {position: relative;user-select: none;}.u-over, .u-under {position: absolute;}.u-under {overflow: hidden;}.uplot canvas {display: block;position: relative;width: 100%;height: 100%;}.u-axis {position: absolute;}.u-legend {font-size: 14px;margin: auto;text-align: center;}.u-inline {display: block;}.u-inline * {display: inline-block;}.u-inline tr {margin-right: 16px;}.u-legend th {font-weight: 600;}.u-legend th > * {vertical-align: middle;display: inline-block;}.u-legend .u-marker {width: 1em;height: 1em;margin-right: 4px;background-clip: padding-box !important;}.u-inline.u-live th::after {content: ":";vertical-align: middle;}.u-inline:not(.u-live) .u-value {display: none;}.u-series > * {padding: 4px;}.u-series th {cursor: pointer;}.u-legend .u-off > * {opacity: 0.3;}.u-select {background: rgba(0,0,0,0.07);position: absolute;pointer-events: none;}.u-cursor-x, .u-cursor-y {position: absolute;left: 0;top: 0;pointer-events: none;will-change: transform;}.u-hz .u-cursor-x, .u-vt .u-cursor-y {height: 100%;border-right: 1px dashed #607D8B;}.u-hz .u-cursor-y, .u-vt .u-cursor-x {width: 100%;border-bottom: 1px dashed #607D8B;}.u-cursor-pt {position: absolute;top: 0;left: 0;border-radius: 50%;border: 0 solid;pointer-events: none;will-change: transform;/*this has to be !important since we set inline "background" shorthand */background-clip: padding-box !important;}.u-axis.u-off, .u-select.u-off, .u-cursor-x.u-off, .u-cursor-y.u-off, .u-cursor-pt.u-off {display: none;}',""]),e.d(o,{},{A:s})},"./node_modules/css-loader/dist/cjs.js!./style/base.css"(t,o,e){var r=e("./node_modules/css-loader/dist/runtime/noSourceMaps.js"),a=e.n(r),n=e("./node_modules/css-loader/dist/runtime/api.js"),s=(e.n(n))()(a());s.push([t.id,`/* Colours come from the theme, so that light and dark look right. */

.sdt-JobRenderer {
  padding: 4px 0;
  font-family: var(--jp-ui-font-family);
  font-size: var(--jp-ui-font-size1);
  color: var(--jp-ui-font-color1);
}

.sdt-JobHeader {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 4px 10px;
  padding: 2px 4px 6px;
}

.sdt-JobHeader-facts {
  color: var(--jp-ui-font-color2);
  font-variant-numeric: tabular-nums;
}

.sdt-JobHeader-actions {
  display: flex;
  gap: 6px;
  margin-left: auto;
}

.sdt-JobHeader progress,
.sdt-JobRow progress {
  width: 110px;
  height: 6px;
  accent-color: var(--jp-brand-color1);
}

.sdt-Status {
  padding: 1px 8px;
  border: 1px solid currentcolor;
  border-radius: 9px;
  font-size: var(--jp-ui-font-size0);
  white-space: nowrap;
  color: var(--jp-ui-font-color1);
}

.sdt-Status[data-status='InProgress'],
.sdt-Status[data-status='Stopping'] {
  border-color: var(--jp-brand-color1);
  background: color-mix(in srgb, var(--jp-brand-color1) 16%, transparent);
}

.sdt-Status[data-status='Completed'] {
  border-color: var(--jp-success-color1);
  background: color-mix(in srgb, var(--jp-success-color1) 16%, transparent);
}

.sdt-Status[data-status='Failed'],
.sdt-Status[data-status='Lost'] {
  border-color: var(--jp-error-color1);
  background: color-mix(in srgb, var(--jp-error-color1) 18%, transparent);
}

.sdt-Button {
  padding: 2px 10px;
  border: 1px solid var(--jp-border-color1);
  border-radius: 2px;
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font: inherit;
  cursor: pointer;
}

.sdt-Button:hover {
  background: var(--jp-layout-color2);
}

.sdt-Button:focus-visible,
.sdt-Chart-plot:focus-visible,
.sdt-Chart-table summary:focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: 1px;
}

.sdt-Output-charts {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(260px, 1fr));
  gap: 8px 16px;
  max-width: 1100px;
}

.sdt-Chart {
  min-width: 0;
  margin: 0;
}

.sdt-Chart figcaption {
  display: flex;
  flex-wrap: wrap;
  align-items: baseline;
  gap: 2px 10px;
  min-height: 18px;
  padding-left: 4px;
}

.sdt-Chart-title {
  font-weight: 600;
}

.sdt-Chart-readout {
  margin-left: auto;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  font-variant-numeric: tabular-nums;
}

.sdt-Chart-legend {
  display: flex;
  flex-wrap: wrap;
  gap: 2px 8px;
  font-size: var(--jp-ui-font-size0);
}

.sdt-Chart-legend i {
  display: inline-block;
  width: 10px;
  height: 3px;
  margin-right: 4px;
  vertical-align: middle;
}

.sdt-Chart-plot {
  overflow: hidden;
}

.sdt-Chart-empty,
.sdt-Note {
  margin: 2px 4px;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
}

.sdt-Chart-table {
  padding-left: 4px;
  font-size: var(--jp-ui-font-size0);
  color: var(--jp-ui-font-color2);
}

.sdt-Chart-table table {
  display: inline-table;
  margin-right: 16px;
  border-spacing: 0;
  font-variant-numeric: tabular-nums;
}

.sdt-Chart-table :is(th, td) {
  padding: 1px 8px;
  text-align: right;
}

.sdt-Failure {
  margin: 4px;
  padding: 6px 10px;
  border-left: 3px solid var(--jp-error-color1);
  background: color-mix(in srgb, var(--jp-error-color1) 10%, transparent);
  white-space: pre-wrap;
}

/* Side panel */

.sdt-Panel {
  display: flex;
  flex-direction: column;
  min-width: 220px;
  overflow-y: auto;
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font-size: var(--jp-ui-font-size1);
}

.sdt-Panel-title {
  margin: 0;
  padding: 8px 12px 4px;
  font-size: var(--jp-ui-font-size0);
  font-weight: 600;
  letter-spacing: 1px;
  text-transform: uppercase;
}

.sdt-Panel-filter {
  display: flex;
  gap: 6px;
  padding: 4px 12px 8px;
}

.sdt-Panel-filter input {
  flex: 1;
  min-width: 0;
}

.sdt-Input {
  height: 26px;
  box-sizing: border-box;
  padding: 2px 6px;
  border: 1px solid var(--jp-border-color1);
  border-radius: 2px;
  background: var(--jp-layout-color0);
  color: var(--jp-ui-font-color1);
  font: inherit;
}

.sdt-Panel-list {
  margin: 0;
  padding: 0;
  list-style: none;
}

.sdt-Panel-empty {
  padding: 8px 12px;
  color: var(--jp-ui-font-color2);
}

.sdt-JobRow {
  display: grid;
  grid-template-columns: minmax(0, 1fr);
  gap: 4px;
  padding: 8px 12px;
  border-top: 1px solid var(--jp-border-color2);
}

.sdt-JobRow:hover {
  background: var(--jp-layout-color2);
}

.sdt-JobRow-name {
  min-width: 0;
  padding: 0;
  overflow: hidden;
  border: none;
  background: none;
  color: var(--jp-content-link-color);
  font: inherit;
  font-weight: 600;
  text-align: left;
  text-overflow: ellipsis;
  white-space: nowrap;
  cursor: pointer;
}

.sdt-JobRow-name:hover {
  text-decoration: underline;
}

.sdt-JobRow-facts {
  display: flex;
  align-items: center;
  gap: 8px;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  font-variant-numeric: tabular-nums;
}

.sdt-JobRow-facts .sdt-Button {
  margin-left: auto;
  padding: 1px 8px;
}

/* Job page */

.sdt-Page {
  padding: 10px 14px;
  overflow-y: auto;
  background: var(--jp-layout-color0);
  color: var(--jp-ui-font-color1);
  font-family: var(--jp-ui-font-family);
  font-size: var(--jp-ui-font-size1);
}

.sdt-Tabs {
  display: flex;
  gap: 4px;
  margin: 6px 0 10px;
  border-bottom: 1px solid var(--jp-border-color2);
}

.sdt-Tabs button {
  padding: 6px 12px;
  border: none;
  border-bottom: 3px solid transparent;
  background: none;
  color: var(--jp-ui-font-color2);
  font: inherit;
  cursor: pointer;
}

.sdt-Tabs button[aria-selected='true'] {
  border-bottom-color: var(--jp-brand-color1);
  color: var(--jp-ui-font-color1);
}

.sdt-Controls {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 6px 18px;
  margin-bottom: 10px;
}

.sdt-Controls label {
  display: flex;
  align-items: center;
  gap: 6px;
}

.sdt-Controls input[type='range'] {
  width: 120px;
  accent-color: var(--jp-brand-color1);
}

.sdt-Page-charts {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(340px, 1fr));
  gap: 16px 22px;
}

.sdt-Table {
  border-collapse: collapse;
  font-variant-numeric: tabular-nums;
}

.sdt-Table :is(th, td) {
  padding: 4px 16px 4px 4px;
  border-bottom: 1px solid var(--jp-border-color2);
  font-weight: normal;
  text-align: left;
}

.sdt-Table thead th {
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
}

.sdt-Table .sdt-mod-failed td {
  color: var(--jp-error-color1);
}

.sdt-Log,
.sdt-Failure pre,
.sdt-Plan pre {
  margin: 4px 0;
  padding: 8px;
  overflow: auto;
  border: 1px solid var(--jp-border-color2);
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  line-height: 1.35;
  white-space: pre-wrap;
  word-break: break-word;
}

.sdt-Log {
  position: relative;
  height: 55vh;
  padding: 0;
  line-height: 18px;
}

.sdt-Log-all {
  position: relative;
  overflow: visible;
}

.sdt-Log-rows {
  position: absolute;
  top: 0;
  left: 0;
  min-width: 100%;
}

.sdt-Log-line {
  display: flex;
  gap: 12px;
  height: 18px;
  padding: 0 8px;
  white-space: pre;
}

.sdt-Log-number {
  flex: none;
  min-width: 5ch;
  padding: 0;
  border: none;
  background: none;
  color: var(--jp-ui-font-color2);
  font: inherit;
  text-align: right;
  user-select: none;
}

button.sdt-Log-number {
  color: var(--jp-content-link-color);
  cursor: pointer;
}

a.sdt-Button {
  text-decoration: none;
}

.sdt-Failure p {
  margin: 0;
}

.sdt-Plan summary,
.sdt-Failure summary {
  padding: 4px 0;
  cursor: pointer;
}

/* Status bar */

.sdt-StatusItem button {
  height: 100%;
  padding: 0 6px;
  border: none;
  background: none;
  color: var(--jp-ui-font-color1);
  font: inherit;
  cursor: pointer;
}

.sdt-StatusItem button:hover {
  background: var(--jp-layout-color3);
}

:is(
  .sdt-JobRow-name,
  .sdt-Tabs button,
  .sdt-Log,
  .sdt-Input,
  .sdt-StatusItem button
):focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: 1px;
}

/* Scaling studies */

.sdt-Study-charts {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(240px, 1fr));
  gap: 8px 16px;
  max-width: 1100px;
}

.sdt-Study-advice {
  max-width: 80ch;
  margin: 8px 4px;
}

.sdt-Table caption {
  padding: 8px 4px 2px;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  text-align: left;
}

.sdt-Page-heading {
  margin: 4px;
  font-size: var(--jp-ui-font-size2);
}

.sdt-Link {
  margin-right: 8px;
  padding: 0;
  border: none;
  background: none;
  color: var(--jp-content-link-color);
  font: inherit;
  text-align: left;
  cursor: pointer;
}

.sdt-Link:hover {
  text-decoration: underline;
}

.sdt-Link:focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: 1px;
}

.sdt-Failure pre .sdt-Link {
  margin: 0;
  text-decoration: underline;
  white-space: inherit;
}

/* Heat map of step times */

.sdt-HeatMap {
  max-width: 1100px;
  margin: 14px 0;
}

.sdt-HeatMap p {
  margin: 2px 4px;
}

.sdt-HeatMap-body {
  display: flex;
  gap: 8px;
}

.sdt-HeatMap-body canvas {
  flex: 1;
  min-width: 0;
  border: 1px solid var(--jp-border-color2);
  image-rendering: pixelated;
}

.sdt-HeatMap-ranks {
  display: flex;
  flex-direction: column;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  text-align: right;
}

.sdt-HeatMap-ranks span {
  line-height: 22px;
}

.sdt-HeatMap-axis {
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
}

.sdt-Gantt {
  margin: 14px 0;
}

.sdt-Gantt p {
  margin: 2px 4px;
}

.sdt-Gantt-body {
  display: flex;
  gap: 8px;
  overflow-x: auto;
}

.sdt-Gantt-body svg {
  flex: 1;
  min-width: 640px;
}

.sdt-Gantt-stages {
  display: flex;
  flex: none;
  width: 56px;
  flex-direction: column;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
}

.sdt-Gantt-key {
  vertical-align: middle;
}

.sdt-Gantt-bar {
  stroke: var(--jp-brand-color1);
  fill: color-mix(in srgb, var(--jp-brand-color1) 30%, var(--jp-layout-color1));
}

.sdt-Gantt-bar[data-kind='backward'] {
  stroke: var(--jp-warn-color1);
  fill: color-mix(in srgb, var(--jp-warn-color1) 26%, var(--jp-layout-color1));
}

.sdt-Gantt-stripe {
  stroke: color-mix(in srgb, var(--jp-warn-color1) 45%, transparent);
  stroke-width: 3;
}

.sdt-Gantt-line {
  stroke: var(--jp-border-color2);
}

.sdt-Gantt text {
  fill: var(--jp-ui-font-color0);
  font-size: var(--jp-ui-font-size0);
  dominant-baseline: central;
  text-anchor: middle;
  pointer-events: none;
}

.sdt-Gantt p.sdt-Gantt-axis {
  display: flex;
  margin: 0 0 0 64px;
  justify-content: space-between;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
}

.sdt-Stages summary,
.sdt-Chooser summary {
  padding: 4px;
  cursor: pointer;
}

.sdt-Stages details .sdt-Table {
  margin: 2px 0 10px 18px;
}

.sdt-Chooser {
  margin-bottom: 10px;
}

.sdt-Chooser .sdt-Controls {
  padding: 4px;
}

:is(.sdt-Stages, .sdt-Chooser) summary:focus-visible {
  outline: 2px solid var(--jp-brand-color1);
}
`,""]),e.d(o,{},{A:s})},"./node_modules/css-loader/dist/cjs.js!./style/chart.css"(t,o,e){var r=e("./node_modules/css-loader/dist/runtime/noSourceMaps.js"),a=e.n(r),n=e("./node_modules/css-loader/dist/runtime/api.js"),s=(e.n(n))()(a());s.push([t.id,`/* uPlot's own colours are for white paper. */

.sdt-Chart-plot .u-select {
  background: color-mix(in srgb, var(--jp-brand-color1) 20%, transparent);
}

.sdt-Chart-plot :is(.u-cursor-x, .u-cursor-y) {
  border-color: var(--jp-border-color1);
}
`,""]),e.d(o,{},{A:s})},"./node_modules/css-loader/dist/cjs.js!./style/panel.css"(t,o,e){var r=e("./node_modules/css-loader/dist/runtime/noSourceMaps.js"),a=e.n(r),n=e("./node_modules/css-loader/dist/runtime/api.js"),s=(e.n(n))()(a());s.push([t.id,`/* The side panel: rows of jobs, the launch form, what would start. Also the compare page. */

.sdt-Panel-head {
  display: flex;
  align-items: center;
  justify-content: space-between;
  gap: 8px;
  padding: 6px 12px 4px;
}

.sdt-Panel-head .sdt-Panel-title {
  padding: 0;
}

.sdt-Panel-head .sdt-Button {
  flex: none;
}

.sdt-Panel-selection {
  position: sticky;
  top: 0;
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 6px;
  padding: 6px 12px;
  background: var(--jp-layout-color2);
}

.sdt-Panel-selection span {
  margin-right: auto;
}

.sdt-Panel-more {
  margin: 8px 12px;
}

.sdt-JobRow[data-selected='true'] {
  background: color-mix(in srgb, var(--jp-brand-color1) 12%, transparent);
}

.sdt-JobRow-head {
  display: flex;
  align-items: center;
  gap: 6px;
  min-width: 0;
}

.sdt-JobRow-head input {
  flex: none;
  margin: 0;
  accent-color: var(--jp-brand-color1);
}

.sdt-JobRow-deadline {
  color: var(--jp-ui-font-color1);
  font-weight: 600;
}

.sdt-JobRow-actions {
  display: flex;
  flex-wrap: wrap;
  gap: 4px;
}

.sdt-JobRow-actions .sdt-Button {
  padding: 0 7px;
  font-size: var(--jp-ui-font-size0);
}

.sdt-Button:disabled {
  opacity: 0.5;
  cursor: default;
}

.sdt-Button.sdt-mod-accept {
  border-color: var(--jp-brand-color1);
  background: var(--jp-brand-color1);
  color: var(--jp-ui-inverse-font-color1);
}

.sdt-Form {
  display: flex;
  flex-direction: column;
  gap: 8px;
  padding: 4px 12px 12px;
}

.sdt-Target {
  display: flex;
  flex-wrap: wrap;
  gap: 6px 14px;
  min-width: 0;
  margin: 0;
  padding: 6px 8px 8px;
  border: 1px solid var(--jp-border-color2);
}

.sdt-Target label {
  display: flex;
  align-items: center;
  gap: 4px;
}

.sdt-Target-cell,
.sdt-Target-file {
  flex: 1 1 100%;
  min-width: 0;
}

.sdt-Target-cell {
  overflow: hidden;
  color: var(--jp-ui-font-color2);
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-ui-font-size0);
  text-overflow: ellipsis;
  white-space: nowrap;
}

.sdt-Target-file {
  display: flex;
  gap: 6px;
}

.sdt-Target-file input {
  flex: 1;
  min-width: 0;
}

.sdt-Field {
  display: grid;
  grid-template-columns: minmax(min-content, 45%) minmax(0, 1fr);
  align-items: center;
  gap: 2px 8px;
}

.sdt-Field label {
  overflow-wrap: break-word;
}

.sdt-Field input[type='checkbox'] {
  justify-self: start;
}

.sdt-Field textarea {
  height: auto;
  resize: vertical;
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-ui-font-size0);
}

.sdt-Field [aria-invalid='true'] {
  border-color: var(--jp-error-color1);
}

.sdt-Field-told {
  grid-column: 1 / -1;
}

.sdt-Field-fault,
.sdt-Field-hint {
  margin: 0;
  padding: 2px 6px;
  overflow-wrap: anywhere;
  font-size: var(--jp-ui-font-size0);
  white-space: pre-wrap;
}

.sdt-Field-fault {
  border-left: 3px solid var(--jp-error-color1);
}

.sdt-Field-hint {
  border-left: 3px solid var(--jp-warn-color1);
}

.sdt-Form-section summary,
.sdt-Preview summary {
  padding: 2px 0;
  cursor: pointer;
}

.sdt-Form-section .sdt-Field {
  margin: 6px 0 6px 10px;
}

.sdt-Form-buttons {
  position: sticky;
  bottom: 0;
  display: flex;
  flex-wrap: wrap;
  gap: 6px;
  padding: 8px 0;
  background: var(--jp-layout-color1);
}

.sdt-Preview h3,
.sdt-Page-heading {
  margin: 4px 0;
  font-size: var(--jp-ui-font-size1);
}

.sdt-Preview[aria-busy='true'] {
  opacity: 0.6;
}

.sdt-Preview pre {
  max-height: 40vh;
  margin: 4px 0;
  padding: 6px;
  overflow: auto;
  border: 1px solid var(--jp-border-color2);
  background: var(--jp-layout-color0);
  color: var(--jp-ui-font-color1);
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-ui-font-size0);
  line-height: 1.35;
}

.sdt-Layout {
  margin: 0 0 6px;
}

.sdt-Layout table {
  border-spacing: 0 4px;
}

.sdt-Layout th {
  padding-right: 8px;
  font-weight: normal;
  text-align: left;
  vertical-align: top;
}

.sdt-Layout ul {
  display: flex;
  flex-wrap: wrap;
  gap: 4px;
  margin: 0;
  padding: 0;
  list-style: none;
}

.sdt-Layout li {
  padding: 1px 6px;
  border: 1px solid var(--jp-border-color1);
  border-radius: 2px;
  font-variant-numeric: tabular-nums;
}

.sdt-Layout li span {
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
}

.sdt-Layout li[data-stage='1'] {
  background: color-mix(in srgb, var(--jp-brand-color1) 18%, transparent);
}

.sdt-Layout li[data-stage='2'] {
  background: color-mix(in srgb, var(--jp-success-color1) 18%, transparent);
}

.sdt-Layout li[data-stage='3'] {
  background: color-mix(in srgb, var(--jp-warn-color1) 18%, transparent);
}

.sdt-Layout li[data-stage='4'] {
  background: color-mix(in srgb, var(--jp-error-color1) 14%, transparent);
}

.sdt-Layout li[data-stage='5'] {
  background: var(--jp-layout-color3);
}

.sdt-Compare-studies {
  margin-bottom: 20px;
}

.sdt-Compare-metric {
  min-width: 0;
}

.sdt-Compare-table {
  width: 100%;
  font-size: var(--jp-ui-font-size0);
}

.sdt-Compare-table tbody th {
  overflow-wrap: anywhere;
}

:is(.sdt-Form summary, .sdt-Preview pre, .sdt-JobRow-head input):focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: 1px;
}
`,""]),e.d(o,{},{A:s})},"./node_modules/css-loader/dist/runtime/api.js"(t){t.exports=function(t){var o=[];return o.toString=function(){return this.map(function(o){var e="",r=void 0!==o[5];return o[4]&&(e+="@supports (".concat(o[4],") {")),o[2]&&(e+="@media ".concat(o[2]," {")),r&&(e+="@layer".concat(o[5].length>0?" ".concat(o[5]):""," {")),e+=t(o),r&&(e+="}"),o[2]&&(e+="}"),o[4]&&(e+="}"),e}).join("")},o.i=function(t,e,r,a,n){"string"==typeof t&&(t=[[null,t,void 0]]);var s={};if(r)for(var i=0;i<this.length;i++){var d=this[i][0];null!=d&&(s[d]=!0)}for(var l=0;l<t.length;l++){var p=[].concat(t[l]);r&&s[p[0]]||(void 0!==n&&(void 0===p[5]||(p[1]="@layer".concat(p[5].length>0?" ".concat(p[5]):""," {").concat(p[1],"}")),p[5]=n),e&&(p[2]&&(p[1]="@media ".concat(p[2]," {").concat(p[1],"}")),p[2]=e),a&&(p[4]?(p[1]="@supports (".concat(p[4],") {").concat(p[1],"}"),p[4]=a):p[4]="".concat(a)),o.push(p))}},o}},"./node_modules/css-loader/dist/runtime/noSourceMaps.js"(t){t.exports=function(t){return t[1]}},"./node_modules/style-loader/dist/runtime/injectStylesIntoStyleTag.js"(t){var o=[];function e(t){for(var e=-1,r=0;r<o.length;r++)if(o[r].identifier===t){e=r;break}return e}function r(t,r){for(var a={},n=[],s=0;s<t.length;s++){var i=t[s],d=r.base?i[0]+r.base:i[0],l=a[d]||0,p="".concat(d," ").concat(l);a[d]=l+1;var u=e(p),c={css:i[1],media:i[2],sourceMap:i[3],supports:i[4],layer:i[5]};if(-1!==u)o[u].references++,o[u].updater(c);else{var f=function(t,o){var e=o.domAPI(o);return e.update(t),function(o){o?(o.css!==t.css||o.media!==t.media||o.sourceMap!==t.sourceMap||o.supports!==t.supports||o.layer!==t.layer)&&e.update(t=o):e.remove()}}(c,r);r.byIndex=s,o.splice(s,0,{identifier:p,updater:f,references:1})}n.push(p)}return n}t.exports=function(t,a){var n=r(t=t||[],a=a||{});return function(t){t=t||[];for(var s=0;s<n.length;s++){var i=e(n[s]);o[i].references--}for(var d=r(t,a),l=0;l<n.length;l++){var p=e(n[l]);0===o[p].references&&(o[p].updater(),o.splice(p,1))}n=d}}},"./node_modules/style-loader/dist/runtime/insertBySelector.js"(t){var o={};t.exports=function(t,e){var r=function(t){if(void 0===o[t]){var e=document.querySelector(t);if(window.HTMLIFrameElement&&e instanceof window.HTMLIFrameElement)try{e=e.contentDocument.head}catch(t){e=null}o[t]=e}return o[t]}(t);if(!r)throw Error("Couldn't find a style target. This probably means that the value for the 'insert' parameter is invalid.");r.appendChild(e)}},"./node_modules/style-loader/dist/runtime/insertStyleElement.js"(t){t.exports=function(t){var o=document.createElement("style");return t.setAttributes(o,t.attributes),t.insert(o,t.options),o}},"./node_modules/style-loader/dist/runtime/setAttributesWithoutAttributes.js"(t,o,e){t.exports=function(t){var o=e.nc;o&&t.setAttribute("nonce",o)}},"./node_modules/style-loader/dist/runtime/styleDomAPI.js"(t){t.exports=function(t){if("u"<typeof document)return{update:function(){},remove:function(){}};var o=t.insertStyleElement(t);return{update:function(e){var r,a,n;r="",e.supports&&(r+="@supports (".concat(e.supports,") {")),e.media&&(r+="@media ".concat(e.media," {")),(a=void 0!==e.layer)&&(r+="@layer".concat(e.layer.length>0?" ".concat(e.layer):""," {")),r+=e.css,a&&(r+="}"),e.media&&(r+="}"),e.supports&&(r+="}"),(n=e.sourceMap)&&"u">typeof btoa&&(r+="\n/*# sourceMappingURL=data:application/json;base64,".concat(btoa(unescape(encodeURIComponent(JSON.stringify(n))))," */")),t.styleTagTransform(r,o,t.options)},remove:function(){var t;null===(t=o).parentNode||t.parentNode.removeChild(t)}}}},"./node_modules/style-loader/dist/runtime/styleTagTransform.js"(t){t.exports=function(t,o){if(o.styleSheet)o.styleSheet.cssText=t;else{for(;o.firstChild;)o.removeChild(o.firstChild);o.appendChild(document.createTextNode(t))}}},"./style/index.js"(t,o,e){var r=e("./node_modules/style-loader/dist/runtime/injectStylesIntoStyleTag.js"),a=e.n(r),n=e("./node_modules/style-loader/dist/runtime/styleDomAPI.js"),s=e.n(n),i=e("./node_modules/style-loader/dist/runtime/insertBySelector.js"),d=e.n(i),l=e("./node_modules/style-loader/dist/runtime/setAttributesWithoutAttributes.js"),p=e.n(l),u=e("./node_modules/style-loader/dist/runtime/insertStyleElement.js"),c=e.n(u),f=e("./node_modules/style-loader/dist/runtime/styleTagTransform.js"),m=e.n(f),g=e("./node_modules/css-loader/dist/cjs.js!./node_modules/uplot/dist/uPlot.min.css"),x={};x.styleTagTransform=m(),x.setAttributes=p(),x.insert=d().bind(null,"head"),x.domAPI=s(),x.insertStyleElement=c(),a()(g.A,x),g.A&&g.A.locals&&g.A.locals;var b=e("./node_modules/css-loader/dist/cjs.js!./style/base.css"),v={};v.styleTagTransform=m(),v.setAttributes=p(),v.insert=d().bind(null,"head"),v.domAPI=s(),v.insertStyleElement=c(),a()(b.A,v),b.A&&b.A.locals&&b.A.locals;var h=e("./node_modules/css-loader/dist/cjs.js!./style/panel.css"),y={};y.styleTagTransform=m(),y.setAttributes=p(),y.insert=d().bind(null,"head"),y.domAPI=s(),y.insertStyleElement=c(),a()(h.A,y),h.A&&h.A.locals&&h.A.locals;var j=e("./node_modules/css-loader/dist/cjs.js!./style/chart.css"),w={};w.styleTagTransform=m(),w.setAttributes=p(),w.insert=d().bind(null,"head"),w.domAPI=s(),w.insertStyleElement=c(),a()(j.A,w),j.A&&j.A.locals&&j.A.locals}}]);