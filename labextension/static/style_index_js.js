"use strict";(self.rspackChunkjupyter_sdt=self.rspackChunkjupyter_sdt||[]).push([["style_index_js"],{"./node_modules/css-loader/dist/cjs.js!./node_modules/uplot/dist/uPlot.min.css"(t,e,o){var r=o("./node_modules/css-loader/dist/runtime/noSourceMaps.js"),a=o.n(r),s=o("./node_modules/css-loader/dist/runtime/api.js"),n=(o.n(s))()(a());n.push([t.id,'.uplot, .uplot *, .uplot *::before, .uplot *::after {box-sizing: border-box;}.uplot {font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji";line-height: 1.5;width: min-content;}.u-title {text-align: center;font-size: 18px;font-weight: bold;}.u-wrap {position: relative;user-select: none;}.u-over, .u-under {position: absolute;}.u-under {overflow: hidden;}.uplot canvas {display: block;position: relative;width: 100%;height: 100%;}.u-axis {position: absolute;}.u-legend {font-size: 14px;margin: auto;text-align: center;}.u-inline {display: block;}.u-inline * {display: inline-block;}.u-inline tr {margin-right: 16px;}.u-legend th {font-weight: 600;}.u-legend th > * {vertical-align: middle;display: inline-block;}.u-legend .u-marker {width: 1em;height: 1em;margin-right: 4px;background-clip: padding-box !important;}.u-inline.u-live th::after {content: ":";vertical-align: middle;}.u-inline:not(.u-live) .u-value {display: none;}.u-series > * {padding: 4px;}.u-series th {cursor: pointer;}.u-legend .u-off > * {opacity: 0.3;}.u-select {background: rgba(0,0,0,0.07);position: absolute;pointer-events: none;}.u-cursor-x, .u-cursor-y {position: absolute;left: 0;top: 0;pointer-events: none;will-change: transform;}.u-hz .u-cursor-x, .u-vt .u-cursor-y {height: 100%;border-right: 1px dashed #607D8B;}.u-hz .u-cursor-y, .u-vt .u-cursor-x {width: 100%;border-bottom: 1px dashed #607D8B;}.u-cursor-pt {position: absolute;top: 0;left: 0;border-radius: 50%;border: 0 solid;pointer-events: none;will-change: transform;/*this has to be !important since we set inline "background" shorthand */background-clip: padding-box !important;}.u-axis.u-off, .u-select.u-off, .u-cursor-x.u-off, .u-cursor-y.u-off, .u-cursor-pt.u-off {display: none;}',""]),o.d(e,{},{A:n})},"./node_modules/css-loader/dist/cjs.js!./style/base.css"(t,e,o){var r=o("./node_modules/css-loader/dist/runtime/noSourceMaps.js"),a=o.n(r),s=o("./node_modules/css-loader/dist/runtime/api.js"),n=(o.n(s))()(a());n.push([t.id,`/* What all places share. Colours come from the theme, so that light and dark look right. */

.sdt-JobRenderer {
  padding: 4px 0;
  font-family: var(--jp-ui-font-family);
  font-size: var(--jp-ui-font-size1);
  color: var(--jp-ui-font-color1);
}

.sdt-JobHeader {
  display: flex;
  min-height: 30px;
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

.sdt-Failure {
  margin: 4px;
  padding: 6px 10px;
  border-left: 3px solid var(--jp-error-color1);
  background: color-mix(in srgb, var(--jp-error-color1) 10%, transparent);
  white-space: pre-wrap;
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

a.sdt-Button {
  text-decoration: none;
}

.sdt-Failure p {
  margin: 0;
}

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

.sdt-Table caption {
  padding: 8px 4px 2px;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  text-align: left;
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

.sdt-Failure pre .sdt-Link {
  margin: 0;
  text-decoration: underline;
  white-space: inherit;
}

.sdt-Stages summary,
.sdt-Chooser summary {
  padding: 4px;
  cursor: pointer;
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

/* Whoever comes by keyboard sees where they are. */
:is(.sdt-JobRenderer, .sdt-Panel, .sdt-Page, .sdt-StatusItem) :focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: 1px;
}
`,""]),o.d(e,{},{A:n})},"./node_modules/css-loader/dist/cjs.js!./style/charts.css"(t,e,o){var r=o("./node_modules/css-loader/dist/runtime/noSourceMaps.js"),a=o.n(r),s=o("./node_modules/css-loader/dist/runtime/api.js"),n=(o.n(s))()(a());n.push([t.id,`/* Charts, wherever they are, and what lies below a cell. */

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
  width: 14px;
  margin-right: 4px;
  border-top: 3px solid currentcolor;
  vertical-align: middle;
}

.sdt-Chart-legend i[data-dashed='true'] {
  border-top-style: dashed;
}

.sdt-Study-charts .sdt-Chart-legend {
  flex-basis: 100%;
}

.sdt-Chart-frame {
  position: relative;
}

.sdt-Chart-frame[data-empty='true'] {
  border: 1px dashed var(--jp-border-color2);
}

.sdt-Chart-plot {
  overflow: hidden;
}

.sdt-Chart-frame .sdt-Chart-empty {
  position: absolute;
  top: 45%;
  width: 100%;
  margin: 0;
  text-align: center;
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

.sdt-Chart-table tbody th {
  font-weight: normal;
}

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

/* uPlot's own colours are for white paper. */

.sdt-Chart-plot .u-select {
  background: color-mix(in srgb, var(--jp-brand-color1) 20%, transparent);
}

.sdt-Chart-plot :is(.u-cursor-x, .u-cursor-y) {
  border-color: var(--jp-border-color1);
}
`,""]),o.d(e,{},{A:n})},"./node_modules/css-loader/dist/cjs.js!./style/drawings.css"(t,e,o){var r=o("./node_modules/css-loader/dist/runtime/noSourceMaps.js"),a=o.n(r),s=o("./node_modules/css-loader/dist/runtime/api.js"),n=(o.n(s))()(a());n.push([t.id,`/* The heat map of step times, and the step of a pipeline. */

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

.sdt-HeatMap-right {
  flex: 1;
  min-width: 0;
}

.sdt-HeatMap-cells {
  position: relative;
  border: 1px solid var(--jp-border-color2);
}

.sdt-HeatMap-cells canvas {
  display: block;
  width: 100%;
  height: 100%;
  image-rendering: pixelated;
}

.sdt-HeatMap-cursor {
  position: absolute;
  box-sizing: border-box;
  min-width: 3px;
  border: 1px solid var(--jp-ui-font-color0);
  pointer-events: none;
}

.sdt-HeatMap-ranks {
  display: flex;
  flex: none;
  flex-direction: column;
  padding-top: 1px;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  text-align: right;
}

.sdt-HeatMap-ranks span {
  line-height: 22px;
  white-space: nowrap;
}

.sdt-HeatMap-ranks [data-slow='true'] {
  color: var(--jp-ui-font-color0);
  font-weight: 600;
}

.sdt-Chart-legend i.sdt-HeatMap-scale {
  width: 60px;
  height: 10px;
  margin: 0 4px;
  border: 1px solid var(--jp-border-color2);
  background: linear-gradient(
    to right,
    color-mix(in srgb, var(--jp-brand-color1) 8%, transparent),
    var(--jp-brand-color1)
  );
}

.sdt-HeatMap p.sdt-HeatMap-axis {
  display: flex;
  margin: 0;
  justify-content: space-between;
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

.sdt-Stages details .sdt-Table {
  margin: 2px 0 10px 18px;
}
`,""]),o.d(e,{},{A:n})},"./node_modules/css-loader/dist/cjs.js!./style/launch.css"(t,e,o){var r=o("./node_modules/css-loader/dist/runtime/noSourceMaps.js"),a=o.n(r),s=o("./node_modules/css-loader/dist/runtime/api.js"),n=(o.n(s))()(a());n.push([t.id,`/* The launch form, and what would start. */

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

.sdt-Preview-cost h4 {
  margin: 10px 0 4px;
}

.sdt-Preview-cost p {
  margin-bottom: 6px;
  overflow-wrap: anywhere;
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
`,""]),o.d(e,{},{A:n})},"./node_modules/css-loader/dist/cjs.js!./style/page.css"(t,e,o){var r=o("./node_modules/css-loader/dist/runtime/noSourceMaps.js"),a=o.n(r),s=o("./node_modules/css-loader/dist/runtime/api.js"),n=(o.n(s))()(a());n.push([t.id,`/* Pages in the main area: a job's, and the comparison of several. */

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
  height: max(260px, 100vh - 320px);
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

.sdt-Plan summary,
.sdt-Failure summary {
  padding: 4px 0;
  cursor: pointer;
}

.sdt-Page-heading {
  margin: 4px;
  font-size: var(--jp-ui-font-size2);
}

.sdt-Chooser {
  margin-bottom: 10px;
}

.sdt-Chooser .sdt-Controls {
  padding: 4px;
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

.sdt-Facts {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(220px, 1fr));
  gap: 8px 20px;
  margin: 4px 4px 14px;
}

.sdt-Facts dt {
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
}

.sdt-Facts dd {
  margin: 0;
  overflow-wrap: anywhere;
}

.sdt-Cost section {
  margin-bottom: 16px;
}

.sdt-Notes {
  margin: 8px 0;
  padding-left: 20px;
  color: var(--jp-ui-font-color2);
  overflow-wrap: anywhere;
}

.sdt-Environment .sdt-Controls input {
  flex: 1;
  min-width: 120px;
  max-width: 320px;
}

.sdt-Environment-tables {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr));
  align-items: start;
  gap: 4px 28px;
}

.sdt-Environment-pairs {
  width: 100%;
}

.sdt-Environment-pairs tbody :is(th, td) {
  padding: 2px 12px 2px 4px;
  overflow-wrap: anywhere;
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
}

.sdt-Environment-pairs tbody th {
  width: 1%;
  overflow-wrap: normal;
}
`,""]),o.d(e,{},{A:n})},"./node_modules/css-loader/dist/cjs.js!./style/panel.css"(t,e,o){var r=o("./node_modules/css-loader/dist/runtime/noSourceMaps.js"),a=o.n(r),s=o("./node_modules/css-loader/dist/runtime/api.js"),n=(o.n(s))()(a());n.push([t.id,`/* The side panel: rows of jobs. */

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
  flex-wrap: wrap;
  gap: 6px;
  padding: 4px 12px 8px;
}

.sdt-Panel-filter input {
  flex: 1 1 90px;
  min-width: 0;
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

.sdt-JobRow-deadline,
.sdt-Deadline {
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
`,""]),o.d(e,{},{A:n})},"./node_modules/css-loader/dist/runtime/api.js"(t){t.exports=function(t){var e=[];return e.toString=function(){return this.map(function(e){var o="",r=void 0!==e[5];return e[4]&&(o+="@supports (".concat(e[4],") {")),e[2]&&(o+="@media ".concat(e[2]," {")),r&&(o+="@layer".concat(e[5].length>0?" ".concat(e[5]):""," {")),o+=t(e),r&&(o+="}"),e[2]&&(o+="}"),e[4]&&(o+="}"),o}).join("")},e.i=function(t,o,r,a,s){"string"==typeof t&&(t=[[null,t,void 0]]);var n={};if(r)for(var i=0;i<this.length;i++){var d=this[i][0];null!=d&&(n[d]=!0)}for(var l=0;l<t.length;l++){var p=[].concat(t[l]);r&&n[p[0]]||(void 0!==s&&(void 0===p[5]||(p[1]="@layer".concat(p[5].length>0?" ".concat(p[5]):""," {").concat(p[1],"}")),p[5]=s),o&&(p[2]&&(p[1]="@media ".concat(p[2]," {").concat(p[1],"}")),p[2]=o),a&&(p[4]?(p[1]="@supports (".concat(p[4],") {").concat(p[1],"}"),p[4]=a):p[4]="".concat(a)),e.push(p))}},e}},"./node_modules/css-loader/dist/runtime/noSourceMaps.js"(t){t.exports=function(t){return t[1]}},"./node_modules/style-loader/dist/runtime/injectStylesIntoStyleTag.js"(t){var e=[];function o(t){for(var o=-1,r=0;r<e.length;r++)if(e[r].identifier===t){o=r;break}return o}function r(t,r){for(var a={},s=[],n=0;n<t.length;n++){var i=t[n],d=r.base?i[0]+r.base:i[0],l=a[d]||0,p="".concat(d," ").concat(l);a[d]=l+1;var c=o(p),u={css:i[1],media:i[2],sourceMap:i[3],supports:i[4],layer:i[5]};if(-1!==c)e[c].references++,e[c].updater(u);else{var m=function(t,e){var o=e.domAPI(e);return o.update(t),function(e){e?(e.css!==t.css||e.media!==t.media||e.sourceMap!==t.sourceMap||e.supports!==t.supports||e.layer!==t.layer)&&o.update(t=e):o.remove()}}(u,r);r.byIndex=n,e.splice(n,0,{identifier:p,updater:m,references:1})}s.push(p)}return s}t.exports=function(t,a){var s=r(t=t||[],a=a||{});return function(t){t=t||[];for(var n=0;n<s.length;n++){var i=o(s[n]);e[i].references--}for(var d=r(t,a),l=0;l<s.length;l++){var p=o(s[l]);0===e[p].references&&(e[p].updater(),e.splice(p,1))}s=d}}},"./node_modules/style-loader/dist/runtime/insertBySelector.js"(t){var e={};t.exports=function(t,o){var r=function(t){if(void 0===e[t]){var o=document.querySelector(t);if(window.HTMLIFrameElement&&o instanceof window.HTMLIFrameElement)try{o=o.contentDocument.head}catch(t){o=null}e[t]=o}return e[t]}(t);if(!r)throw Error("Couldn't find a style target. This probably means that the value for the 'insert' parameter is invalid.");r.appendChild(o)}},"./node_modules/style-loader/dist/runtime/insertStyleElement.js"(t){t.exports=function(t){var e=document.createElement("style");return t.setAttributes(e,t.attributes),t.insert(e,t.options),e}},"./node_modules/style-loader/dist/runtime/setAttributesWithoutAttributes.js"(t,e,o){t.exports=function(t){var e=o.nc;e&&t.setAttribute("nonce",e)}},"./node_modules/style-loader/dist/runtime/styleDomAPI.js"(t){t.exports=function(t){if("u"<typeof document)return{update:function(){},remove:function(){}};var e=t.insertStyleElement(t);return{update:function(o){var r,a,s;r="",o.supports&&(r+="@supports (".concat(o.supports,") {")),o.media&&(r+="@media ".concat(o.media," {")),(a=void 0!==o.layer)&&(r+="@layer".concat(o.layer.length>0?" ".concat(o.layer):""," {")),r+=o.css,a&&(r+="}"),o.media&&(r+="}"),o.supports&&(r+="}"),(s=o.sourceMap)&&"u">typeof btoa&&(r+="\n/*# sourceMappingURL=data:application/json;base64,".concat(btoa(unescape(encodeURIComponent(JSON.stringify(s))))," */")),t.styleTagTransform(r,e,t.options)},remove:function(){var t;null===(t=e).parentNode||t.parentNode.removeChild(t)}}}},"./node_modules/style-loader/dist/runtime/styleTagTransform.js"(t){t.exports=function(t,e){if(e.styleSheet)e.styleSheet.cssText=t;else{for(;e.firstChild;)e.removeChild(e.firstChild);e.appendChild(document.createTextNode(t))}}},"./style/index.js"(t,e,o){var r=o("./node_modules/style-loader/dist/runtime/injectStylesIntoStyleTag.js"),a=o.n(r),s=o("./node_modules/style-loader/dist/runtime/styleDomAPI.js"),n=o.n(s),i=o("./node_modules/style-loader/dist/runtime/insertBySelector.js"),d=o.n(i),l=o("./node_modules/style-loader/dist/runtime/setAttributesWithoutAttributes.js"),p=o.n(l),c=o("./node_modules/style-loader/dist/runtime/insertStyleElement.js"),u=o.n(c),m=o("./node_modules/style-loader/dist/runtime/styleTagTransform.js"),f=o.n(m),x=o("./node_modules/css-loader/dist/cjs.js!./node_modules/uplot/dist/uPlot.min.css"),g={};g.styleTagTransform=f(),g.setAttributes=p(),g.insert=d().bind(null,"head"),g.domAPI=n(),g.insertStyleElement=u(),a()(x.A,g),x.A&&x.A.locals&&x.A.locals;var b=o("./node_modules/css-loader/dist/cjs.js!./style/base.css"),h={};h.styleTagTransform=f(),h.setAttributes=p(),h.insert=d().bind(null,"head"),h.domAPI=n(),h.insertStyleElement=u(),a()(b.A,h),b.A&&b.A.locals&&b.A.locals;var v=o("./node_modules/css-loader/dist/cjs.js!./style/charts.css"),y={};y.styleTagTransform=f(),y.setAttributes=p(),y.insert=d().bind(null,"head"),y.domAPI=n(),y.insertStyleElement=u(),a()(v.A,y),v.A&&v.A.locals&&v.A.locals;var j=o("./node_modules/css-loader/dist/cjs.js!./style/drawings.css"),w={};w.styleTagTransform=f(),w.setAttributes=p(),w.insert=d().bind(null,"head"),w.domAPI=n(),w.insertStyleElement=u(),a()(j.A,w),j.A&&j.A.locals&&j.A.locals;var k=o("./node_modules/css-loader/dist/cjs.js!./style/page.css"),z={};z.styleTagTransform=f(),z.setAttributes=p(),z.insert=d().bind(null,"head"),z.domAPI=n(),z.insertStyleElement=u(),a()(k.A,z),k.A&&k.A.locals&&k.A.locals;var A=o("./node_modules/css-loader/dist/cjs.js!./style/panel.css"),C={};C.styleTagTransform=f(),C.setAttributes=p(),C.insert=d().bind(null,"head"),C.domAPI=n(),C.insertStyleElement=u(),a()(A.A,C),A.A&&A.A.locals&&A.A.locals;var S=o("./node_modules/css-loader/dist/cjs.js!./style/launch.css"),_={};_.styleTagTransform=f(),_.setAttributes=p(),_.insert=d().bind(null,"head"),_.domAPI=n(),_.insertStyleElement=u(),a()(S.A,_),S.A&&S.A.locals&&S.A.locals}}]);