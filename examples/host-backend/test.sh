#!/usr/bin/env bash
# Packs the job manager, installs the packed file in a copy of this example, and runs its tests there.
set -euo pipefail
cd "$(dirname "$0")"
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r package.json tsconfig.json src "$copy"
# What is packed was built already: by npm run build and npm run build:types.
packed=$(cd ../.. && npm pack --silent --ignore-scripts --pack-destination "$copy")
mv "$copy/$packed" "$copy/nest-job-manager.tgz"
cd "$copy"
npm install --prefer-offline --no-audit --no-fund
npm test
