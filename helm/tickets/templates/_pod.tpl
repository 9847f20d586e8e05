{{/* What every pod of ours shares. */}}
{{- define "tickets.podSpec" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
volumes:
  - name: scratch
    emptyDir: {}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The one image, locked down, with its settings. The file system is read-only but for scratch. */}}
{{- define "tickets.containerSpec" -}}
image: {{ include "tickets.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
env:
  {{- $secret := required "existingSecret must name a Secret with TICKETS_DATABASE_URL" .Values.existingSecret }}
  {{- range $name := list "TICKETS_DATABASE_URL" "TICKETS_SECRET" "TICKETS_BROKER_URL" "TICKETS_SMTP_URL" "TICKETS_HEARTBEAT_URL" }}
  - name: {{ $name }}
    valueFrom:
      secretKeyRef:
        name: {{ $secret }}
        key: {{ $name }}
        optional: {{ ne $name "TICKETS_DATABASE_URL" }}
  {{- end }}
  - name: TICKETS_DATA_DIR
    value: /var/lib/tickets
  - name: TICKETS_HOST
    value: 0.0.0.0
  - name: TICKETS_PORT
    value: "8080"
  {{- if .Values.lmtp.enabled }}
  - name: TICKETS_LMTP
    value: 0.0.0.0:2424
  {{- end }}
  {{- with .Values.objectStore.url }}
  - name: TICKETS_OBJECT_STORE
    value: {{ . | quote }}
  {{- end }}
  {{- with .Values.objectStore.size }}
  - name: TICKETS_OBJECT_SIZE
    value: {{ . | quote }}
  {{- end }}
  {{- with .Values.keepEnvelopes }}
  - name: TICKETS_KEEP_ENVELOPES
    value: {{ . | quote }}
  {{- end }}
  {{- range $name, $value := .Values.settings }}
  - name: {{ $name }}
    value: {{ $value | quote }}
  {{- end }}
{{- with .Values.environmentSecrets }}
envFrom:
  {{- range . }}
  - secretRef:
      name: {{ . }}
  {{- end }}
{{- end }}
volumeMounts:
  - name: scratch
    mountPath: /var/lib/tickets
    subPath: data
  - name: scratch
    mountPath: /tmp
    subPath: tmp
{{- end -}}
