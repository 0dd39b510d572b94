// Prints ids.json: the ids that Grafana's types leave as plain strings, from its own registries.
//
//   cd "$(mktemp -d)" && npm init -y && npm install --ignore-scripts --legacy-peer-deps @grafana/data@13.2.2 react@19.3.1 react-dom@19.3.1 rxjs@7.8.2
//   NODE_PATH=node_modules node .../grafana/checks/print-ids.cjs > .../grafana/checks/ids.json
//
// 140 MB that only a new version of Grafana asks for: that is why the list is committed.

// The package asks its reader's language at once, and Node has none
globalThis.navigator ??= { language: 'en-US', languages: ['en-US'] };

const data = require('@grafana/data');
const { version } = require('@grafana/schema/package.json');

const leaves = (entries) => entries.flatMap((entry) => (entry.submenu ? leaves(entry.submenu) : [entry.value]));
const ids = (registry) => registry.list().map(({ id }) => id);

console.log(
  JSON.stringify(
    {
      grafana: version,
      units: leaves(data.getValueFormats()),
      reducers: ids(data.fieldReducers),
      field_matchers: Object.values(data.FieldMatcherID),
      field_properties: Object.values(data.FieldConfigProperty),
      color_modes: ids(data.fieldColorModeRegistry),
      transformations: Object.values(data.DataTransformerID),
    },
    (_, value) => (Array.isArray(value) ? [...new Set(value)].sort() : value),
    1,
  ),
);
