{{/* What every pod of ours shares. */}}
{{- define "tickets.podSpec" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
automountServiceAccountToken: false
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
  - name: TICKETS_DATABASE_URL
    valueFrom:
      secretKeyRef:
        name: {{ required "existingSecret must name a Secret with TICKETS_DATABASE_URL and TICKETS_SECRET" .Values.existingSecret }}
        key: TICKETS_DATABASE_URL
  - name: TICKETS_SECRET
    valueFrom:
      secretKeyRef:
        name: {{ .Values.existingSecret }}
        key: TICKETS_SECRET
  - name: TICKETS_BROKER_URL
    valueFrom:
      secretKeyRef:
        name: {{ .Values.existingSecret }}
        key: TICKETS_BROKER_URL
        optional: true
  - name: TICKETS_DATA_DIR
    value: /var/lib/tickets
  {{- range $name, $value := .Values.settings }}
  - name: {{ $name }}
    value: {{ $value | quote }}
  {{- end }}
volumeMounts:
  - name: scratch
    mountPath: /var/lib/tickets
    subPath: data
  - name: scratch
    mountPath: /tmp
    subPath: tmp
{{- end -}}
