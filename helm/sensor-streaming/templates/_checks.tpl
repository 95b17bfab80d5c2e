{{/* What the schema cannot say: values that contradict each other. Included by the first template that is rendered. */}}
{{- define "sensor-streaming.checks" -}}
{{- $partitions := int .Values.stream.partitions }}
{{- $scaling := .Values.ingest.measurements.autoscaling }}
{{- if gt (int .Values.bridge.replicas) (int .Values.bridge.accounts) }}
{{- fail (printf "bridge.replicas: %d bridges, and accounts for %d: raise bridge.accounts first" (int .Values.bridge.replicas) (int .Values.bridge.accounts)) }}
{{- end }}
{{- if gt (int .Values.ingest.measurements.replicas) $partitions }}
{{- fail (printf "ingest.measurements.replicas: %d replicas, and %d partitions to share: the others would do nothing" (int .Values.ingest.measurements.replicas) $partitions) }}
{{- end }}
{{- if ne $scaling.by "none" }}
{{- if gt (int $scaling.maxReplicas) $partitions }}
{{- fail (printf "ingest.measurements.autoscaling.maxReplicas: %d replicas, and %d partitions to share: the others would do nothing" (int $scaling.maxReplicas) $partitions) }}
{{- end }}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) }}
{{- fail "ingest.measurements.autoscaling: minReplicas is above maxReplicas" }}
{{- end }}
{{- end }}
{{- if gt (int .Values.alarms.replicas) $partitions }}
{{- fail (printf "alarms.replicas: %d replicas, and %d partitions to share: the others would do nothing" (int .Values.alarms.replicas) $partitions) }}
{{- end }}
{{- if not (or .Values.accounts.create .Values.accounts.existingSecret .Values.accounts.externalSecret.enabled) }}
{{- fail "accounts: create them, or name an existingSecret, or an externalSecret" }}
{{- end }}
{{- if and .Values.accounts.existingSecret .Values.accounts.externalSecret.enabled }}
{{- fail "accounts: an existingSecret or an externalSecret, not both" }}
{{- end }}
{{- if and (eq .Values.mosquitto.route.kind "TLSRoute") (not .Values.mosquitto.tls.enabled) }}
{{- fail "mosquitto.route.kind: a TLSRoute passes TLS on, so mosquitto.tls.enabled has to be true" }}
{{- end }}
{{- if and .Values.mosquitto.tls.enabled .Values.mosquitto.enabled (not .Values.mosquitto.tls.secretName) }}
{{- if not (and .Values.certificates.issuer .Values.mosquitto.tls.hosts) }}
{{- fail "mosquitto.tls: name its Secret, or certificates.issuer and mosquitto.tls.hosts, from which cert-manager makes it" }}
{{- end }}
{{- end }}
{{- if and .Values.web.ingress.enabled (not .Values.web.ingress.host) }}{{ fail "web.ingress.host: under which name?" }}{{ end }}
{{- if and .Values.web.route.enabled (not .Values.web.route.host) }}{{ fail "web.route.host: under which name?" }}{{ end }}
{{- if and .Values.alarms.machines.enabled (not (include "sensor-streaming.machines.secret" .)) (not .Values.alarms.existingSecret) }}
{{- fail "alarms.machines: without TLS controllers have to say a token: name the Secret with it in alarms.existingSecret, or certificates.machinesHosts and an issuer" }}
{{- end }}
{{- if and (eq .Values.database.mode "external") .Values.database.bootstrap (not .Values.database.superuser.secretName) }}
{{- fail "database.superuser.secretName: bootstrap logs in as a superuser; name the Secret with its password, or set database.bootstrap to false and make roles and extensions by hand" }}
{{- end }}
{{- end }}
