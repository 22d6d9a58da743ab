/* Menus made of <details>, keys, and where the focus goes. */
(() => {
  'use strict';
  const open = () => document.querySelectorAll('details[data-menu][open]');

  document.addEventListener('click', (event) => {
    open().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });

  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      open().forEach((menu) => {
        const inside = menu.contains(document.activeElement);
        menu.open = false;
        if (inside) menu.querySelector('summary').focus();
      });
      return;
    }
    const typing = event.target.closest('input, select, textarea, [contenteditable]');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = [...document.querySelectorAll('[data-search]')].find((field) => field.offsetParent !== null);
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    }
  });

  document.addEventListener('click', (event) => {
    if (event.target.closest('[data-print]')) window.print();
  });

  // A refusal or an error summary is read first; in a fragment, the one that came with it.
  const focusFirst = (root) => {
    const box = root.matches && root.matches('[data-focus]') ? root : root.querySelector('[data-focus]');
    if (box) box.focus();
  };
  document.addEventListener('DOMContentLoaded', () => focusFirst(document));
  document.addEventListener('htmx:afterSettle', (event) => focusFirst(event.detail.elt));
})();
