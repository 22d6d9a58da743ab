/* Charts from a JSON block named by data-chart; drawn as SVG, with tooltips that need no inline style. */
(() => {
  'use strict';
  const COLOURS = ['#0b5cad', '#5e9bd6', '#c3ccd8', '#d9730d', '#2c8745', '#7a5ea8', '#b8860b', '#5b6673'];
  const TONES = { ok: '#0b5cad', wait: '#e8a33d', ret: '#d9480f', none: '#c3ccd8', good: '#2c8745' };
  const DARK = ['#0b5cad', '#d9480f', '#2c8745', '#7a5ea8'];
  const PALE = 0.5;
  // Mixed with white, not made translucent: the label of a translucent bar would fade with it.
  const paler = (colour) => `#${[1, 3, 5].map((at) => Math.round(parseInt(colour.slice(at, at + 2), 16) * PALE + 255 * (1 - PALE)).toString(16).padStart(2, '0')).join('')}`;
  const NARROW = 400;
  const text = { color: '#33404f', fontSize: 13 };

  const formatted = (value) => (value === null || value === undefined ? '—' : Number(value).toLocaleString('zh-CN', { maximumFractionDigits: 2 }));

  // A segment too short for its number goes without: the number stands in the table.
  const fits = (spec, width) => {
    const sums = spec.categories.map((_, at) => spec.series.reduce((sum, one) => sum + (one.data[at] || 0), 0));
    const most = (spec.stacked ? Math.max(...sums) : Math.max(...spec.series.flatMap((one) => one.data.map((v) => v || 0)))) || 1;
    return (p) => (spec.stacked && (p.value / most) * width * 0.6 < formatted(p.value).length * 8 + 4 ? '' : formatted(p.value));
  };

  const series = (spec, one, index, width) => {
    const narrow = width < NARROW;
    const horizontal = spec.kind === 'bar-horizontal';
    const colour = TONES[one.tone] || COLOURS[index % COLOURS.length];
    const pale = new Set(one.pale || []);
    const last = index === spec.series.length - 1;
    const made = {
      name: one.name,
      type: spec.kind === 'line' ? 'line' : 'bar',
      itemStyle: { color: colour },
      data: one.data.map((value, at) => {
        const shown = spec.stacked && horizontal ? value || null : value;
        return pale.has(at) ? { value: shown, itemStyle: { color: paler(colour) } } : shown;
      }),
    };
    if (spec.kind === 'line') return { ...made, symbolSize: 7, lineStyle: { color: colour, width: 2.5 } };
    if (spec.stacked) made.stack = 'all';
    made.barMaxWidth = horizontal ? 22 : narrow ? 26 : 44;
    if (horizontal) made.label = { show: true, color: DARK.includes(colour) ? '#fff' : '#33404f', fontWeight: 600, formatter: fits(spec, width) };
    if (!horizontal && spec.totals && last) {
      made.label = { show: true, position: 'top', color: '#1b2a3d', fontWeight: 600, fontSize: narrow ? 11 : 13, formatter: (p) => formatted(spec.totals[p.dataIndex]) };
    }
    return made;
  };

  const options = (spec, width) => {
    const narrow = width < NARROW;
    const horizontal = spec.kind === 'bar-horizontal';
    const line = { axisLine: { lineStyle: { color: '#aeb8c4' } }, axisTick: { show: false }, axisLabel: { color: '#46515e', fontSize: 13, hideOverlap: true } };
    const category = { type: 'category', data: spec.categories, inverse: horizontal, ...line };
    const value = { type: 'value', minInterval: spec.whole ? 1 : 0, ...line, axisLine: { show: false }, splitLine: { lineStyle: { color: '#e6ebf1' } } };
    if (!horizontal) category.axisLabel = { ...line.axisLabel, interval: 0, lineHeight: 18 };
    const small = narrow || spec.series.length > 2;
    const legend = spec.series.reduce((sum, one) => sum + one.name.length * (small ? 12 : 13) + 19 + (small ? 10 : 18), 0);
    const rows = Math.ceil(legend / width);
    return {
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 13, color: '#46515e' },
      tooltip: { trigger: 'axis', renderMode: 'richText', axisPointer: { type: spec.kind === 'line' ? 'line' : 'shadow' }, valueFormatter: (v) => `${formatted(v)}${spec.unit ? ` ${spec.unit}` : ''}` },
      legend: { top: 0, left: 0, itemWidth: 14, itemHeight: 10, itemGap: small ? 10 : 18, textStyle: small ? { ...text, fontSize: 12 } : text },
      grid: { left: 4, right: 16, top: 16 + rows * 24 + (spec.totals ? 14 : 0), bottom: 4, containLabel: true },
      xAxis: horizontal ? value : category,
      yAxis: horizontal ? category : value,
      series: spec.series.map((one, index) => series(spec, one, index, width)),
    };
  };

  const draw = (place) => {
    const source = document.getElementById(place.dataset.chart);
    if (!source || place.dataset.drawn || !window.echarts) return;
    place.dataset.drawn = 'yes';
    const spec = JSON.parse(source.textContent);
    let chart = null;
    let drawn = '';
    // Drawn anew for each size: options for one width in another leave no room for the grid, and its positions are no numbers.
    new ResizeObserver(() => {
      const size = `${place.clientWidth}/${place.clientHeight}`;
      if (!place.clientWidth || !place.clientHeight || size === drawn) return;
      drawn = size;
      if (chart) chart.dispose();
      chart = window.echarts.init(place, null, { renderer: 'svg' });
      chart.setOption(options(spec, place.clientWidth));
    }).observe(place);
  };
  const drawAll = () => document.querySelectorAll('[data-chart]').forEach(draw);
  document.addEventListener('DOMContentLoaded', drawAll);
  document.addEventListener('htmx:afterSettle', drawAll);
})();
