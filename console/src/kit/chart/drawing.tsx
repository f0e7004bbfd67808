// The picture itself, over ECharts; loaded only where a chart is seen.
import { BarChart, LineChart } from "echarts/charts";
import {
  AriaComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  MarkPointComponent,
  TooltipComponent,
} from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";
import { type RefObject, useEffect, useRef } from "react";
import type { ChartProps, Picture } from "./chart";
import { axisFormat, formatValue } from "./value";

echarts.use([
  BarChart,
  LineChart,
  GridComponent,
  LegendComponent,
  TooltipComponent,
  MarkLineComponent,
  MarkPointComponent,
  AriaComponent,
  CanvasRenderer,
  SVGRenderer,
]);

// Told apart by lightness as well as by hue; the first is the accent.
const palettes = {
  light: ["#4a56c8", "#0f8a8a", "#b4690e", "#8e3b8e", "#2f6f3e", "#b3261e", "#5a6170"],
  dark: ["#98a3f0", "#4fc3c3", "#e0a458", "#cf8bcf", "#7fc28f", "#f28b82", "#9ba1ad"],
};

type Props = ChartProps & { scheme: "light" | "dark"; picture: RefObject<Picture | null>; height: number };

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The chart as ECharts takes it. */
function option({
  axis,
  series,
  kind = "line",
  format,
  unit,
  levels = [],
  notes = [],
  scheme,
  label,
}: Props): echarts.EChartsCoreOption {
  const [ink, dim, line, surface] = [colour("--ink"), colour("--ink-dim"), colour("--line"), colour("--surface")];
  const words = { color: dim, fontFamily: "'Inter Variable', sans-serif", fontSize: 11 };
  const axisWords = axisFormat(
    series.flatMap((one) => one.values),
    format,
    unit,
  );
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  return {
    animation: !still,
    animationDuration: 220,
    aria: { enabled: true, label: { description: `${label}. The table shows the same values.` } },
    color: palettes[scheme],
    grid: { left: 8, right: 16, top: 16, bottom: series.length > 1 ? 34 : 8, containLabel: true },
    legend:
      series.length > 1 ? { bottom: 0, icon: "roundRect", itemWidth: 10, itemHeight: 3, textStyle: words } : undefined,
    tooltip: {
      trigger: "axis",
      backgroundColor: surface,
      borderColor: line,
      textStyle: { ...words, color: ink, fontSize: 12 },
      valueFormatter: (value: unknown) => formatValue(value as number | null, format, unit),
    },
    xAxis: {
      type: "category",
      data: axis,
      boundaryGap: kind === "bar",
      axisLabel: { ...words, margin: 12 },
      axisTick: { show: false },
      axisLine: { lineStyle: { color: line } },
    },
    yAxis: {
      type: "value",
      scale: kind === "line",
      axisLabel: { ...words, formatter: axisWords },
      splitLine: { lineStyle: { color: line } },
    },
    series: series.map((one, index) => ({
      name: one.name,
      type: kind,
      data: one.values,
      symbol: axis.length > 60 ? "none" : "circle",
      symbolSize: 5,
      showSymbol: axis.length <= 60,
      barMaxWidth: 28,
      lineStyle: { width: 2, type: one.before ? "dashed" : "solid", opacity: one.before ? 0.6 : 1 },
      color: one.before ? palettes[scheme][0] : undefined,
      itemStyle: { opacity: one.before ? 0.6 : 1, borderRadius: kind === "bar" ? [3, 3, 0, 0] : undefined },
      markLine:
        index === 0 && levels.length > 0
          ? {
              symbol: "none",
              silent: true,
              data: levels.map((level) => ({
                yAxis: level.value,
                lineStyle: { color: colour(`--${level.tone}`), type: "dashed", width: 1 },
                label: {
                  formatter: level.name,
                  position: "insideStartTop",
                  ...words,
                  color: colour(`--${level.tone}`),
                },
              })),
            }
          : undefined,
      markPoint:
        index === 0 && notes.length > 0
          ? {
              symbol: "circle",
              symbolSize: 9,
              data: notes
                .filter((note) => typeof one.values[axis.indexOf(note.at)] === "number")
                .map((note) => ({
                  coord: [note.at, one.values[axis.indexOf(note.at)] ?? 0],
                  name: note.text,
                  label: {
                    show: true,
                    formatter: note.text,
                    position: "top",
                    ...words,
                    color: ink,
                    width: 180,
                    overflow: "truncate",
                  },
                })),
            }
          : undefined,
    })),
  };
}

export default function Drawing(props: Props) {
  const { height, picture, onPick } = props;
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<echarts.ECharts>(null);
  const pick = useRef(onPick);
  pick.current = onPick;
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const made = echarts.init(element, null, { renderer: "canvas" });
    chart.current = made;
    const sized = new ResizeObserver(() => made.resize());
    sized.observe(element);
    made.getZr().on("click", (event) => {
      const at = made.convertFromPixel({ gridIndex: 0 }, [event.offsetX, event.offsetY]) as number[] | undefined;
      const index = Math.round(at?.[0] ?? -1);
      if (index >= 0 && index < latest.current.axis.length) pick.current?.(index);
    });
    picture.current = {
      png: () => made.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: colour("--surface") }),
      svg: () => {
        const aside = echarts.init(document.createElement("div"), null, {
          renderer: "svg",
          width: element.clientWidth,
          height: element.clientHeight,
        });
        aside.setOption({ ...option(latest.current), animation: false });
        const url = aside.getDataURL();
        aside.dispose();
        return url;
      },
    };
    return () => {
      sized.disconnect();
      made.dispose();
      picture.current = null;
    };
  }, [picture]);

  useEffect(() => {
    chart.current?.setOption(option(props), { notMerge: true });
  });
  return <div ref={box} style={{ height }} role="img" aria-label={props.label} />;
}
