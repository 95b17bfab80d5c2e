{{/* What RabbitMQ needs in a pod, standalone and by the operator: accounts from passwords. */}}

{{/* The init container that writes the accounts, without its security context. */}}
{{- define "sensor-streaming.rabbitmq.accounts" -}}
# Who may log in, and do what: loaded at each start.
- name: accounts
  image: {{ include "sensor-streaming.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [sensor-streaming-accounts]
  args: [--passwords, /run/passwords, rabbitmq, /run/accounts]
  resources: {{ toJson .Values.jobs.resources }}
  volumeMounts:
    - {name: passwords, mountPath: /run/passwords, readOnly: true}
    - {name: accounts, mountPath: /run/accounts}
{{- end }}

{{/* The volume with the passwords of RabbitMQ's accounts. */}}
{{- define "sensor-streaming.rabbitmq.passwords" -}}
- name: passwords
  secret:
    secretName: {{ include "sensor-streaming.accounts" . }}
    defaultMode: 0440
    items:
      {{- range list "control" "bridge" "ingest" "alarms" "operator" "web" "viewer" }}
      - {key: rabbitmq-{{ . }}, path: rabbitmq-{{ . }}}
      {{- end }}
{{- end }}
