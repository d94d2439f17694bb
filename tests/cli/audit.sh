# SPDX-License-Identifier: GPL-3.0-or-later
# audit.sh - a stock server, judged by its files.
# world
root stock
try sallyport audit --root stock
try sallyport audit --root stock --all --step revoked,7
try sallyport audit --root stock --policy guide
try sallyport audit --root stock --color always --step banner
try sallyport audit --root stock --step banner --format json
sallyport audit --root stock --format json | /usr/bin/python3 -c '
import json, sys
audit = json.load(sys.stdin)
print(sorted(audit), sorted(audit["host"]), sorted(audit["summary"]))
for finding in audit["findings"]:
    print(finding["status"], finding["id"], sorted(set(finding) - {"id", "status"}))'
try sallyport audit --root stock -o report.txt
try cat report.txt
try sallyport audit --root stock -o /nowhere/report.txt
echo 'a file in the way' >full && try sallyport audit --root stock -o full/report.txt
