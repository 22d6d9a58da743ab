/* Selecting rows: the box in the head, the count of what is chosen, buttons that need a choice. */
(() => {
  'use strict';
  const boxes = (form, name) => [...form.querySelectorAll('input[type=checkbox]')].filter((box) => box.name === name);

  const show = (form) => {
    const head = form.querySelector('[data-check-all]');
    if (!head) return;
    const rows = boxes(form, head.dataset.checkAll);
    const chosen = rows.filter((box) => box.checked).length;
    head.checked = chosen > 0 && chosen === rows.length;
    head.indeterminate = chosen > 0 && chosen < rows.length;
    const words = form.querySelector('[data-check-count]');
    if (words) words.textContent = chosen ? `已选 ${chosen} 条` : '';
    form.querySelectorAll('[data-needs-choice]').forEach((button) => { button.disabled = chosen === 0; });
  };

  document.addEventListener('change', (event) => {
    const form = event.target.form || event.target.closest('form');
    if (!form) return;
    if (event.target.dataset.checkAll) {
      boxes(form, event.target.dataset.checkAll).forEach((box) => { box.checked = event.target.checked; });
    }
    if (event.target.type === 'checkbox') show(form);
  });

  const showAll = () => document.querySelectorAll('[data-check-all]').forEach((head) => show(head.closest('form')));
  document.addEventListener('DOMContentLoaded', showAll);
  document.addEventListener('htmx:afterSettle', showAll);
  window.addEventListener('pageshow', showAll);
})();
