/* Drafts: a form with data-draft="address" saves itself two seconds after the last change and says so. */
(() => {
  'use strict';
  const QUIET_MS = 2000;
  const RETRY_MS = 15000;
  const timers = new WeakMap();
  const running = new WeakMap();

  const say = (form, state, words) => {
    const place = form.querySelector('[data-draft-state]');
    if (!place) return;
    place.dataset.state = state;
    place.textContent = words;
  };
  const clockTime = () => new Date().toLocaleTimeString('zh-CN', { hour: '2-digit', minute: '2-digit', hour12: false });

  const content = (form) => {
    const data = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (typeof value === 'string' && name !== 'form_key') data.append(name, value);
    }
    return data;
  };

  const later = (form, wait) => {
    clearTimeout(timers.get(form));
    timers.set(form, setTimeout(() => save(form), wait));
  };

  async function save(form) {
    if (form.hasAttribute('aria-busy') || !form.isConnected) return;
    const before = running.get(form);
    if (before) before.abort();
    const control = new AbortController();
    running.set(form, control);
    say(form, 'saving', '正在保存草稿…');
    try {
      const answer = await fetch(form.dataset.draft, {
        method: 'POST', body: content(form), signal: control.signal, credentials: 'same-origin', redirect: 'manual',
        headers: { 'X-Requested-With': 'draft', Accept: 'application/json' },
      });
      if (answer.ok) {
        say(form, 'saved', `草稿已保存 ${clockTime()}`);
        form.dispatchEvent(new CustomEvent('draft:saved', { bubbles: true }));
      } else if (answer.type === 'opaqueredirect' || answer.status === 401) {
        say(form, 'failed', '登录已超时，草稿未保存：请在新窗口重新登录，再回到本页继续，已填内容仍在');
        later(form, RETRY_MS);
      } else {
        say(form, 'failed', `草稿未保存（${answer.status}），稍后自动重试，已填内容仍在本页`);
        later(form, RETRY_MS);
      }
    } catch (error) {
      if (error.name === 'AbortError') return;
      say(form, 'failed', '网络不通，草稿未保存，稍后自动重试，已填内容仍在本页');
      later(form, RETRY_MS);
    }
  }

  const changed = (event) => {
    const form = event.target.form;
    if (form && form.dataset.draft) { say(form, 'waiting', '有改动，即将保存草稿'); later(form, QUIET_MS); }
  };
  document.addEventListener('input', changed);
  document.addEventListener('change', changed);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'hidden') return;
    document.querySelectorAll('form[data-draft]').forEach((form) => {
      const place = form.querySelector('[data-draft-state]');
      if (place && place.dataset.state === 'waiting') { clearTimeout(timers.get(form)); save(form); }
    });
  });
})();
