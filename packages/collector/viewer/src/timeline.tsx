import { BarChart } from 'echarts/charts';
import { AriaComponent, GridComponent, TooltipComponent } from 'echarts/components';
import { type EChartsCoreOption, type EChartsType, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Timeline as TimelineData } from './api.js';
import { showSpan, type Zone } from './times.js';

use([BarChart, GridComponent, TooltipComponent, AriaComponent, CanvasRenderer]);

const KINDS = ['success', 'failure', 'challenge', 'unknown'] as const;

/** Counts the attempts of a timeline by outcome. */
export function totalsOf({ counts }: TimelineData): Record<(typeof KINDS)[number], number> {
  const totals = { success: 0, failure: 0, challenge: 0, unknown: 0 };
  for (const { outcome, attempts } of counts) totals[kindOf(outcome)] += attempts;
  return totals;
}

/** A chart of attempts over time, stacked by outcome. A click on a bar restricts the time range to it. */
export function Timeline({
  data,
  zone,
  onSpan,
}: {
  data: TimelineData;
  zone: Zone;
  onSpan: (from: number, to: number) => void;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType>(null);
  const latest = useRef({ data, onSpan });
  latest.current = { data, onSpan };

  useEffect(() => {
    const made = init(box.current);
    chart.current = made;
    made.getZr().on('click', ({ offsetX, offsetY }) => {
      const { data: shown, onSpan: narrow } = latest.current;
      if (!made.containPixel('grid', [offsetX, offsetY])) return;
      const index = Math.round(made.convertFromPixel({ xAxisIndex: 0 }, offsetX));
      narrow(shown.from + index * shown.step, shown.from + (index + 1) * shown.step);
    });
    const resize = new ResizeObserver(() => made.resize());
    resize.observe(box.current!);
    return () => {
      resize.disconnect();
      made.dispose();
    };
  }, []);

  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const draw = (): void => void chart.current?.setOption(optionFor(data, zone));
    draw();
    dark.addEventListener('change', draw);
    return () => dark.removeEventListener('change', draw);
  }, [data, zone]);

  const totals = totalsOf(data);
  const label = `Attempts over time: ${KINDS.map((kind) => `${totals[kind]} ${kind}`).join(', ')}`;
  return <div class="chart" ref={box} role="img" aria-label={label} />;
}

function optionFor(data: TimelineData, zone: Zone): EChartsCoreOption {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const length = Math.max(1, Math.ceil((data.to - data.from) / data.step));
  const spans = Array.from({ length }, (_, index) => data.from + index * data.step);
  const counts = new Map<string, number>();
  for (const { start, outcome, attempts } of data.counts) {
    const key = `${start} ${kindOf(outcome)}`;
    counts.set(key, (counts.get(key) ?? 0) + attempts);
  }
  return {
    animation: false,
    grid: { left: 8, right: 8, top: 12, bottom: 4, containLabel: true },
    // The tooltip is not HTML, since anybody may have sent the text of an outcome.
    tooltip: { trigger: 'axis', renderMode: 'richText', axisPointer: { type: 'shadow' } },
    xAxis: {
      type: 'category',
      data: spans.map((start) => showSpan(start, data.step, zone)),
      axisLabel: { color: colour('soft'), hideOverlap: true },
      axisLine: { lineStyle: { color: colour('line') } },
      axisTick: { show: false },
    },
    yAxis: {
      type: 'value',
      minInterval: 1,
      axisLabel: { color: colour('soft') },
      splitLine: { lineStyle: { color: colour('line') } },
    },
    series: KINDS.map((kind) => ({
      name: kind,
      type: 'bar',
      stack: 'attempts',
      barCategoryGap: '15%',
      itemStyle: { color: colour(`bar-${kind}`) },
      data: spans.map((start) => counts.get(`${start} ${kind}`) ?? 0),
    })),
  };
}

function kindOf(outcome: string): (typeof KINDS)[number] {
  return KINDS.find((kind) => kind === outcome) ?? 'unknown';
}
