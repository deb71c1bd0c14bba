"use strict";(self.rspackChunkjupyter_sdt=self.rspackChunkjupyter_sdt||[]).push([["style_index_js"],{"./node_modules/css-loader/dist/cjs.js!./node_modules/uplot/dist/uPlot.min.css"(e,t,o){var r=o("./node_modules/css-loader/dist/runtime/noSourceMaps.js"),s=o.n(r),n=o("./node_modules/css-loader/dist/runtime/api.js"),a=(o.n(n))()(s());a.push([e.id,'.uplot, .uplot *, .uplot *::before, .uplot *::after {box-sizing: border-box;}.uplot {font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji";line-height: 1.5;width: min-content;}.u-title {text-align: center;font-size: 18px;font-weight: bold;}.u-wrap {position: relative;user-select: none;}.u-over, .u-under {position: absolute;}.u-under {overflow: hidden;}.uplot canvas {display: block;position: relative;width: 100%;height: 100%;}.u-axis {position: absolute;}.u-legend {font-size: 14px;margin: auto;text-align: center;}.u-inline {display: block;}.u-inline * {display: inline-block;}.u-inline tr {margin-right: 16px;}.u-legend th {font-weight: 600;}.u-legend th > * {vertical-align: middle;display: inline-block;}.u-legend .u-marker {width: 1em;height: 1em;margin-right: 4px;background-clip: padding-box !important;}.u-inline.u-live th::after {content: ":";vertical-align: middle;}.u-inline:not(.u-live) .u-value {display: none;}.u-series > * {padding: 4px;}.u-series th {cursor: pointer;}.u-legend .u-off > * {opacity: 0.3;}.u-select {background: rgba(0,0,0,0.07);position: absolute;pointer-events: none;}.u-cursor-x, .u-cursor-y {position: absolute;left: 0;top: 0;pointer-events: none;will-change: transform;}.u-hz .u-cursor-x, .u-vt .u-cursor-y {height: 100%;border-right: 1px dashed #607D8B;}.u-hz .u-cursor-y, .u-vt .u-cursor-x {width: 100%;border-bottom: 1px dashed #607D8B;}.u-cursor-pt {position: absolute;top: 0;left: 0;border-radius: 50%;border: 0 solid;pointer-events: none;will-change: transform;/*this has to be !important since we set inline "background" shorthand */background-clip: padding-box !important;}.u-axis.u-off, .u-select.u-off, .u-cursor-x.u-off, .u-cursor-y.u-off, .u-cursor-pt.u-off {display: none;}',""]),o.d(t,{},{A:a})},"./node_modules/css-loader/dist/cjs.js!./style/base.css"(e,t,o){var r=o("./node_modules/css-loader/dist/runtime/noSourceMaps.js"),s=o.n(r),n=o("./node_modules/css-loader/dist/runtime/api.js"),a=(o.n(n))()(s());a.push([e.id,`/* Colours come from the theme, so that light and dark look right. */

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
`,""]),o.d(t,{},{A:a})},"./node_modules/css-loader/dist/runtime/api.js"(e){e.exports=function(e){var t=[];return t.toString=function(){return this.map(function(t){var o="",r=void 0!==t[5];return t[4]&&(o+="@supports (".concat(t[4],") {")),t[2]&&(o+="@media ".concat(t[2]," {")),r&&(o+="@layer".concat(t[5].length>0?" ".concat(t[5]):""," {")),o+=e(t),r&&(o+="}"),t[2]&&(o+="}"),t[4]&&(o+="}"),o}).join("")},t.i=function(e,o,r,s,n){"string"==typeof e&&(e=[[null,e,void 0]]);var a={};if(r)for(var i=0;i<this.length;i++){var l=this[i][0];null!=l&&(a[l]=!0)}for(var d=0;d<e.length;d++){var u=[].concat(e[d]);r&&a[u[0]]||(void 0!==n&&(void 0===u[5]||(u[1]="@layer".concat(u[5].length>0?" ".concat(u[5]):""," {").concat(u[1],"}")),u[5]=n),o&&(u[2]&&(u[1]="@media ".concat(u[2]," {").concat(u[1],"}")),u[2]=o),s&&(u[4]?(u[1]="@supports (".concat(u[4],") {").concat(u[1],"}"),u[4]=s):u[4]="".concat(s)),t.push(u))}},t}},"./node_modules/css-loader/dist/runtime/noSourceMaps.js"(e){e.exports=function(e){return e[1]}},"./node_modules/style-loader/dist/runtime/injectStylesIntoStyleTag.js"(e){var t=[];function o(e){for(var o=-1,r=0;r<t.length;r++)if(t[r].identifier===e){o=r;break}return o}function r(e,r){for(var s={},n=[],a=0;a<e.length;a++){var i=e[a],l=r.base?i[0]+r.base:i[0],d=s[l]||0,u="".concat(l," ").concat(d);s[l]=d+1;var p=o(u),c={css:i[1],media:i[2],sourceMap:i[3],supports:i[4],layer:i[5]};if(-1!==p)t[p].references++,t[p].updater(c);else{var m=function(e,t){var o=t.domAPI(t);return o.update(e),function(t){t?(t.css!==e.css||t.media!==e.media||t.sourceMap!==e.sourceMap||t.supports!==e.supports||t.layer!==e.layer)&&o.update(e=t):o.remove()}}(c,r);r.byIndex=a,t.splice(a,0,{identifier:u,updater:m,references:1})}n.push(u)}return n}e.exports=function(e,s){var n=r(e=e||[],s=s||{});return function(e){e=e||[];for(var a=0;a<n.length;a++){var i=o(n[a]);t[i].references--}for(var l=r(e,s),d=0;d<n.length;d++){var u=o(n[d]);0===t[u].references&&(t[u].updater(),t.splice(u,1))}n=l}}},"./node_modules/style-loader/dist/runtime/insertBySelector.js"(e){var t={};e.exports=function(e,o){var r=function(e){if(void 0===t[e]){var o=document.querySelector(e);if(window.HTMLIFrameElement&&o instanceof window.HTMLIFrameElement)try{o=o.contentDocument.head}catch(e){o=null}t[e]=o}return t[e]}(e);if(!r)throw Error("Couldn't find a style target. This probably means that the value for the 'insert' parameter is invalid.");r.appendChild(o)}},"./node_modules/style-loader/dist/runtime/insertStyleElement.js"(e){e.exports=function(e){var t=document.createElement("style");return e.setAttributes(t,e.attributes),e.insert(t,e.options),t}},"./node_modules/style-loader/dist/runtime/setAttributesWithoutAttributes.js"(e,t,o){e.exports=function(e){var t=o.nc;t&&e.setAttribute("nonce",t)}},"./node_modules/style-loader/dist/runtime/styleDomAPI.js"(e){e.exports=function(e){if("u"<typeof document)return{update:function(){},remove:function(){}};var t=e.insertStyleElement(e);return{update:function(o){var r,s,n;r="",o.supports&&(r+="@supports (".concat(o.supports,") {")),o.media&&(r+="@media ".concat(o.media," {")),(s=void 0!==o.layer)&&(r+="@layer".concat(o.layer.length>0?" ".concat(o.layer):""," {")),r+=o.css,s&&(r+="}"),o.media&&(r+="}"),o.supports&&(r+="}"),(n=o.sourceMap)&&"u">typeof btoa&&(r+="\n/*# sourceMappingURL=data:application/json;base64,".concat(btoa(unescape(encodeURIComponent(JSON.stringify(n))))," */")),e.styleTagTransform(r,t,e.options)},remove:function(){var e;null===(e=t).parentNode||e.parentNode.removeChild(e)}}}},"./node_modules/style-loader/dist/runtime/styleTagTransform.js"(e){e.exports=function(e,t){if(t.styleSheet)t.styleSheet.cssText=e;else{for(;t.firstChild;)t.removeChild(t.firstChild);t.appendChild(document.createTextNode(e))}}},"./style/index.js"(e,t,o){var r=o("./node_modules/style-loader/dist/runtime/injectStylesIntoStyleTag.js"),s=o.n(r),n=o("./node_modules/style-loader/dist/runtime/styleDomAPI.js"),a=o.n(n),i=o("./node_modules/style-loader/dist/runtime/insertBySelector.js"),l=o.n(i),d=o("./node_modules/style-loader/dist/runtime/setAttributesWithoutAttributes.js"),u=o.n(d),p=o("./node_modules/style-loader/dist/runtime/insertStyleElement.js"),c=o.n(p),m=o("./node_modules/style-loader/dist/runtime/styleTagTransform.js"),f=o.n(m),g=o("./node_modules/css-loader/dist/cjs.js!./node_modules/uplot/dist/uPlot.min.css"),h={};h.styleTagTransform=f(),h.setAttributes=u(),h.insert=l().bind(null,"head"),h.domAPI=a(),h.insertStyleElement=c(),s()(g.A,h),g.A&&g.A.locals&&g.A.locals;var v=o("./node_modules/css-loader/dist/cjs.js!./style/base.css"),b={};b.styleTagTransform=f(),b.setAttributes=u(),b.insert=l().bind(null,"head"),b.domAPI=a(),b.insertStyleElement=c(),s()(v.A,b),v.A&&v.A.locals&&v.A.locals}}]);