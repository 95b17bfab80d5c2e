#!/bin/sh
# Write the schemas beside this file anew, from Grafana's TypeScript types: sh generate.sh [VERSION of @grafana/schema]
# Needs npm. A panel type that the dashboards begin to use belongs into the list below.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-save "@grafana/schema@${1:-12.4.11}" ts-json-schema-generator@2.4.0
types=$work/node_modules/@grafana/schema/dist/types
echo '{"compilerOptions": {"module": "nodenext", "target": "es2022", "skipLibCheck": true, "types": []}, "include": []}' > tsconfig.json

schema() {  # file, type, where to
    npx ts-json-schema-generator --tsconfig tsconfig.json --no-type-check --path "$1" --type "$2" --out "$here/$3.schema.json"
}

schema "$types/raw/dashboard/x/types.gen.d.ts" Dashboard dashboard
for panel in barchart geomap heatmap logs stat statetimeline table timeseries trend; do
    # the package's index names some types twice: the generated ones are meant
    sed "s#'@grafana/schema'#'$types/common/common.gen'#" "$types/raw/composable/$panel/panelcfg/x/types.gen.d.ts" > "$panel.ts"
    schema "$panel.ts" Options "$panel-options"
    if grep -q "FieldConfig " "$panel.ts"; then
        schema "$panel.ts" FieldConfig "$panel-field"
    fi
done
