{{/* Names and labels: what a resource is called, how its pods are found. */}}

{{/* Short enough for what is added: pods of name-rabbitmq-server have a label with that name, a dash and ten characters. */}}
{{- define "sensor-streaming.fullname" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride }}
{{- else }}{{ contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) | trunc 36 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Of the pods of one component; takes (list . "bridge"). */}}
{{- define "sensor-streaming.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/*
Of pods; takes (list . "bridge"). Not the chart's version: Flux makes one of each revision of its source, and pods would start
anew for nothing.
*/}}
{{- define "sensor-streaming.pod.labels" -}}
{{- $root := index . 0 -}}
{{ include "sensor-streaming.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: sensor-streaming
{{- end }}

{{/* Of everything else; takes (list . "bridge"). */}}
{{- define "sensor-streaming.labels" -}}
{{- $root := index . 0 -}}
{{ include "sensor-streaming.pod.labels" . }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "sensor-streaming.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* A number as it was written: large ones would be 2e+09. */}}
{{- define "sensor-streaming.scalar" -}}
{{- if kindIs "float64" . }}{{ if eq (floor .) . }}{{ int64 . }}{{ else }}{{ . }}{{ end }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{/* A quantity of memory in bytes: "2Gi" is 2147483648. */}}
{{- define "sensor-streaming.bytes" -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 }}
{{- $text := include "sensor-streaming.scalar" . }}
{{- int64 (mulf (regexFind "^[0-9.]+" $text | float64) (get $units (regexFind "[a-zA-Z]*$" $text) | float64)) }}
{{- end }}

{{/* The Secret with the accounts' passwords. */}}
{{- define "sensor-streaming.accounts" -}}
{{ .Values.accounts.existingSecret | default (printf "%s-accounts" (include "sensor-streaming.fullname" .)) }}
{{- end }}

{{- define "sensor-streaming.mqtt.host" -}}
{{- if .Values.mosquitto.enabled }}{{ include "sensor-streaming.fullname" . }}-mosquitto{{ else }}{{ required "mosquitto.host: where is the broker, if not here?" .Values.mosquitto.host }}{{ end }}
{{- end }}

{{- define "sensor-streaming.mqtt.port" -}}
{{- if .Values.mosquitto.enabled }}1883{{ else }}{{ .Values.mosquitto.port }}{{ end }}
{{- end }}

{{- define "sensor-streaming.rabbitmq.host" -}}
{{- if eq .Values.rabbitmq.mode "external" }}{{ required "rabbitmq.host: where is it?" .Values.rabbitmq.host }}{{ else }}{{ include "sensor-streaming.fullname" . }}-rabbitmq{{ end }}
{{- end }}

{{- define "sensor-streaming.rabbitmq.amqpPort" -}}
{{- if eq .Values.rabbitmq.mode "external" }}{{ .Values.rabbitmq.amqpPort }}{{ else }}5672{{ end }}
{{- end }}

{{- define "sensor-streaming.rabbitmq.streamPort" -}}
{{- if eq .Values.rabbitmq.mode "external" }}{{ .Values.rabbitmq.streamPort }}{{ else }}5552{{ end }}
{{- end }}

{{/* The labels of RabbitMQ's pods, its own StatefulSet's or the operator's. */}}
{{- define "sensor-streaming.rabbitmq.selector" -}}
{{- if eq .Values.rabbitmq.mode "operator" -}}
app.kubernetes.io/name: {{ include "sensor-streaming.fullname" . }}-rabbitmq
app.kubernetes.io/component: rabbitmq
{{- else }}{{ include "sensor-streaming.selector" (list . "rabbitmq") }}{{ end }}
{{- end }}

{{/* The name of CloudNativePG's Cluster. */}}
{{- define "sensor-streaming.database.cluster" -}}
{{ include "sensor-streaming.fullname" . }}-database
{{- end }}

{{- define "sensor-streaming.database.host" -}}
{{- if eq .Values.database.mode "external" }}{{ required "database.host: where is it?" .Values.database.host }}{{ else }}{{ include "sensor-streaming.database.cluster" . }}-rw{{ end }}
{{- end }}

{{- define "sensor-streaming.database.port" -}}
{{- if eq .Values.database.mode "external" }}{{ .Values.database.port }}{{ else }}5432{{ end }}
{{- end }}

{{/* The Secret with the authority of the database's certificate, if there is one. */}}
{{- define "sensor-streaming.database.ca" -}}
{{- if .Values.database.caSecret }}{{ .Values.database.caSecret }}
{{- else if eq .Values.database.mode "cloudnativepg" }}{{ include "sensor-streaming.database.cluster" . }}-ca
{{- end }}
{{- end }}

{{/* The Secret with the certificate that machine controllers are shown, if there is one. */}}
{{- define "sensor-streaming.machines.secret" -}}
{{- if .Values.alarms.machines.tlsSecret }}{{ .Values.alarms.machines.tlsSecret }}
{{- else if and .Values.certificates.machinesHosts (or .Values.certificates.machinesIssuer .Values.certificates.issuer) }}{{ include "sensor-streaming.fullname" . }}-machines-tls
{{- end }}
{{- end }}

{{/* The Secret with Mosquitto's certificate. */}}
{{- define "sensor-streaming.mosquitto.secret" -}}
{{ .Values.mosquitto.tls.secretName | default (printf "%s-mosquitto-tls" (include "sensor-streaming.fullname" .)) }}
{{- end }}

{{/* How browsers reach the page. */}}
{{- define "sensor-streaming.web.url" -}}
{{- if .Values.web.publicUrl }}{{ .Values.web.publicUrl }}
{{- else if .Values.web.route.enabled }}https://{{ .Values.web.route.host }}
{{- else if .Values.web.ingress.enabled }}{{ if .Values.web.ingress.tlsSecret }}https{{ else }}http{{ end }}://{{ .Values.web.ingress.host }}
{{- end }}
{{- end }}
