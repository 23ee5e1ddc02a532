#!/bin/sh
# Installs this peer into its folder, at the versions of package-lock.json.
set -eu
cd "$(dirname "$0")"
npm ci --ignore-scripts --no-audit --no-fund
