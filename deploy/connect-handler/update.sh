#!/bin/sh
# Puts a zip of `curfew connect-handler build` behind the alias `live` of the function, once the new version has let in
# the person of each request, at each endpoint that asks the alias. Until then the endpoints ask the version before.
# deploy/iam/connect-handler-update.json has the permissions.
#
#   update.sh AWSClientVPN-curfew handler.zip break-glass.json employee.json
set -eu
export AWS_PAGER=

if [ $# -lt 3 ]; then
  echo "usage: $0 FUNCTION ZIP REQUEST..." >&2
  exit 64
fi
function=$1
zip=$2
shift 2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

alias_now=$(aws lambda get-alias --function-name "$function" --name live --query '[FunctionVersion,RevisionId]' --output text)
before=$(echo "$alias_now" | cut -f 1)
revision=$(echo "$alias_now" | cut -f 2)

# Policies may select endpoints, so that an answer at one endpoint says nothing of another.
endpoints=$(aws ec2 describe-client-vpn-endpoints --output text --query \
  "ClientVpnEndpoints[?ClientConnectOptions.Enabled && ends_with(ClientConnectOptions.LambdaFunctionArn, ':function:$function:live')].ClientVpnEndpointId")
if [ -z "$endpoints" ]; then
  echo "$function: no endpoint asks live yet. The new version is asked for the endpoint of each request only."
fi

code=$(aws lambda update-function-code --function-name "$function" --zip-file "fileb://$zip" --query CodeSha256 --output text)
aws lambda wait function-updated --function-name "$function"
# Fails if somebody else has put other code there meanwhile. The same code again is the same version.
version=$(aws lambda publish-version --function-name "$function" --code-sha256 "$code" --query Version --output text)
if [ "$version" = "$before" ]; then
  echo "$function: live has this code already, as version $version"
  exit 0
fi
aws lambda wait published-version-active --function-name "$function" --qualifier "$version"

refuse() {
  echo "$function: $*. live stays at version $before." >&2
  exit 1
}

# The answer alone does not show that the policies let the person in. Whoever is let in by the audit mode, by onError or
# because the request lacked a fact or a policy failed has the same answer. The line of the log tells them apart.
ask() {
  if ! aws lambda invoke --function-name "$function" --qualifier "$version" --payload "fileb://$work/request" \
    --log-type Tail --query LogResult --output text "$work/answer" >"$work/tail"; then
    refuse "version $version could not be asked"
  fi
  base64 -d <"$work/tail" >"$work/log"
  if ! grep -q '"allow":true' "$work/answer" ||
    ! grep '"Decision":"allow"' "$work/log" | grep '"OnErrors":0[,}]' | grep -q '"Unknown":0[,}]'; then
    cat "$work/answer" "$work/log" >&2
    echo >&2
    refuse "version $version does not let in the person of $1, or lacks a fact about them. Its answer and its log are above"
  fi
}

for request in "$@"; do
  if [ -z "$endpoints" ]; then
    cp "$request" "$work/request"
    ask "$request"
  fi
  for endpoint in $endpoints; do
    sed "s/\"endpoint-id\" *: *\"[^\"]*\"/\"endpoint-id\": \"$endpoint\"/" "$request" >"$work/request"
    grep -q "\"endpoint-id\": \"$endpoint\"" "$work/request" || refuse "$request has no \"endpoint-id\""
    ask "$request at $endpoint"
  done
done

# Fails if somebody has moved the alias meanwhile.
aws lambda update-alias --function-name "$function" --name live --function-version "$version" --revision-id "$revision" \
  --query FunctionVersion --output text >/dev/null
echo "$function: live has moved from version $before to version $version. To go back:"
echo "aws lambda update-alias --function-name $function --name live --function-version $before"
