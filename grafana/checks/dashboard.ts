// What Grafana 13.2 takes in a classic dashboard, part by part, made from its own types (@grafana/schema).

import type * as G from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';
import type * as BarChart from '@grafana/schema/dist/esm/raw/composable/barchart/panelcfg/x/BarChartPanelCfg_types.gen';
import type * as BarGauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as DashList from '@grafana/schema/dist/esm/raw/composable/dashboardlist/panelcfg/x/DashboardListPanelCfg_types.gen';
import type * as Gauge from '@grafana/schema/dist/esm/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen';
import type * as Heatmap from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type * as Histogram from '@grafana/schema/dist/esm/raw/composable/histogram/panelcfg/x/HistogramPanelCfg_types.gen';
import type * as Pie from '@grafana/schema/dist/esm/raw/composable/piechart/panelcfg/x/PieChartPanelCfg_types.gen';
import type * as Stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as States from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as Statuses from '@grafana/schema/dist/esm/raw/composable/statushistory/panelcfg/x/StatusHistoryPanelCfg_types.gen';
import type * as Table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as Text from '@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen';
import type * as Series from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import type * as Trend from '@grafana/schema/dist/esm/raw/composable/trend/panelcfg/x/TrendPanelCfg_types.gen';

type Nothing = Record<string, never>;

/** The options and the custom field settings of each panel type, by its id. */
interface Panels {
  barchart: [BarChart.Options, BarChart.FieldConfig];
  bargauge: [BarGauge.Options, Nothing];
  dashlist: [DashList.Options, Nothing];
  gauge: [Gauge.Options, Nothing];
  heatmap: [Heatmap.Options, Heatmap.FieldConfig];
  histogram: [Histogram.Options, Histogram.FieldConfig];
  piechart: [Pie.Options, Pie.FieldConfig];
  stat: [Stat.Options, Nothing];
  'state-timeline': [States.Options, States.FieldConfig];
  'status-history': [Statuses.Options, Statuses.FieldConfig];
  table: [Table.Options, Table.FieldConfig];
  text: [Text.Options, Nothing];
  timeseries: [Series.Options, Series.FieldConfig];
  trend: [Trend.Options, Trend.FieldConfig];
}
type Options<K extends keyof Panels> = Panels[K][0];
type Custom<K extends keyof Panels> = Panels[K][1];

/** A type as JSON writes it: enums by their values, any key may be left out, since Grafana fills in its defaults. */
type Written<T> = unknown extends T
  ? unknown
  : T extends string
    ? `${T}`
    : T extends number | boolean | null | undefined
      ? T
      : T extends readonly (infer Item)[]
        ? Written<Item>[]
        : { [Key in keyof T]?: Written<T[Key]> };

interface PrometheusSource {
  type: 'prometheus';
  uid: string;
}

/** A query as the Prometheus data source saves it; no package of Grafana's tells its type. */
interface Query {
  refId: string;
  expr: string;
  datasource?: PrometheusSource;
  editorMode?: 'builder' | 'code';
  exemplar?: boolean;
  format?: 'heatmap' | 'table' | 'time_series';
  hide?: boolean;
  instant?: boolean;
  interval?: string;
  intervalFactor?: number;
  legendFormat?: string;
  range?: boolean;
}

interface PostgreSQLSource {
  type: 'grafana-postgresql-datasource';
  uid: string;
}

/** A query as the PostgreSQL data source saves it, written as code; no package of Grafana's tells its type either. */
interface SqlQuery {
  refId: string;
  rawSql: string;
  rawQuery: true;
  format: 'table' | 'time_series';
  datasource: PostgreSQLSource;
  editorMode: 'code';
  hide?: boolean;
}

interface DataLink {
  title: string;
  url: string;
  oneClick?: boolean;
  targetBlank?: boolean;
}

// The generated enum lags behind the registry of @grafana/data, where these are, too
type LaterColorModes = 'gradient' | 'palette-colorblind' | `palette-categorical-next${'' | '-2' | '-3'}`;
type Color = Written<Omit<G.FieldColor, 'mode'>> & { mode: `${G.FieldColorModeId}` | LaterColorModes };
type Field = Written<Omit<G.FieldConfig, 'color' | 'custom' | 'links'>> & {
  color?: Color;
  fieldMinMax?: boolean;
  links?: DataLink[];
};

export type Panel<K extends keyof Panels> = Written<Omit<G.Panel, 'datasource' | 'fieldConfig' | 'options' | 'targets' | 'type'>> & {
  type: K;
  datasource?: PrometheusSource | PostgreSQLSource | { type: 'datasource'; uid: '-- Dashboard --' | '-- Mixed --' };
  fieldConfig?: {
    defaults: Field & { custom?: Written<Custom<K>> };
    overrides: { matcher: Written<G.MatcherConfig> & { id: string }; properties: { id: string; value?: unknown }[] }[];
  };
  options?: Written<Options<K>>;
  targets?: Query[] | SqlQuery[];
};

/** One property of an override, by its path. */
export type Override<K extends keyof Panels> = Field & {
  [Key in keyof Custom<K> as `custom.${Key & string}`]?: Written<Custom<K>[Key]>;
};

interface Sorting {
  field: string;
  desc?: boolean;
  index?: number;
}

/** Options of the transformations in use, as @grafana/data 13.2 has them: that package is too large for its types alone. */
interface Steps {
  calculateField: {
    alias?: string;
    binary?: { left: unknown; operator: string; right: unknown };
    mode?: 'binary' | 'cumulativeFunctions' | 'index' | 'reduceRow' | 'unary' | 'windowFunctions';
    reduce?: { include?: string[]; nullValueMode?: string; reducer: string };
    replaceFields?: boolean;
    timeSeries?: boolean;
  };
  joinByField: { byField: string; mode?: 'inner' | 'outer' | 'outerTabular' };
  organize: {
    excludeByName?: Record<string, boolean>;
    includeByName?: Record<string, boolean>;
    indexByName?: Record<string, number>;
    renameByName?: Record<string, string>;
  };
  reduce: {
    fields?: { id: string; options?: unknown };
    includeTimeField?: boolean;
    labelsToFields?: boolean;
    mode?: 'reduceFields' | 'seriesToRows';
    reducers: string[];
  };
  // Grafana itself writes the empty fields
  sortBy: { sort: Sorting[]; fields?: Record<string, never> };
}

export type Step<K extends string> = Omit<Written<G.DataTransformerConfig>, 'id' | 'options'> & {
  id: K;
  options: K extends keyof Steps ? Steps[K] : unknown;
};

export type Row = Written<Omit<G.RowPanel, 'panels' | 'type'>> & { type: 'row'; panels?: unknown[] };

type Source = PrometheusSource | { type: 'grafana'; uid: '-- Grafana --' };
export type Variable = Written<Omit<G.VariableModel, 'datasource'>> & {
  name: string;
  type: G.VariableType;
  datasource?: PrometheusSource | PostgreSQLSource;
  // Grafana saves the query's text a second time, for its list of variables
  definition?: string;
};

/** An annotation asked of Prometheus, or Grafana's own. */
export type Annotation = Written<Omit<G.AnnotationQuery, 'datasource' | 'target'>> & {
  name: string;
  datasource: Source;
  tagKeys?: string;
  target?: Omit<Query, 'refId'> & { refId?: string } | Written<G.AnnotationTarget>;
  textFormat?: string;
  titleFormat?: string;
  useValueForTime?: boolean | 'off' | 'on';
};

export type Dashboard = Written<Omit<G.Dashboard, 'annotations' | 'panels' | 'schemaVersion' | 'snapshot' | 'templating'>> & {
  schemaVersion: 42;
  title: string;
  uid: string;
  annotations?: { list: unknown[] };
  panels: unknown[];
  templating?: { list: unknown[] };
};
