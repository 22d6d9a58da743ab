/* Forms: sent once, not left by accident, money said in 万元, files looked at before they travel. */
(() => {
  'use strict';
  const dirty = new Set();
  const formsByState = { sent: new WeakSet() };

  const shownSize = (bytes) => {
    if (bytes >= 1048576) return `${(bytes / 1048576).toFixed(1)} MB`;
    return bytes >= 1024 ? `${Math.round(bytes / 1024)} KB` : `${bytes} B`;
  };

  const release = (form) => {
    formsByState.sent.delete(form);
    form.removeAttribute('aria-busy');
    form.querySelectorAll('[data-was-enabled]').forEach((button) => {
      button.disabled = false;
      button.removeAttribute('data-was-enabled');
    });
  };

  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (form.method !== 'post') return;
    if (formsByState.sent.has(form)) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    formsByState.sent.add(form);
    dirty.delete(form);
    form.setAttribute('aria-busy', 'true');
    // After the browser has taken the pressed button's own name and value.
    setTimeout(() => form.querySelectorAll('button:not([type=button]):not([disabled])').forEach((button) => {
      button.setAttribute('data-was-enabled', '');
      button.disabled = true;
    }));
  }, true);
  window.addEventListener('pageshow', () => document.querySelectorAll('form[aria-busy]').forEach(release));
  document.addEventListener('htmx:afterRequest', (event) => {
    if (event.target instanceof HTMLFormElement) release(event.target);
  });

  document.addEventListener('input', (event) => {
    const field = event.target;
    if (field.form && field.form.hasAttribute('data-guard')) dirty.add(field.form);
    if (field.hasAttribute('data-money')) sayMoney(field);
  });
  document.addEventListener('draft:saved', (event) => dirty.delete(event.target));
  window.addEventListener('beforeunload', (event) => {
    if ([...dirty].some((form) => form.isConnected)) { event.preventDefault(); event.returnValue = ''; }
  });

  function sayMoney(field) {
    const words = field.closest('.field').querySelector('[data-money-words]');
    if (!words) return;
    const typed = field.value.replace(/[,，\s]/g, '');
    if (!/^\d{1,15}(\.\d{1,2})?$/.test(typed)) { words.textContent = ''; return; }
    const [whole, cents = ''] = typed.split('.');
    const digits = whole.padStart(5, '0');
    const places = (digits.slice(-4) + cents).replace(/0+$/, '').padEnd(2, '0');
    words.textContent = `即 ${Number(digits.slice(0, -4)).toLocaleString('zh-CN')}.${places} 万元`;
  }

  document.addEventListener('change', (event) => {
    const field = event.target;
    if (field.type !== 'file' || !field.dataset.limit) return;
    const words = field.closest('.field').querySelector('[data-file-words]');
    const limit = Number(field.dataset.limit);
    const endings = field.accept.split(',').filter(Boolean);
    const files = [...field.files];
    const large = files.find((file) => file.size > limit);
    const foreign = files.find((file) => !endings.some((ending) => file.name.toLowerCase().endsWith(ending)));
    const fault = large ? `“${large.name}”为 ${shownSize(large.size)}，超过 ${shownSize(limit)} 的限制`
      : foreign ? `“${foreign.name}”不是可选的文件类型` : '';
    field.setCustomValidity(fault);
    if (words) words.textContent = fault || files.map((file) => `${file.name}，${shownSize(file.size)}`).join('；');
    if (fault) field.reportValidity();
  });

  document.addEventListener('DOMContentLoaded', () => document.querySelectorAll('[data-money]').forEach(sayMoney));
  document.addEventListener('htmx:xhr:progress', (event) => {
    const bar = event.target.querySelector && event.target.querySelector('[data-upload-progress]');
    if (!bar || !event.detail.lengthComputable) return;
    bar.classList.remove('d-none');
    bar.value = event.detail.loaded / event.detail.total;
  });
})();
