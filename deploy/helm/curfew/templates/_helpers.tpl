{{- define "curfew.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- /* The name of the objects. The longest suffix, -migrate-12345678, fits into the 63 characters of a name. */ -}}
{{- define "curfew.fullname" -}}
{{- $name := include "curfew.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- .Values.fullnameOverride | default $full | trunc 45 | trimSuffix "-" -}}
{{- end -}}

{{- /* The alerts and the dashboards expect the name `curfew`, whatever the release is called. */ -}}
{{- define "curfew.selector" -}}
app.kubernetes.io/name: curfew
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "curfew.conventions" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "curfew.labels" -}}
{{ include "curfew.selector" . }}
{{ include "curfew.conventions" . }}
{{- end -}}

{{- define "curfew.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary (include "curfew.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "curfew.image" -}}
{{- with .Values.image -}}
{{- .repository -}}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end -}}

{{- define "curfew.configMap" -}}
{{- .Values.existingConfigMap | default (printf "%s-config" (include "curfew.fullname" .)) -}}
{{- end -}}

{{- define "curfew.policiesConfigMap" -}}
{{- .Values.existingPoliciesConfigMap | default (printf "%s-policies" (include "curfew.fullname" .)) -}}
{{- end -}}

{{- /* curfew.yaml: what the pod needs, and over it what the values say. */ -}}
{{- define "curfew.config" -}}
{{- $config := dict
  "version" 1
  "policies" (list "./policies")
  "server" (dict "host" "0.0.0.0")
  "state" (dict "file" "/var/lib/curfew/state.json") -}}
{{- if .Values.replicas.enabled -}}
{{- $engine := dict "kind" "postgres" "url" (dict "env" "CURFEW_DATABASE_URL") -}}
{{- if .Values.replicas.caConfigMap -}}
{{- $_ := set $engine "tls" (dict "caFile" "/etc/curfew-database/global-bundle.pem") -}}
{{- end -}}
{{- $_ := set $config "engine" $engine -}}
{{- else -}}
{{- $_ := set $config "audit" (dict "file" "/var/lib/curfew/audit.jsonl") -}}
{{- end -}}
{{- toYaml (mergeOverwrite $config (deepCopy .Values.config)) -}}
{{- end -}}

{{- define "curfew.port" -}}
{{- dig "server" "port" 9464 .Values.config -}}
{{- end -}}

{{- define "curfew.isTls" -}}
{{- if dig "server" "tls" "" .Values.config }}true{{ end -}}
{{- end -}}

{{- define "curfew.probeScheme" -}}
{{- if include "curfew.isTls" . }}, scheme: HTTPS{{ end -}}
{{- end -}}

{{- define "curfew.databaseEgress" -}}
- to:
    {{- range .Values.replicas.network.blocks }}
    - ipBlock: { cidr: {{ .cidr | quote }}{{ with .except }}, except: {{ toJson . }}{{ end }} }
    {{- end }}
  ports: [{ port: {{ .Values.replicas.network.port }}, protocol: TCP }]
{{- end -}}

{{- define "curfew.dnsEgress" -}}
- to:
    - namespaceSelector:
        matchLabels: { kubernetes.io/metadata.name: kube-system }
    - ipBlock: { cidr: 169.254.20.10/32 }
  ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }]
{{- end -}}

{{- define "curfew.podSecurity" -}}
runAsNonRoot: true
{{- with .Values.user }}
runAsUser: {{ . }}
runAsGroup: {{ . }}
{{- end }}
{{- end -}}

{{- define "curfew.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{- /* Values that are valid one by one, and wrong together. */ -}}
{{- define "curfew.check" -}}
{{- $values := .Values -}}
{{- if and (not $values.existingConfigMap) (not $values.config.watch) -}}
{{- fail "config.watch is empty: name your endpoints, such as [{ region: eu-central-1, endpoints: [{ id: cvpn-endpoint-0123456789abcdef0, name: office }] }], or set existingConfigMap" -}}
{{- end -}}
{{- if and $values.existingConfigMap $values.config.watch -}}
{{- fail "config.watch and existingConfigMap are both set: write the endpoints into the ConfigMap, or leave out existingConfigMap" -}}
{{- end -}}
{{- if and (not $values.existingConfigMap) (not $values.policies) (not $values.existingPoliciesConfigMap) -}}
{{- fail "policies is empty: add a file, such as { daily.yaml: { version: 1, policies: [{ name: daily, kind: max-session-age, maxAge: 10h }] } }, or set existingPoliciesConfigMap" -}}
{{- end -}}
{{- if and $values.policies $values.existingPoliciesConfigMap -}}
{{- fail "policies and existingPoliciesConfigMap are both set: leave out one of them" -}}
{{- end -}}
{{- $kind := dig "engine" "kind" "" $values.config -}}
{{- if and (eq $kind "postgres") (not $values.replicas.enabled) -}}
{{- fail "config.engine.kind is postgres, but replicas.enabled is false: set replicas.enabled, which also adds the Secret and the Job" -}}
{{- end -}}
{{- if and (eq $kind "files") $values.replicas.enabled -}}
{{- fail "config.engine.kind is files, but replicas.enabled is true: several pods cannot share files. Leave out config.engine.kind" -}}
{{- end -}}
{{- range $values.env -}}
{{- if has .name (list "NODE_OPTIONS" "NODE_TLS_REJECT_UNAUTHORIZED") -}}
{{- fail (printf "env has %s: the image does not start while it is set. Leave it out" .name) -}}
{{- end -}}
{{- end -}}
{{- if le (mul $values.probes.startup.periodSeconds $values.probes.startup.failureThreshold) 60 -}}
{{- fail "probes.startup gives the pod 60 seconds or less: after a crash it waits up to 60 seconds for the lock of the audit file. Raise failureThreshold" -}}
{{- end -}}
{{- end -}}

{{- define "curfew.migratePod" -}}
metadata:
  labels:
    app.kubernetes.io/name: curfew-migrate
    app.kubernetes.io/instance: {{ .Release.Name }}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  terminationGracePeriodSeconds: 30
  securityContext:
    {{- include "curfew.podSecurity" . | nindent 4 }}
    seccompProfile: { type: RuntimeDefault }
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: migrate
      image: {{ include "curfew.image" . }}
      {{- if ne .Values.image.pullPolicy "IfNotPresent" }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      {{- end }}
      args: [engine, migrate, --config, /etc/curfew/curfew.yaml]
      env:
        - name: CURFEW_DATABASE_URL
          valueFrom:
            secretKeyRef: { name: {{ .Values.replicas.migrate.existingSecret }}, key: url }
      resources:
        requests: { cpu: 50m, memory: 128Mi }
        limits: { memory: 256Mi }
      securityContext:
        {{- include "curfew.containerSecurity" . | nindent 8 }}
      volumeMounts:
        - { name: config, mountPath: /etc/curfew, readOnly: true }
        {{- if or .Values.policies .Values.existingPoliciesConfigMap }}
        - { name: policies, mountPath: /etc/curfew/policies, readOnly: true }
        {{- end }}
        {{- if .Values.replicas.caConfigMap }}
        - { name: database-ca, mountPath: /etc/curfew-database, readOnly: true }
        {{- end }}
  volumes:
    - name: config
      configMap: { name: {{ include "curfew.configMap" . }} }
    {{- if or .Values.policies .Values.existingPoliciesConfigMap }}
    - name: policies
      configMap: { name: {{ include "curfew.policiesConfigMap" . }} }
    {{- end }}
    {{- if .Values.replicas.caConfigMap }}
    - name: database-ca
      configMap: { name: {{ .Values.replicas.caConfigMap }} }
    {{- end }}
{{- end -}}
