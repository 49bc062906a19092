import * as echarts from 'echarts';
import type { Result } from './bench.js';
import { RATES } from './benches.js';

/**
 * Draws a result as SVG: a bar for each side, with its spread.
 *
 * @param result the result
 * @param title title of the picture
 * @returns SVG
 */
export function picture(result: Result, title: string): string {
  return result['cost_at_1'] === undefined ? bars(result, title) : lines(result, title);
}

/** Draws a result at several rates: the cost on the left, answers per second on the right. */
function lines(result: Result, title: string): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 380 });
  const of = (side: string, name: string): number[] => RATES.map((rate) => (result[`${name}_at_${rate}`] as Record<string, number>)[side]!);
  const panel = {
    type: 'category',
    data: RATES.map((rate) => rate.toLocaleString('en')),
    name: 'offered/s',
    nameLocation: 'middle',
    nameGap: 26,
  };
  const drawn = (['bare', 'ours', 'peer'] as const).flatMap((side, index) =>
    ['cost', 'answered'].map((name, at) => ({
      type: 'line',
      name: side,
      xAxisIndex: at,
      yAxisIndex: at,
      data: of(side, name),
      symbolSize: 6,
      itemStyle: { color: ['#9aa4b2', '#1f6feb', '#d1700f'][index] },
    })),
  );
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: result.bench, subtext: title, left: 8, top: 4, subtextStyle: { width: 730, overflow: 'break' } },
    legend: { top: 62, data: ['bare', 'ours', 'peer'] },
    grid: [
      { left: 60, width: 290, top: 120, bottom: 50 },
      { left: 450, width: 290, top: 120, bottom: 50 },
    ],
    xAxis: [panel, { ...panel, gridIndex: 1 }],
    yAxis: [
      { type: 'log', name: 'µs CPU/request' },
      { type: 'log', name: 'answered/s', gridIndex: 1 },
    ],
    series: drawn,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

function bars(result: Result, title: string): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 110 + 46 * Object.keys(result.sides).length });
  const sides = Object.entries(result.sides).reverse();
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: result.bench, subtext: title, left: 8, top: 4, subtextStyle: { width: 730, overflow: 'break' } },
    grid: { left: 120, right: 90, top: 74, bottom: 40 },
    xAxis: { type: 'value', name: result.unit, nameLocation: 'middle', nameGap: 26 },
    yAxis: { type: 'category', data: sides.map(([side]) => side) },
    series: [
      {
        type: 'bar',
        data: sides.map(([side, { median }]) => ({ value: median, itemStyle: { color: side === 'ours' ? '#1f6feb' : '#9aa4b2' } })),
        label: { show: true, position: 'right', formatter: '{c}' },
        barWidth: 18,
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}
