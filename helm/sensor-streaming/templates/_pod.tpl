{{/* One shape for the pod of every service and job. */}}

{{/* Of every container: what the restricted pod security standard wants, and no file that can be written. */}}
{{- define "sensor-streaming.container.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Of every pod; takes (list . uid). */}}
{{- define "sensor-streaming.pod.security" -}}
runAsNonRoot: true
runAsUser: {{ index . 1 }}
runAsGroup: {{ index . 1 }}
fsGroup: {{ index . 1 }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* Where it may run, how its replicas are spread, how long it may take to end; takes (list . "bridge"), and the least seconds for that as a third. */}}
{{- define "sensor-streaming.pod.placement" -}}
{{- $root := index . 0 -}}
{{- $grace := $root.Values.pods.terminationGracePeriodSeconds }}
{{- if gt (len .) 2 }}{{ $grace = max $grace (index . 2) }}{{ end -}}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ $grace }}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with $root.Values.pods.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $root.Values.pods.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with $root.Values.pods.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- with $root.Values.pods.spreadOver }}
topologySpreadConstraints:
  {{- range . }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector: {matchLabels: {{ include "sensor-streaming.selector" $ | fromYaml | toJson }}}
  {{- end }}
{{- end }}
{{- end }}

{{/* Metadata of a pod; takes (list . "bridge"), and further annotations as a third. */}}
{{- define "sensor-streaming.pod.metadata" -}}
{{- $root := index . 0 -}}
labels:
  {{- include "sensor-streaming.pod.labels" . | nindent 2 }}
  {{- with $root.Values.pods.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- $further := dict }}
{{- if gt (len .) 2 }}{{ $further = index . 2 }}{{ end }}
{{- with merge (dict) $further $root.Values.pods.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* How to reach the servers, as settings; takes (dict "root" . "needs" (list "mqtt" "rabbitmq" "database") "account" "ingest"). */}}
{{- define "sensor-streaming.servers" -}}
{{- if has "mqtt" .needs }}
STREAMING_MQTT_HOST: {{ include "sensor-streaming.mqtt.host" .root }}
STREAMING_MQTT_PORT: {{ include "sensor-streaming.mqtt.port" .root | quote }}
{{- end }}
{{- if has "rabbitmq" .needs }}
STREAMING_RABBITMQ_HOST: {{ include "sensor-streaming.rabbitmq.host" .root }}
STREAMING_RABBITMQ_AMQP_PORT: {{ include "sensor-streaming.rabbitmq.amqpPort" .root | quote }}
STREAMING_RABBITMQ_STREAM_PORT: {{ include "sensor-streaming.rabbitmq.streamPort" .root | quote }}
STREAMING_RABBITMQ_VIRTUAL_HOST: {{ if eq .root.Values.rabbitmq.mode "external" }}{{ .root.Values.rabbitmq.virtualHost | quote }}{{ else }}/{{ end }}
STREAMING_RABBITMQ_USERNAME: {{ .rabbitmq }}
{{- end }}
{{- if has "database" .needs }}
STREAMING_DATABASE_HOST: {{ include "sensor-streaming.database.host" .root }}
STREAMING_DATABASE_PORT: {{ include "sensor-streaming.database.port" .root | quote }}
STREAMING_DATABASE_NAME: {{ .root.Values.database.name }}
STREAMING_DATABASE_USERNAME: {{ .database }}
PGSSLMODE: {{ .root.Values.database.sslMode }}
{{- if hasPrefix "verify-" .root.Values.database.sslMode }}
PGSSLROOTCERT: /etc/streaming/database/ca.crt
{{- end }}
{{- end }}
{{- end }}

{{/* Whether a pod needs the authority of the database's certificate; takes (list . needs). */}}
{{- define "sensor-streaming.wants.ca" -}}
{{- if and (has "database" (index . 1)) (hasPrefix "verify-" (index . 0).Values.database.sslMode) }}yes{{ end }}
{{- end }}

{{/*
A variable for each setting; the later maps win. Takes (list map map …).
*/}}
{{- define "sensor-streaming.environment" -}}
{{- $all := dict }}
{{- range . }}{{ range $name, $value := . }}{{ $_ := set $all $name (include "sensor-streaming.scalar" $value) }}{{ end }}{{ end }}
{{- range $name, $value := $all }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{/*
The pod of a service. Takes a dict: root, component, values (resources, settings), command, args, needs (servers),
rabbitmq and database (accounts), settings (of this chart), secrets (key of the accounts' Secret → setting), and where
there are any: before (further variables), ports, volumes, mounts, sources (of secrets), secretsPath (within the secrets).
*/}}
{{- define "sensor-streaming.service" -}}
{{- $root := .root }}
{{- $ca := include "sensor-streaming.wants.ca" (list $root .needs) }}
{{- include "sensor-streaming.pod.placement" (list $root .component) }}
securityContext:
  {{- include "sensor-streaming.pod.security" (list $root 10001) | nindent 2 }}
containers:
  - name: {{ .component }}
    image: {{ include "sensor-streaming.image" $root }}
    imagePullPolicy: {{ $root.Values.image.pullPolicy }}
    command: {{ toJson .command }}
    {{- with .args }}
    args: {{ toJson . }}
    {{- end }}
    env:
      {{- with .before }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
      {{- $common := dict "STREAMING_LOG_LEVEL" $root.Values.logLevel "STREAMING_LOG_FORMAT" "json" "STREAMING_HEALTH_HOST" "0.0.0.0" "STREAMING_HEALTH_PORT" "9100" "STREAMING_SECRETS_DIR" "/run/secrets" }}
      {{- $servers := include "sensor-streaming.servers" . | fromYaml }}
      {{- include "sensor-streaming.environment" (list $common $servers (.settings | default dict) $root.Values.settings .values.settings) | nindent 6 }}
    ports:
      - {name: health, containerPort: 9100}
      {{- with .ports }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    startupProbe:
      httpGet: {path: /healthz, port: health}
      periodSeconds: 2
      failureThreshold: 60
    livenessProbe:
      httpGet: {path: /healthz, port: health}
      periodSeconds: 10
      timeoutSeconds: 5
      failureThreshold: 3
    readinessProbe:
      httpGet: {path: /readyz, port: health}
      periodSeconds: 5
      timeoutSeconds: 5
    resources: {{ toJson .values.resources }}
    securityContext:
      {{- include "sensor-streaming.container.security" $root | nindent 6 }}
    volumeMounts:
      - {name: tmp, mountPath: /tmp}
      - name: secrets
        mountPath: /run/secrets
        readOnly: true
        {{- with .secretsPath }}
        subPathExpr: {{ . }}
        {{- end }}
      {{- if $ca }}
      - {name: database-ca, mountPath: /etc/streaming/database, readOnly: true}
      {{- end }}
      {{- with .mounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  - {name: tmp, emptyDir: {}}
  - name: secrets
    projected:
      defaultMode: 0440
      sources:
        - secret:
            name: {{ include "sensor-streaming.accounts" $root }}
            items:
              {{- range .secrets }}
              - {key: {{ index . 0 }}, path: {{ index . 1 }}}
              {{- end }}
        {{- with .sources }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  {{- if $ca }}
  - name: database-ca
    secret:
      secretName: {{ required "database.caSecret: sslMode verify-… needs the authority" (include "sensor-streaming.database.ca" $root) }}
      items: [{key: ca.crt, path: ca.crt}]
      defaultMode: 0440
  {{- end }}
  {{- with .volumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
