import * as echarts from 'echarts';
import type { Result } from './bench.js';

/**
 * Draws a result: a bar for each side, with its spread.
 *
 * @param result what was measured
 * @param title what it was
 * @returns SVG
 */
export function picture(result: Result, title: string): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 110 + 46 * Object.keys(result.sides).length });
  const sides = Object.entries(result.sides).reverse();
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: result.bench, subtext: title, left: 8, top: 4, subtextStyle: { width: 730, overflow: 'break' } },
    grid: { left: 90, right: 90, top: 74, bottom: 40 },
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
