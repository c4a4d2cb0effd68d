// Charts beside tables. Each canvas names its table; the numbers are read from there, so that
// both always say the same. Without this script the table alone stands.
(() => {
  "use strict";

  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const progress = (table) => {
    const rows = [...table.tBodies[0].rows];
    const of = (key) => rows.map((row) => Number(row.dataset[key] || 0));
    const parts = [
      ["Complete", "complete", style("--teal")],
      ["Open", "open", style("--amber")],
      ["Overdue", "overdue", style("--brick")],
      ["Exempt", "exempt", style("--edge")],
    ];
    return {
      type: "bar",
      data: {
        labels: rows.map((row) => row.dataset.label),
        datasets: parts.map(([label, key, color]) => ({
          label,
          data: of(key),
          backgroundColor: color,
          barThickness: 18,
        })),
      },
      options: {
        indexAxis: "y",
        scales: {
          x: { stacked: true, ticks: { precision: 0 } },
          y: { stacked: true },
        },
      },
      height: 60 + 34 * rows.length,
    };
  };

  const months = (table) => {
    const rows = [...table.tBodies[0].rows];
    return {
      type: "line",
      data: {
        labels: rows.map((row) => row.dataset.label),
        datasets: [
          {
            label: "Completions",
            data: rows.map((row) => Number(row.dataset.number)),
            borderColor: style("--teal"),
            backgroundColor: style("--teal"),
            pointRadius: 4,
          },
        ],
      },
      options: { scales: { x: {}, y: { beginAtZero: true, ticks: { precision: 0 } } } },
      height: 260,
    };
  };

  const kinds = { progress, months };

  const dress = (config) => {
    const ink = style("--ink");
    const line = style("--rule");
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const options = config.options;
    for (const scale of Object.values(options.scales)) {
      scale.ticks = { ...scale.ticks, color: ink };
      scale.grid = { color: line };
    }
    options.animation = calm ? false : { duration: 250 };
    options.maintainAspectRatio = false;
    options.plugins = { legend: { position: "bottom", labels: { color: ink, boxWidth: 14 } } };
    return config;
  };

  const drawn = new Map();

  const draw = (canvas) => {
    const table = document.getElementById(canvas.dataset.table);
    const make = kinds[canvas.dataset.chart];
    if (!table || !make || !window.Chart || !table.tBodies[0].rows.length) return;
    if (drawn.has(canvas)) drawn.get(canvas).destroy();
    const figure = canvas.closest("figure");
    const config = dress(make(table));
    figure.hidden = false;
    canvas.parentElement.style.height = `${config.height}px`;
    drawn.set(canvas, new window.Chart(canvas, config));
  };

  const all = () => document.querySelectorAll("canvas[data-chart]").forEach(draw);
  all();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
})();
