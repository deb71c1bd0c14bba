// What JupyterLab's packages expect of a browser and jsdom has not.
class Observer {
  observe() {}
  unobserve() {}
  disconnect() {}
}
globalThis.DragEvent ??= class extends Event {};
globalThis.ResizeObserver ??= Observer;
globalThis.IntersectionObserver ??= Observer;
globalThis.requestIdleCallback ??= callback => setTimeout(callback, 0);
window.matchMedia ??= () => ({
  matches: false,
  addEventListener() {},
  removeEventListener() {},
  addListener() {}
});
document.queryCommandSupported ??= () => false;
