/* What a person sees when a fragment could not be fetched. */
(() => {
  'use strict';
  const words = (status) => {
    if (status === 401) return '登录已超时：请在新窗口重新登录，再回到本页继续';
    if (status === 429) return '操作过于频繁，请稍后再试';
    if (status === 413) return '上传的内容超过限制，没有保存';
    if (status === 404) return '没有找到该记录，它可能已被移走';
    return status ? `系统出错（${status}），本次操作没有生效` : '网络不通，本次操作没有生效';
  };

  // A fragment that nobody asked for (the counters) fails in silence.
  const quiet = (event) => event.detail.elt && event.detail.elt.dataset && 'quiet' in event.detail.elt.dataset;

  const tell = (text) => {
    const list = document.getElementById('flash');
    if (!list) return;
    const line = document.createElement('div');
    line.className = 'flash flash-danger';
    line.setAttribute('role', 'alert');
    line.textContent = text;
    list.replaceChildren(line);
    line.scrollIntoView({ block: 'nearest' });
  };

  document.addEventListener('htmx:responseError', (event) => quiet(event) || tell(words(event.detail.xhr.status)));
  document.addEventListener('htmx:sendError', (event) => quiet(event) || tell(words(0)));
  document.addEventListener('htmx:timeout', (event) => quiet(event) || tell(words(0)));
})();
