"""For everyone: axe finds nothing serious, and colours are the theme's."""

from __future__ import annotations

from typing import Any

import pytest
from lab_server import ROOT

LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
_AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
_FINDINGS = """async part => {
    const options = {resultTypes: ['violations'], elementRef: false};
    const {violations} = await axe.run({include: [[part]]}, options);
    return violations
        .filter(({impact}) => impact === 'serious' || impact === 'critical')
        .flatMap(({id, nodes}) => nodes.map(node => `${id}: ${node.html.slice(0, 200)}`));
}"""
# Colours of a part that no variable of the theme has. color-mix() computes to color(...).
_FOREIGN = """part => {
    const names = new Set([...document.styleSheets].flatMap(sheet => [...sheet.cssRules])
        .flatMap(rule => rule.style ? [...rule.style] : [])
        .filter(name => /^--(jp|md)-/.test(name)));
    const probe = document.body.appendChild(document.createElement('i'));
    const known = new Set(['rgba(0, 0, 0, 0)', 'rgb(0, 0, 0)']);
    for (const name of names) {
        probe.style.color = `var(${name})`;
        known.add(getComputedStyle(probe).color);
    }
    probe.remove();
    const kinds = ['color', 'backgroundColor', 'borderTopColor', 'borderRightColor'];
    return [...document.querySelectorAll(`${part}, ${part} *`)].flatMap(node =>
        node.closest('canvas, progress, input[type=range]') ? [] : kinds.flatMap(kind => {
            const color = getComputedStyle(node)[kind];
            const width = {borderTopColor: 'borderTopWidth', borderRightColor: 'borderRightWidth'};
            const unseen = width[kind] && getComputedStyle(node)[width[kind]] === '0px';
            return unseen || color.startsWith('color(') || known.has(color) ? []
                : [`${kind} ${color}: ${node.outerHTML.slice(0, 120)}`];
        }));
}"""


def faults(screen: Any, part: str) -> list[str]:
    """What is wrong with a part of the page, a selector, as it looks now."""
    if not _AXE.exists():
        pytest.skip("axe-core is not installed: npm ci")
    if screen.evaluate("() => typeof axe === 'undefined'"):
        screen.add_script_tag(path=_AXE)
    return [*screen.evaluate(_FINDINGS, part), *screen.evaluate(_FOREIGN, part)]
