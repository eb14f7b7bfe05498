#!/bin/sh
# Puts a zip of `curfew connect-handler build` behind the alias `live` of the function, once the new version has let in
# the person of a request. Until then the endpoint asks the version before. deploy/iam/connect-handler-update.json has the
# permissions.
#
#   update.sh AWSClientVPN-curfew handler.zip break-glass.json
set -eu
export AWS_PAGER=

if [ $# -ne 3 ]; then
  echo "usage: $0 FUNCTION ZIP REQUEST" >&2
  exit 64
fi
function=$1
zip=$2
request=$3

alias_now=$(aws lambda get-alias --function-name "$function" --name live --query '[FunctionVersion,RevisionId]' --output text)
before=$(echo "$alias_now" | cut -f 1)
revision=$(echo "$alias_now" | cut -f 2)

code=$(aws lambda update-function-code --function-name "$function" --zip-file "fileb://$zip" --query CodeSha256 --output text)
aws lambda wait function-updated --function-name "$function"
# Fails if somebody else has put other code there meanwhile. The same code again is the same version.
version=$(aws lambda publish-version --function-name "$function" --code-sha256 "$code" --query Version --output text)
if [ "$version" = "$before" ]; then
  echo "$function: live has this code already, as version $version"
  exit 0
fi
aws lambda wait published-version-active --function-name "$function" --qualifier "$version"

# An answer in doubt lets the person in too: only the log line tells it from a decision.
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
log=$(aws lambda invoke --function-name "$function" --qualifier "$version" --payload "fileb://$request" \
  --log-type Tail --query LogResult --output text "$answer" | base64 -d)
if ! grep -q '"allow":true' "$answer" || ! echo "$log" | grep -q '"Decision":"allow"'; then
  echo "$function: version $version does not let in the person of $request. live stays at version $before. It answered:" >&2
  cat "$answer" >&2
  echo >&2
  echo "$log" >&2
  exit 1
fi

# Fails if somebody has moved the alias meanwhile.
aws lambda update-alias --function-name "$function" --name live --function-version "$version" --revision-id "$revision" \
  --query FunctionVersion --output text >/dev/null
echo "$function: live has moved from version $before to version $version. To go back:"
echo "aws lambda update-alias --function-name $function --name live --function-version $before"
